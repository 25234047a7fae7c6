"""From torch to checked ONNX files."""
