"""Model repositories for NVIDIA's Triton Inference Server: a photo's file in, the painted photo's file out."""
