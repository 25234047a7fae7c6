"""The loss networks that networks which paint are trained with."""

from __future__ import annotations
