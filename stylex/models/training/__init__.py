"""Training: recipe, loop, data, losses, checkpoints."""
