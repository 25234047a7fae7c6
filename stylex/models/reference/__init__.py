"""The reference backend: techniques that run in torch directly, and the encoder that they need."""
