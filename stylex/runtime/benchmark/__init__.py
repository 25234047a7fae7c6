"""Measuring techniques: what ran, on what, how fast, how much like the exact picture, and what to take."""
