"""The optimizer: Muon for matrices where a recipe asks for it, Adam for everything else.

Adam moves every weight of a wide convolution alike, so that a few steps silence a channel: in networks without
normalization it left nine of ten dead. Muon (Jordan et al. 2024) makes the step of a whole matrix orthogonal, and they
stay alive.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Optimizer:
    """Muon for the matrices of a network, Adam for its other parameters; those without gradients are left alone.

    A convolution is a matrix of (outputs, kernel x inputs).

    Args:
        network: in channels-last memory format, in which such a matrix is a view of the convolution's weights.
        rate: learning rate of both; Muon's steps are scaled to the size of Adam's.
        momentum: Adam's first decay rate.
        muon: whether there is Muon at all.

    Attributes:
        parts: both, or Adam alone, by name.
    """

    def __init__(self, network: nn.Module, rate: float, momentum: float, muon: bool = False) -> None:
        trained = [p for p in network.parameters() if p.requires_grad]
        self._weights = [p for p in trained if muon and p.ndim > 1]
        self._matrices = [nn.Parameter(_matrix(p.detach())) for p in self._weights]
        views = zip(self._matrices, self._weights, strict=True)
        assert all(matrix.data_ptr() == p.data_ptr() for matrix, p in views), "the network isn't in channels-last"
        vectors = [p for p in trained if not muon or p.ndim <= 1]
        self.parts: dict[str, torch.optim.Optimizer] = {}
        if vectors:
            self.parts["adam"] = torch.optim.Adam(vectors, rate, betas=(momentum, 0.99))
        if self._matrices:
            self.parts["muon"] = torch.optim.Muon(
                self._matrices, rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
            )

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the next steps."""
        for part in self.parts.values():
            for group in part.param_groups:
                group["lr"] = rate

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for part in self.parts.values():
            part.zero_grad(set_to_none=True)
        for weight in self._weights:
            weight.grad = None

    def step(self) -> None:
        """Moves the parameters by their gradients."""
        for matrix, weight in zip(self._matrices, self._weights, strict=True):
            matrix.grad = None if weight.grad is None else _matrix(weight.grad)
        for part in self.parts.values():
            part.step()

    def tensors(self) -> dict[str, Tensor]:
        """Returns what the steps so far left behind, by part, number of the parameter and name."""
        return {
            f"{part}.{number}.{name}": torch.as_tensor(value).contiguous()
            for part, optimizer in self.parts.items()
            for number, slots in optimizer.state_dict()["state"].items()
            for name, value in slots.items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Goes on from what `tensors` returned.

        Raises:
            ValueError: that was of other parts, or of parameters of other shapes, as where all were Adam's.
        """
        states: dict[str, dict[int, dict[str, Tensor]]] = {part: {} for part in self.parts}
        for full, tensor in tensors.items():
            part, number, name = full.split(".", 2)
            parameters = self.parts[part].param_groups[0]["params"] if part in self.parts else []
            if int(number) >= len(parameters) or tensor.shape not in (parameters[int(number)].shape, ()):
                raise ValueError(f"{full} is of another optimizer")
            states[part].setdefault(int(number), {})[name] = tensor
        for part, state in states.items():
            self.parts[part].load_state_dict({**self.parts[part].state_dict(), "state": state})


def _matrix(x: Tensor) -> Tensor:
    """Returns the weights of a convolution (O, I, H, W) or of a linear layer (O, I) as a matrix of O rows."""
    return x.permute(0, 2, 3, 1).flatten(1) if x.ndim == 4 else x
