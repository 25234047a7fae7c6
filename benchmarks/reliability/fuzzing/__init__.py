"""Readers of stylex under coverage-guided fuzzing: one module a reader, with `seeds` and `target`."""
