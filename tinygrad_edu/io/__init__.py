"""Files: numbers of nets by name, as safetensors, .npz and PyTorch's .pt, and nets as ONNX. Knows no training loop."""

from .checkpoints import load, save
from .onnx import export_onnx

__all__ = ["export_onnx", "load", "save"]
