"""`adain` with more channels and sites, for better pictures at two to three times its time."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.adain_l.network:large_adain"),
    traceables=Lazy("stylex.models.shared.graphs:traceables"),
    recipe=Lazy("stylex.models.adain_l.recipe:LargeAdaINRecipe.from_request"),
)
