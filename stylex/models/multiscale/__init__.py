"""Style at several scales."""

from stylex.models.spec import Lazy, ModelSpec, Part, Published

ENCODER = Lazy("stylex.models.multiscale.microast:MicroEncoder")
PUBLISHED = Published(
    "MicroAST",
    (
        Part("content_encoder", ENCODER, word="content"),
        Part("style_encoder", ENCODER, word="style"),
        Part("modulator", Lazy("stylex.models.multiscale.microast:Modulator")),
        Part("MicroAST's decoder", Lazy("stylex.models.multiscale.microast:MicroDecoder")),
    ),
    Lazy("stylex.models.multiscale.microast:MicroAST"),
    trained_on=("vgg19:1_1", "vgg19:2_1", "vgg19:3_1", "vgg19:4_1", "vgg19:4_1 content"),
)
MODEL = ModelSpec(
    network=Lazy("stylex.models.multiscale.network:Multiscale"),
    traceables=Lazy("stylex.models.shared.graphs:traceables"),
    recipe=Lazy("stylex.models.multiscale.recipe:MultiscaleRecipe.from_request"),
    published=(PUBLISHED,),
)
