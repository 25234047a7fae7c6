"""A small network that tells people from background."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.segmenter.network:Segmenter"),
    graphs=Lazy("stylex.models.segmenter.graphs:graphs"),
    recipe=Lazy("stylex.models.segmenter.recipe:SegmenterRecipe.from_request"),
)
