"""AdaIN: arbitrary styles from one network (Huang and Belongie 2017)."""

from stylex.models.spec import Lazy, ModelSpec, Part, Published

VGG = Part("vgg_normalised", Lazy("stylex.models.shared.vgg:normalized_vgg"))
DECODER = Part("decoder", Lazy("stylex.models.shared.vgg:mirrored_decoder"))
PUBLISHED = Published(
    "AdaIN",
    (VGG, DECODER),
    Lazy("stylex.models.adain.vgg_adain:VggAdaIN"),
    trained_on=("vgg19:1_1", "vgg19:2_1", "vgg19:3_1", "vgg19:4_1", "vgg19:4_1 content"),
)
MODEL = ModelSpec(
    network=Lazy("stylex.models.adain.network:AdaIN"),
    traceables=Lazy("stylex.models.shared.graphs:traceables"),
    recipe=Lazy("stylex.models.adain.recipe:AdaINRecipe.from_request"),
    published=(PUBLISHED,),
)
