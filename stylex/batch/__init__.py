"""Many photos in one process or on many machines: where they go, what is done, and what failed."""
