"""Runs exported graphs with NumPy, OpenCV and ONNX Runtime, never torch."""
