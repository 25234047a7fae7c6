"""The reference backend: techniques that run in torch directly."""
