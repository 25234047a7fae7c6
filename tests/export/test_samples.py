"""Pictures of an export: how many, how large, and others to check with than to calibrate on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stylex.export.samples import Samples
from stylex.models.registry import embedded_models

FEW = Samples(calibrating=6, checking=5, fewest=2, most_pixels=6 * 64**2, side=64)


def test_photos_are_counted_by_purpose_and_differ() -> None:
    (upscaler,) = embedded_models("upscaler")[0].traceables(None)
    seen, checked = (FEW.photos(upscaler, None, check=check) for check in (False, True))
    assert (len(seen), len(checked)) == (6, 5)
    side = FEW.side + 2 * upscaler.spec.border
    assert {feed["content"].shape for feed in (*seen, *checked)} == {(1, 3, side, side)}
    assert not any(np.array_equal(one["content"], other["content"]) for one in seen for other in checked)
    again = FEW.photos(upscaler, None, check=False)
    assert all(np.array_equal(one["content"], other["content"]) for one, other in zip(seen, again, strict=True))
    other = replace(FEW, seed=1).photos(upscaler, None, check=False)
    assert not np.array_equal(seen[0]["content"], other[0]["content"])


def test_large_sizes_take_fewer_photos_and_never_too_few() -> None:
    for size, count in ((64, 6), (96, 2), (256, 2)):
        (upscaler,) = embedded_models("upscaler")[0].traceables(size)
        assert len(FEW.photos(upscaler, None, check=False)) == count


def test_graphs_that_paint_nothing_get_no_drawn_pictures() -> None:
    transfer, encoder = embedded_models("adain")[0].traceables(None)
    assert len(FEW.drawings(transfer)) > 3 and not FEW.drawings(encoder)
    for check in (False, True):
        assert len(FEW.flats(transfer, check=check)) > 3 and not FEW.flats(encoder, check=check)
