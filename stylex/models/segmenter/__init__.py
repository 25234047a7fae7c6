"""A small network that tells people from background."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.segmenter.network:Segmenter"),
    traceables=Lazy("stylex.models.segmenter.graphs:traceables"),
    recipe=Lazy("stylex.models.segmenter.recipe:SegmenterRecipe.from_request"),
)
