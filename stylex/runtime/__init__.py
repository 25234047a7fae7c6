"""What runs exported graphs: NumPy, OpenCV and ONNX Runtime, never torch."""
