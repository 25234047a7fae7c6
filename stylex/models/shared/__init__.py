"""Layers and graphs that the networks of several techniques share."""
