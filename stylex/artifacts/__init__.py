"""Between export and runtime: the metadata of graphs, the names of their files, style codes; no torch."""
