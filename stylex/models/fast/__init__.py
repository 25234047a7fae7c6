"""One small network a style: Johnson et al. 2016, Ulyanov et al. 2016."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.fast.network:Fast"),
    graphs=Lazy("stylex.models.fast.graphs:graphs"),
    recipe=Lazy("stylex.models.fast.recipe:FastRecipe.from_request"),
    bake=Lazy("stylex.models.fast.recipe:FastRecipe.from_code"),
)
