"""Mutated files of every kind that stylex reads: each is read, or refused in one line, in good time."""
