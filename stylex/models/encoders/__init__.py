"""Networks that look at pictures: for losses, and for optimization."""
