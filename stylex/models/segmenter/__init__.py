"""A small network that tells people from background."""
