"""Style at several scales."""
