"""One small network a style: Johnson et al. 2016, Ulyanov et al. 2016."""

import functools

from stylex.models.spec import Lazy, ModelSpec, Part, Published

NETWORK = Lazy("stylex.models.fast.transformer_net:TransformerNet")
ARGUMENTS = Lazy("stylex.models.fast.transformer_net:TransformerNet.arguments")
TRANSFORMER_NET = Part("TransformerNet", NETWORK, arguments=ARGUMENTS)
LAYERS = ("vgg16:1_2", "vgg16:2_2", "vgg16:3_3", "vgg16:4_3", "vgg16:2_2 content")
EARLY = Part("early TransformerNet", functools.partial(NETWORK, early=True), arguments=ARGUMENTS)
MODEL = ModelSpec(
    network=Lazy("stylex.models.fast.network:Fast"),
    traceables=Lazy("stylex.models.fast.graphs:traceables"),
    recipe=Lazy("stylex.models.fast.recipe:FastRecipe.from_request"),
    bake=Lazy("stylex.models.fast.recipe:FastRecipe.from_code"),
    published=(
        Published("fast-neural-style", (TRANSFORMER_NET,), trained_on=LAYERS),
        Published("fast-neural-style as first published", (EARLY,), trained_on=LAYERS),
    ),
)
