"""Networks in torch: the shared backbone, one folder a technique, losses and training."""
