"""Inputs that people really have, and what must come of them: one module a family; `python benchmarks/cases` runs it."""
