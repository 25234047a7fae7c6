"""Style at several scales."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.multiscale.network:Multiscale"),
    graphs=Lazy("stylex.models.shared.graphs:graphs"),
    recipe=Lazy("stylex.models.multiscale.recipe:MultiscaleRecipe.from_request"),
)
