"""FP16 and INT8 as passes over an ONNX graph."""
