"""Networks in torch: one folder a technique, and what they share: layers, training, encoders, checkpoints."""
