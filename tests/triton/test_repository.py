"""The repository: its files, its configuration by NVIDIA's own schema, and what is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import click.testing
import pytest

from stylex.artifacts.catalog import GRAPHS
from stylex.cli import main
from stylex.errors import InputError, UsageError
from stylex.triton.measurement import Measurement
from stylex.triton.repository import export_repository


def unmeasured(_photos: object) -> Measurement:
    raise AssertionError("it is refused before it is measured")


@pytest.fixture(scope="module")
def schema() -> Any:
    """Triton's ModelConfig, as tritonclient brings it; the rest of that package needs gRPC."""
    client = pytest.importorskip("tritonclient", reason="needs tritonclient: pip install 'stylex[test]'")
    file = Path(client.__path__[0]) / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("model_config_pb2", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parsed(schema: Any, folder: Path) -> Any:
    from google.protobuf import text_format

    return text_format.Parse((folder / "config.pbtxt").read_text(encoding="utf-8"), schema.ModelConfig())


def test_the_configuration_is_one_of_tritons(repository: Path, schema: Any) -> None:
    config = parsed(schema, repository / "adain")
    assert (config.name, config.backend, config.max_batch_size) == ("adain", "python", 4)
    assert [one.name for one in config.input if not one.optional] == ["photo"]
    assert {"style", "style_picture", "strength", "keep_colors", "size", "encoding"} < {i.name for i in config.input}
    assert all(list(one.dims) == [1] for one in (*config.input, *config.output))
    batching = config.dynamic_batching
    assert list(batching.preferred_batch_size) == [4]
    assert batching.max_queue_delay_microseconds == 175_000  # 0.3 s alone, 0.5 s / 4 in a batch
    policy = batching.default_queue_policy
    assert policy.timeout_action == schema.ModelQueuePolicy.REJECT and policy.allow_timeout_override
    assert (policy.default_timeout_microseconds, policy.max_queue_size) == (10_000_000, 80)
    assert config.instance_group[0].kind == schema.ModelInstanceGroup.KIND_CPU
    assert {k: v.string_value for k, v in config.parameters.items()}["precision"] == "int8"


def test_a_network_of_one_style_takes_none(repository: Path, schema: Any) -> None:
    config = parsed(schema, repository / "cyclegan-cartoon")
    assert not {"style", "style_picture"} & {one.name for one in config.input}
    assert config.parameters["network"].string_value == "cartoon"


def test_the_graphs_lie_beside_the_model(repository: Path) -> None:
    graphs = repository / "adain" / "1" / "graphs"
    assert {file.name for file in graphs.iterdir()} == {"adain-int8.onnx", "adain-style.onnx"}
    assert (graphs / "adain-int8.onnx").read_bytes() == (GRAPHS / "adain-int8.onnx").read_bytes()
    compile((repository / "adain" / "1" / "model.py").read_text(encoding="utf-8"), "model.py", "exec")


def test_each_network_is_a_model_of_its_own(tmp_path: Path) -> None:
    fixed = Measurement({1: 0.1}, 512, "", 1)
    written = export_repository(tmp_path, "cyclegan", graphs=GRAPHS, measure=lambda _: fixed)
    assert [one.folder.name for one in written] == ["cyclegan-cartoon", "cyclegan-painting"]


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gatys has no network to serve: take adain"):
        export_repository(tmp_path, "gatys", measure=unmeasured)
    with pytest.raises(UsageError, match="adain paints in any style"):
        export_repository(tmp_path, "adain", style="irises", measure=unmeasured)
    with pytest.raises(InputError, match="has no network of fast: export one there first"):
        export_repository(tmp_path, "fast", graphs=tmp_path, measure=unmeasured)
    with pytest.raises(UsageError, match=r"nobody.*composition-vii"):
        export_repository(tmp_path, "fast", style="nobody", measure=unmeasured)
    (tmp_path / "adain").mkdir()
    (tmp_path / "adain" / "config.pbtxt").write_text('name: "adain"', encoding="utf-8")
    with pytest.raises(InputError, match="holds something that stylex didn't write"):
        export_repository(tmp_path, measure=unmeasured)
    assert [file.name for file in (tmp_path / "adain").iterdir()] == ["config.pbtxt"]


def test_on_the_command_line(tmp_path: Path, schema: Any) -> None:
    """Measured for real, and written over what it wrote before."""
    call = ["export", "cyclegan", "--target", "triton", "--int8", "--style", "cartoon", "-o", str(tmp_path)]
    for options in ([], ["--json"]):
        done = click.testing.CliRunner().invoke(main, [*call, *options])
        assert done.exit_code == 0, done.output
        if not options:
            assert "photos/s in batches of" in done.stdout
            assert f"--model-repository={tmp_path.resolve()} (docs/triton.md)" in done.stdout
    (report,) = json.loads(done.stdout)
    config = parsed(schema, tmp_path / "cyclegan-cartoon")
    assert Path(report["folder"]) == tmp_path / "cyclegan-cartoon" and report["batch"] == config.max_batch_size
    assert report["queue_size"] == config.dynamic_batching.default_queue_policy.max_queue_size
    for more in (["--fp16"], ["--size", "512"], ["--weights", "x"], ["--onnxruntime-web", "x"]):
        assert click.testing.CliRunner().invoke(main, [*call, *more]).exit_code == 2
