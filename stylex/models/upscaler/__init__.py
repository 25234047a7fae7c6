"""A picture at twice the size: Shi et al. 2016 (ESPCN), Du et al. 2021 (anchor-based plain net)."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.upscaler.network:Upscaler"),
    traceables=Lazy("stylex.models.upscaler.graphs:traceables"),
    recipe=Lazy("stylex.models.upscaler.recipe:UpscalerRecipe.from_request"),
)
