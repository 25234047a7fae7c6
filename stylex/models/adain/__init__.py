"""AdaIN: arbitrary styles from one network (Huang and Belongie 2017)."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.adain.network:AdaIN"),
    graphs=Lazy("stylex.models.shared.graphs:graphs"),
    recipe=Lazy("stylex.models.adain.recipe:AdaINRecipe.from_request"),
)
