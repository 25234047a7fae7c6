"""Attention between photo and style positions."""

from stylex.models.adain import DECODER, VGG
from stylex.models.spec import Lazy, ModelSpec, Part, Published

TRANSFORM = Part("transformer", Lazy("stylex.models.attention.sanet:Transform"))
PUBLISHED = Published(
    "SANet",
    (VGG, TRANSFORM, DECODER),
    Lazy("stylex.models.attention.sanet:SANet"),
    trained_on=(*(f"vgg19:{stage}_1" for stage in range(1, 6)), "vgg19:4_1 content", "vgg19:5_1 content"),
)
MODEL = ModelSpec(
    network=Lazy("stylex.models.attention.network:Attention"),
    traceables=Lazy("stylex.models.shared.graphs:traceables"),
    recipe=Lazy("stylex.models.attention.recipe:AttentionRecipe.from_request"),
    published=(PUBLISHED,),
)
