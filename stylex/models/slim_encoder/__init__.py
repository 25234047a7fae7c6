"""The slim encoder's training and weights; the network is in `stylex.models.encoders.slim`."""

from stylex.models.spec import Lazy, ModelSpec

MODEL = ModelSpec(
    network=Lazy("stylex.models.encoders.slim:SlimEncoder"),
    recipe=Lazy("stylex.models.slim_encoder.recipe:EncoderRecipe.from_request"),
)
