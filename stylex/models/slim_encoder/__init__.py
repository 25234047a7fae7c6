"""The slim encoder's training and weights; the network is in `stylex.models.encoders.slim`."""
