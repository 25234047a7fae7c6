"""Attention between photo and style positions."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.attention.network:Attention"),
    graphs=Lazy("stylex.models.shared.graphs:graphs"),
    recipe=Lazy("stylex.models.attention.recipe:AttentionRecipe.from_request"),
)
