"""The return type of encoders."""

from __future__ import annotations

from torch import Tensor

Features = dict[str, Tensor]
"""Activations (B, C, H, W) by layer name, such as "4_1" for relu4_1."""
