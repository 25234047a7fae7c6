"""`config.pbtxt`: the text form of Triton's ModelConfig, filled from a measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from stylex._version import __version__
from stylex.triton.measurement import QUEUE_SECONDS, Measurement

MARK = "# Written by stylex"
"""First words of every configuration of ours."""


@dataclass(frozen=True)
class Tensor:
    """An input of a served network: one value for each photo.

    Attributes:
        name: of the input, and of the field of `PhotoRequest`.
        kind: Triton's data type.
        optional: whether a request may leave it out.
        for_any_style: only networks that paint in any style have it.
    """

    name: str
    kind: str
    optional: bool = True
    for_any_style: bool = False

    def __str__(self) -> str:
        """Returns it as a message in text form."""
        optional = " optional: true" if self.optional else ""
        return f'{{ name: "{self.name}" data_type: {self.kind} dims: [ 1 ]{optional} }}'


INPUTS = (
    Tensor("photo", "TYPE_STRING", optional=False),
    Tensor("style", "TYPE_STRING", for_any_style=True),
    Tensor("style_picture", "TYPE_STRING", for_any_style=True),
    Tensor("strength", "TYPE_FP32"),
    Tensor("keep_colors", "TYPE_BOOL"),
    Tensor("size", "TYPE_INT32"),
    Tensor("encoding", "TYPE_STRING"),
)
OUTPUT = Tensor("painted", "TYPE_STRING", optional=False)
"""Strings are bytes in Triton: the files of pictures, and names in UTF-8."""


def inputs_of(any_style: bool) -> list[Tensor]:
    """Returns the inputs of a network that paints in any style, or in one."""
    return [one for one in INPUTS if any_style or not one.for_any_style]


def config_text(name: str, measurement: Measurement, parameters: Mapping[str, str], any_style: bool) -> str:
    """Returns the configuration of one model.

    Args:
        name: of the model.
        measurement: of its network; batch, delay and queue follow from it.
        parameters: that the model is given when it is loaded.
        any_style: whether the network paints in any style.
    """
    m, times = measurement, "  ".join(f"{n}: {s:.4f} s" for n, s in measurement.seconds.items())
    inputs = ",\n  ".join(map(str, inputs_of(any_style)))
    pairs = "\n".join(
        f"parameters {{ key: {json.dumps(key)} value {{ string_value: {json.dumps(value)} }} }}"
        for key, value in parameters.items()
    )
    return f"""{MARK} {__version__}. Batches, delay and queue follow from what was measured where it was written:
# {m.ran}, {m.workers} photos at a time, {m.size}x{m.size} pixels from JPEG to JPEG, the fastest of each batch:
# {times}

name: "{name}"
backend: "python"
max_batch_size: {m.batch}

input [
  {inputs}
]
output [
  {OUTPUT}
]

instance_group [ {{ kind: KIND_CPU count: 1 }} ]

# A photo waits for others no longer than it gains in a full batch ({m.rate:.1f} photos/s in batches of {m.batch}).
# The queue holds what is painted in {QUEUE_SECONDS:g} s; what waited longer is refused.
dynamic_batching {{
  preferred_batch_size: [ {m.batch} ]
  max_queue_delay_microseconds: {round(m.queue_delay * 1e6)}
  default_queue_policy {{
    timeout_action: REJECT
    default_timeout_microseconds: {round(QUEUE_SECONDS * 1e6)}
    allow_timeout_override: true
    max_queue_size: {m.queue_size}
  }}
}}

{pairs}
"""
