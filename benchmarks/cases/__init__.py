"""Inputs that people really have, and what must come of it: one module a family; `python benchmarks/cases` runs it."""
