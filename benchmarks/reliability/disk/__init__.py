"""All or nothing on disk: verbs that are killed at any instant, or whose calls of the system fail."""
