"""Unpaired translation between two kinds of pictures: Zhu et al. 2017."""

from stylex.models.spec import Lazy, ModelSpec, Part, Published

GENERATOR = Part(
    "ResnetGenerator",
    Lazy("stylex.models.cyclegan.resnet_generator:ResnetGenerator"),
    arguments=Lazy("stylex.models.cyclegan.resnet_generator:ResnetGenerator.arguments"),
)
MODEL = ModelSpec(
    network=Lazy("stylex.models.cyclegan.network:Generator"),
    traceables=Lazy("stylex.models.cyclegan.graphs:traceables"),
    recipe=Lazy("stylex.models.cyclegan.recipe:CycleGanRecipe.from_request"),
    published=(Published("CycleGAN", (GENERATOR,)),),
)
