"""ONNX Runtime: providers, sessions, and what the machine can do."""
