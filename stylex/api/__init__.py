"""The calls of the package's top level, above everything but the command line."""
