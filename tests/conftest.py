"""What several tests share: a photo, a painter, and tiny graphs that can be told what to say of themselves."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import hypothesis
import numpy as np
import onnx
import pytest
import skimage.data
from onnx import TensorProto, helper

import stylex
from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER, GraphMetadata, GraphSpec

hypothesis.settings.register_profile("stylex", deadline=None)  # a machine at work makes any time a chance
hypothesis.settings.load_profile("stylex")

TINY_CODE = 3
LONGEST = (
    "benchmarks/test_scripts.py",
    "export/test_pipeline.py",
    "export/test_published.py",
    "cli/commands/test_train.py",
    "reliability/test_mutants.py",
    "test_wheel.py",
    "test_adding_a_technique.py",
    "export/test_trace.py",
    "models/upscaler/test_upscaler.py",
    "reliability/test_overload.py",
)
"""Modules that take longest, in their order; they begin, so that no worker is left alone with one at the end."""
GraphMaker = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules that take longest first."""
    order = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A face, uint8 (96, 128, 3)."""
    pixels = np.ascontiguousarray(skimage.data.astronaut()[60:156, 160:288])
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="session")
def painting() -> np.ndarray:
    """Something with other colours, uint8 (100, 90, 3)."""
    return np.ascontiguousarray(skimage.data.coffee()[100:200, 200:290])


@pytest.fixture(scope="session")
def painter() -> stylex.Painter:
    """The embedded FP32 graph on one core."""
    return stylex.load("adain", "fp32", "cpu", threads=1)


def metadata_of(role: str, **changed: Any) -> GraphMetadata:
    """Metadata of a tiny graph; `changed` may name fields of its specification as well."""
    known: dict[str, Any] = {
        "technique": "adain",
        "tier": "edge",
        "precision": "fp32",
        "target": "cpu-x86",
        "opset": 18,
        "weights_sha256": "a" * 64,
    }
    names = {field.name for field in fields(GraphSpec)}
    sizes: dict[str, Any] = {"code_size": TINY_CODE, "multiple": 8, "smallest": 32, "border": 2}
    spec = GraphSpec(**{"role": role, **sizes, **{name: v for name, v in changed.items() if name in names}})
    return GraphMetadata(**{**known, **{name: v for name, v in changed.items() if name not in names}}, spec=spec)


def transfer_model() -> onnx.ModelProto:
    """A transfer graph that paints the photo as it is, plus what the first code says, weighted by the masks."""
    sizes = {"content": [1, 3, "h", "w"], "codes": ["k", TINY_CODE], "masks": ["k", 1, "r", "c"]}
    sizes |= {"frozen": [1, TINY_CODE], "freeze": [1]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in sizes.items()]
    outputs = [
        helper.make_tensor_value_info("painted", TensorProto.FLOAT, [1, 3, "x", "y"]),
        helper.make_tensor_value_info("statistics", TensorProto.FLOAT, [1, TINY_CODE]),
    ]
    ends = {"starts": [2, 2], "ends": [-2, -2], "axes": [2, 3]}
    constants = [helper.make_tensor(name, TensorProto.INT64, [2], values) for name, values in ends.items()]
    constants += [
        helper.make_tensor("mask_axes", TensorProto.INT64, [3], [1, 2, 3]),
        helper.make_tensor("channels", TensorProto.INT64, [4], [1, TINY_CODE, 1, 1]),
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
    ]
    nodes = [
        helper.make_node("Slice", ["content", "starts", "ends", "axes"], ["cropped"]),
        helper.make_node("ReduceMean", ["masks", "mask_axes"], ["shares"], keepdims=0),  # (K,)
        helper.make_node("MatMul", ["shares", "codes"], ["mixed"]),  # (D,)
        helper.make_node("Reshape", ["mixed", "channels"], ["shift"]),
        helper.make_node("Add", ["cropped", "shift"], ["painted"]),
        helper.make_node("Mul", ["frozen", "one"], ["statistics"]),
    ]
    return _model(nodes, inputs, outputs, constants)


def encoder_model() -> onnx.ModelProto:
    """A style encoder whose code is the mean colour."""
    inputs = [helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 3, "h", "w"])]
    outputs = [helper.make_tensor_value_info("code", TensorProto.FLOAT, [1, TINY_CODE])]
    axes = [helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])]
    return _model([helper.make_node("ReduceMean", ["style", "axes"], ["code"], keepdims=0)], inputs, outputs, axes)


def _model(nodes: Any, inputs: Any, outputs: Any, constants: Any) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def with_metadata(model: onnx.ModelProto, metadata: GraphMetadata) -> onnx.ModelProto:
    """The model with this metadata."""
    helper.set_model_props(model, metadata.to_props())
    return model


@pytest.fixture
def tiny_transfer(tmp_path: Path) -> GraphMaker:
    """Writes a tiny transfer graph: `tiny_transfer("adain-fp32.onnx", precision="fp32")`."""

    def make(name: str = "adain-fp32.onnx", **changed: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(
            with_metadata(transfer_model(), metadata_of(changed.pop("role", TRANSFER), **changed)).SerializeToString()
        )
        return path

    return make


@pytest.fixture
def tiny_encoder(tmp_path: Path) -> GraphMaker:
    """Writes a tiny style encoder."""

    def make(name: str = "adain-style.onnx", **changed: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(with_metadata(encoder_model(), metadata_of(STYLE_ENCODER, **changed)).SerializeToString())
        return path

    return make


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has kept on this machine must not change what is tested."""
    monkeypatch.setenv("STYLEX_CONFIG", str(tmp_path_factory.getbasetemp() / "settings" / secrets.token_hex(4)))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """Shells start background jobs with Ctrl-C ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """For tiny networks waiting for a second thread takes longer than computing; only who asks for it imports torch."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def seeded_parts(one_thread) -> Callable[[str], dict[str, Any]]:
    """State dictionaries of published checkpoints, by the name of the part, as if trained.

    He's initialization keeps features of the order of 1; what ends in a picture ends in one of fair contrast.
    """
    import torch
    from torch import nn

    from stylex.models.published.recognition import Architectures

    known = Architectures.of()

    def make(name: str, seed: int = 0, **arguments: Any) -> dict[str, Any]:
        part = next(p for p in known.parts if p.name == name)
        module, generator = part.network(**arguments), torch.Generator().manual_seed(seed)
        layers = [m for m in module.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
        for layer in layers:
            fan = layer.weight[0].numel()
            gain = 1.0 if layer.kernel_size == (1, 1) and layer.in_channels == layer.out_channels else 2.0
            layer.weight.data = torch.randn(layer.weight.shape, generator=generator) * (gain / fan) ** 0.5
            if layer.bias is not None:
                layer.bias.data = torch.randn(layer.bias.shape, generator=generator) * 0.1
        for name_in_module, layer in module.named_modules():
            if name_in_module.endswith((".f", ".g")):  # attention that doesn't jump from one position to another
                layer.weight.data *= 0.3
        if "Net" in name or "Generator" in name:  # trained ones hardly react to flat colour, which is normalized away
            layers[0].weight.data -= 0.95 * layers[0].weight.data.mean((1, 2, 3), keepdim=True)
        if layers[-1].out_channels == 3:
            peak = 255.0 if "TransformerNet" in name else 4.0 if "Resnet" in name else 1.0
            layers[-1].weight.data *= 0.15 * peak
            layers[-1].bias.data += 0.5 * peak if peak != 4 else 0
        return dict(module.state_dict())

    return make


@pytest.fixture(scope="session")
def published_files(tmp_path_factory: pytest.TempPathFactory, seeded_parts) -> Callable[[str], list[Path]]:
    """The files of a published architecture, written once: `published_files("AdaIN")`."""
    import torch

    from stylex.models.published.recognition import Architectures

    architectures = Architectures.of().techniques
    folder = tmp_path_factory.mktemp("published")

    def make(name: str) -> list[Path]:
        known = next(p for p in architectures if p.name == name)
        paths = [folder / f"{part.name.replace(' ', '_')}.pth" for part in known.parts]
        for part, path in zip(known.parts, paths, strict=True):
            if not path.exists():
                torch.save(seeded_parts(part.name), path)
        return paths

    return make


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """Writes a film of 64x48 with PyAV: a piece of a photo that moves by a pixel a frame.

    Args of what it gives: the file's name, the pictures or how many, their times in units of 1/240 s, whether it has
    sound, by how many degrees it is to be turned, codec and pixel format, and options of the container.
    """
    import av

    def make(
        name: str = "film.mp4",
        pictures: int | list[np.ndarray] = 8,
        times: list[int] | None = None,
        sound: bool = False,
        turn: int = 0,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        options: dict[str, str] | None = None,
        **context: Any,
    ) -> Path:
        path = tmp_path / name
        shots = moving(pictures) if isinstance(pictures, int) else pictures
        height, width = shots[0].shape[:2] if shots else (48, 64)
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream(codec, rate=24)
            stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
            stream.codec_context.time_base = stream.time_base = Fraction(1, 240)
            for key, value in ({"gop_size": 4} | context).items():
                setattr(stream.codec_context, key, value)
            if turn:
                stream.set_display_rotation(turn)
            audio = container.add_stream("aac", rate=44100, layout="mono") if sound else None
            for shot, time in zip(shots, times or range(0, 10 * len(shots), 10), strict=True):
                frame = av.VideoFrame.from_ndarray(shot, format="rgb24")
                frame.pts, frame.time_base = time, Fraction(1, 240)
                container.mux(stream.encode(frame))
            if audio is not None:
                for packet in tone(audio, len(shots) / 24):
                    container.mux(packet)
            container.mux(stream.encode(None))
        return path

    return make


def moving(count: int) -> list[np.ndarray]:
    """Frames of 64x48 that pan over a photo."""
    photo = skimage.data.astronaut()
    return [np.ascontiguousarray(photo[80:128, 100 + i : 164 + i]) for i in range(count)]


def tone(stream: Any, seconds: float) -> Iterator[Any]:
    """Packets of a tone that grows louder."""
    import av

    samples = (np.sin(np.arange(int(44100 * seconds)) / 20) * np.linspace(0, 0.5, int(44100 * seconds))).astype(
        np.float32
    )
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
        yield from stream.encode(frame)
    yield from stream.encode(None)


@pytest.fixture
def seeded() -> None:
    """Torch begins every test with the same random numbers."""
    import torch

    torch.manual_seed(0)


@pytest.fixture
def spec() -> Any:
    """The backbone of tiny networks."""
    from stylex.models.shared.backbone import BackboneSpec

    return BackboneSpec(quarter=8, eighth=16, blocks=1, fine_blocks=1)


def _layers(widths: tuple[int, ...], stages: tuple[int, ...], generator: Any) -> dict[str, Any]:
    import torch

    tensors, inputs = {}, 3
    for stage, (width, count) in enumerate(zip(widths, stages, strict=True), 1):
        for index in range(1, count + 1):
            scale = (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{stage}_{index}.weight"] = scale * torch.randn(width, inputs, 3, 3, generator=generator)
            tensors[f"conv{stage}_{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            inputs = width
    return tensors


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Loss networks of the right names and shapes, a few channels wide."""
    import torch
    from safetensors.torch import save_file

    from stylex.models.encoders.loss_networks import SLIM_FILE, VGG_FILE

    folder = tmp_path_factory.mktemp("lessons") / "teacher"
    folder.mkdir()
    generator = torch.Generator().manual_seed(1)
    vgg = _layers((4, 6, 8), (2, 2, 4), generator)
    save_file({**vgg, "mean": torch.tensor([0.48, 0.45, 0.4])}, folder / VGG_FILE)
    slim = _layers((4, 4, 6, 6, 6), (2, 2, 4, 4, 1), generator)
    for name, width in (("4_1", 9), ("5_1", 10)):
        slim[f"aux{name}.weight"] = torch.rand(width, 6, 1, 1, generator=generator)
        slim[f"aux{name}.bias"] = torch.zeros(width)
    first = {"conv0.weight": torch.eye(3)[:, :, None, None].clone(), "conv0.bias": torch.zeros(3)}
    save_file({**slim, **first}, folder / SLIM_FILE)
    return folder


@pytest.fixture(scope="session")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGG-16 in the names that torchvision publishes it in, a few channels wide."""
    import torch

    layers = _layers((4, 5, 6, 7, 8), (2, 2, 3, 3, 1), torch.Generator().manual_seed(4))
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24)
    names = [f"features.{place}.{part}" for place in places for part in ("weight", "bias")]
    path = tmp_path_factory.mktemp("published") / "vgg16-397923af.pth"
    torch.save(dict(zip(names, layers.values(), strict=True)), path)
    return path


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Makes a folder of crops of real photos."""

    def make(name: str, count: int) -> Path:
        folder = tmp_path_factory.mktemp(name)
        pictures = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()]
        rng = np.random.default_rng(len(name))
        for i in range(count):
            picture = pictures[i % len(pictures)]
            top, left = (int(rng.integers(0, side - 128)) for side in picture.shape[:2])
            crop = picture[top : top + 128, left : left + 120]
            cv2.imwrite(str(folder / f"{name}-{i:02d}.png"), cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
        return folder

    return make
