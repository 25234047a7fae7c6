"""`adain` at less than half its time: arbitrary styles from a network that was pruned and distilled."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.adain_s.network:small_adain"),
    traceables=Lazy("stylex.models.shared.graphs:traceables"),
    recipe=Lazy("stylex.models.adain_s.recipe:SmallAdaINRecipe.from_request"),
)
