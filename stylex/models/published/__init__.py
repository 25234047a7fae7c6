"""Checkpoints of published networks: read safely, recognized by their parameters."""
