from __future__ import annotations

import io
import json
import math
import signal

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from stylex.errors import InputError, Interrupted, ModelError, ResourceError
from stylex.files import sha256_of
from stylex.models.training import loop
from stylex.models.training.checkpoints import CARD, CHECKPOINT, WEIGHTS, State, averaged
from stylex.models.training.loop import choose_device, train
from stylex.models.training.optimizer import Optimizer
from stylex.models.training.recipe import Recipe, Schedule

CPU = torch.device("cpu")
QUIET = Console(quiet=True)
SHORT = Schedule(steps=7, rate=0.01, warmup=2, sample_every=3)


class Darkens(Recipe):
    """Learns to halve the brightness of noise."""

    name = "darkens"
    not_exported = ("helper.",)

    def __init__(self, stop_at=None, width=4, fail_at=None):
        self.stop_at, self.width, self.fail_at = stop_at, width, fail_at
        self.calls = 0

    folders = ()

    def initial_network(self):
        network = nn.Sequential()
        network.add_module("body", nn.Conv2d(3, self.width, 3, padding=1))
        network.add_module("relu", nn.ReLU())
        network.add_module("tail", nn.Conv2d(self.width, 3, 3, padding=1))
        network.add_module("helper", nn.Conv2d(3, 3, 1))
        return network

    def step(self, rng, device):
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        x = torch.from_numpy(rng.random((2, 3, 12, 12), np.float32)).to(device)
        loss = (self.network(x) - x / 2).square().mean()
        if self.calls == self.fail_at:
            loss = loss * math.nan
        return loss, {"pixels": float(loss.detach())}

    def sample(self, network):
        assert not network.training
        return np.full((16, 24, 3), (200, 100, 0), np.uint8)

    def extras(self, network):
        return {"calibration.codes": torch.ones(2, 5)}

    def describe(self):
        return {"data": {"noise": {"folder": "noise", "pictures": 7, "skipped": 1}}}


class Described(Darkens):
    """Says of itself what it is given."""

    def __init__(self, **described):
        super().__init__()
        self.described = described

    def describe(self):
        return self.described


def run(folder, recipe=None, schedule=SHORT):
    return train(recipe or Darkens(), schedule, folder, CPU, QUIET)


def test_the_loss_falls(tmp_path):
    seen = []
    recipe = Darkens()
    step = recipe.step
    recipe.step = lambda rng, device: seen.append(step(rng, device)) or seen[-1]
    run(tmp_path, recipe, Schedule(steps=60, rate=0.02, warmup=5))
    losses = [parts["pixels"] for _, parts in seen]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(folder)
    return folder


def assert_same_run(folder, other):
    for name in (WEIGHTS, CHECKPOINT):
        a, b = load_file(folder / name), load_file(other / name)
        assert a.keys() == b.keys()
        for key in a:
            assert torch.equal(a[key], b[key]), key
    cards = [json.loads((f / CARD).read_text()) for f in (folder, other)]
    assert cards[0]["losses"] == cards[1]["losses"]


@pytest.mark.parametrize("stop_at", range(7))
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, uninterrupted, stop_at):
    with pytest.raises(Interrupted, match=f"stopped at step {stop_at}"):
        run(tmp_path, Darkens(stop_at))
    assert (tmp_path / CHECKPOINT).is_file() and not (tmp_path / WEIGHTS).exists()
    card = json.loads((tmp_path / CARD).read_text())
    assert card["steps"] == stop_at and card["weights_sha256"] is None
    run(tmp_path)
    assert_same_run(tmp_path, uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_an_update(number, tmp_path, uninterrupted):
    """The signal arrives while Adam is at work; the state that is saved is a whole one all the same."""
    calls = []

    def press(*_):
        calls.append(1)
        if len(calls) == 4:
            signal.raise_signal(number)

    usual = signal.signal(number, signal.default_int_handler)  # as the command line does it for all of them
    hook = register_optimizer_step_pre_hook(press)
    try:
        with pytest.raises(Interrupted, match="stopped at step 4"):
            run(tmp_path)
    finally:
        hook.remove()
        assert signal.signal(number, usual) is signal.default_int_handler
    run(tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_the_seed_decides_the_first_weights(tmp_path, uninterrupted):
    for name, seed in (("same", 0), ("other", 1)):
        torch.manual_seed(12345)
        run(tmp_path / name, schedule=Schedule(**{**SHORT.__dict__, "seed": seed}))
    assert_same_run(tmp_path / "same", uninterrupted)
    a, b = (load_file(f / WEIGHTS) for f in (tmp_path / "other", uninterrupted))
    assert not torch.equal(a["body.weight"], b["body.weight"])


def test_a_finished_run_is_finished_again(tmp_path, uninterrupted):
    (tmp_path / CHECKPOINT).write_bytes((uninterrupted / CHECKPOINT).read_bytes())
    recipe = Darkens()
    run(tmp_path, recipe)
    assert recipe.calls == 0
    assert_same_run(tmp_path, uninterrupted)


def test_a_checkpoint_of_another_network(tmp_path, uninterrupted):
    data = (uninterrupted / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(data)
    with pytest.raises(ModelError, match="doesn't fit this network"):
        run(tmp_path, Darkens(width=5))
    assert (tmp_path / CHECKPOINT).read_bytes() == data, "it is left as it was"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_checkpoint(tmp_path, uninterrupted, share):
    data = (uninterrupted / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelError, match="remove it or train into another folder"):
        run(tmp_path)


def test_a_foreign_safetensors_file_as_checkpoint(tmp_path):
    state = {f"network.{k}": v for k, v in Darkens().initial_network().state_dict().items()}
    save_file(state, tmp_path / CHECKPOINT)
    with pytest.raises(ModelError, match="doesn't fit"):
        run(tmp_path)


def test_the_card(uninterrupted):
    card = json.loads((uninterrupted / CARD).read_text())
    weights = load_file(uninterrupted / WEIGHTS)
    assert card["technique"] == "darkens"
    assert card["steps"] == 7
    assert card["seconds"] >= 0 and card["device"].startswith("CPU")
    assert card["losses"].keys() == {"pixels"}
    assert card["schedule"]["seed"] == 0 and card["schedule"]["rate"] == 0.01
    assert card["versions"].keys() == {"stylex", "torch", "python"}
    assert card["data"]["noise"] == {"folder": "noise", "pictures": 7, "skipped": 1}
    assert card["weights_sha256"] == sha256_of(uninterrupted / WEIGHTS)
    assert card["parameters"] == sum(t.numel() for n, t in weights.items() if not n.startswith("calibration."))


def test_weights_are_half_without_what_only_training_needs(uninterrupted):
    weights = load_file(uninterrupted / WEIGHTS)
    assert {t.dtype for t in weights.values()} == {torch.float16}
    assert weights.keys() == {"body.weight", "body.bias", "tail.weight", "tail.bias", "calibration.codes"}


def test_sample_sheets(uninterrupted):
    names = sorted(f.name for f in uninterrupted.glob("*.jpg"))
    assert names == ["samples-000003.jpg", "samples-000006.jpg", "samples.jpg"]
    sheet = cv2.imread(str(uninterrupted / "samples.jpg"), cv2.IMREAD_COLOR_RGB)
    assert sheet.shape == (16, 24, 3)
    np.testing.assert_allclose(sheet[8, 12], (200, 100, 0), atol=4)
    assert not list(uninterrupted.glob(".*")), "no temporary file is left"


def test_the_moving_average():
    recipe = Darkens()
    recipe.restart(99)
    optimizer = Optimizer(recipe.network, 0.01, 0.9)
    state = State(recipe.network, optimizer, {k: v.detach().clone() for k, v in recipe.network.state_dict().items()})
    schedule, weights = Schedule(steps=20, rate=0.01, warmup=1, ema=0.5), []
    for _ in range(3):
        loop._one_step(recipe, schedule, state, 0.0, CPU)
        weights.append(recipe.network.state_dict()["body.weight"].clone())
    want = weights[0]
    for step in (1, 2):
        want = want.lerp(weights[step], max(0.5, 10 / (step + 10)))
    torch.testing.assert_close(state.average["body.weight"], want)
    copy = averaged(recipe, state)
    assert torch.equal(copy.state_dict()["body.weight"], state.average["body.weight"])
    assert copy is not recipe.network and not copy.training


def test_a_loss_that_is_not_finite(tmp_path):
    with pytest.raises(ModelError, match="loss is nan at step 2"):
        run(tmp_path, Darkens(fail_at=3))


def test_checkpoints_are_written_meanwhile(tmp_path, monkeypatch):
    saved = []
    save = State.save
    monkeypatch.setattr(State, "save", lambda state, folder: (saved.append(state.step), save(state, folder)))
    run(tmp_path, schedule=Schedule(**{**SHORT.__dict__, "save_every": 0.0}))
    assert saved == [1, 2, 3, 4, 5, 6, 7, 7]


def test_an_output_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(InputError, match="can't be a folder"):
        run(tmp_path / "out")


def test_progress_counts_steps_or_minutes():
    assert Schedule(steps=100).progress(25, 1e9) == 0.25
    timed = Schedule(steps=100, minutes=2)
    assert timed.progress(10, 60) == 0.5
    assert timed.progress(90, 60) == 0.9
    assert timed.progress(10, 1e4) == 1.0


def test_the_rate_rises_and_falls():
    schedule = Schedule(rate=1.0, warmup=10)
    assert schedule.rate_at(0, 0.0) == pytest.approx(0.1)
    assert schedule.rate_at(9, 0.0) == pytest.approx(1.0)
    assert schedule.rate_at(500, 0.5) == pytest.approx(0.51)
    assert schedule.rate_at(500, 1.0) == pytest.approx(0.02)
    assert Schedule(rate=1.0, warmup=0).rate_at(0, 0.0) == pytest.approx(1.0)


def test_choose_device(monkeypatch):
    assert choose_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    with pytest.raises(ResourceError, match="or train on the CPU"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


def test_the_card_remembers_settings_of_before(tmp_path):
    for steps, weight in ((2, 1.0), (3, 1.0), (5, 2.0)):
        train(
            Described(settings={"weight": weight}),
            Schedule(steps=steps, warmup=1, sample_every=99),
            tmp_path,
            CPU,
            QUIET,
        )
        card = json.loads((tmp_path / CARD).read_text())
        assert ("history" in card) == (steps == 5)
    first, second = card["history"]
    assert first == {"from_step": 0, "settings": {"weight": 1.0}}
    assert second == {"from_step": 3, "settings": {"weight": 2.0}}


def test_a_run_of_another_style_is_not_resumed(tmp_path):
    train(Described(style={"name": "one"}), Schedule(steps=2, warmup=1, sample_every=99), tmp_path, CPU, QUIET)
    before = (tmp_path / CARD).read_bytes()
    with pytest.raises(ModelError, match=r'style \{"name": "one"\}, not \{"name": "two"\}: give the same'):
        train(Described(style={"name": "two"}), Schedule(steps=4, warmup=1, sample_every=99), tmp_path, CPU, QUIET)
    assert (tmp_path / CARD).read_bytes() == before


@pytest.mark.parametrize("again", [None, "other"])
def test_a_run_that_began_with_weights_goes_on_with_the_same_weights_only(tmp_path, again):
    schedule, longer = (Schedule(steps=steps, warmup=1, sample_every=99) for steps in (2, 4))
    for name in ("weights", "other"):
        (tmp_path / name).write_bytes(name.encode())

    def begun_with(name):
        recipe = Described()
        recipe.start = name and tmp_path / name
        return recipe

    train(begun_with("weights"), schedule, tmp_path, CPU, QUIET)
    with pytest.raises(ModelError, match=r'was trained with start "[0-9a-f]{64}", not .*: give the same start again'):
        train(begun_with(again), longer, tmp_path, CPU, QUIET)
    train(begun_with("weights"), longer, tmp_path, CPU, QUIET)


def test_a_checkpoint_of_before_says_less_of_itself_and_is_resumed(tmp_path):
    train(Described(), Schedule(steps=2, warmup=1, sample_every=99), tmp_path, CPU, QUIET)
    with safe_open(tmp_path / CHECKPOINT, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["subject"]) == {"technique": "darkens", "start": None}
    save_file(
        load_file(tmp_path / CHECKPOINT), tmp_path / CHECKPOINT, metadata | {"subject": '{"technique": "darkens"}'}
    )
    (tmp_path / "weights").write_bytes(b"x")
    recipe = Described()
    recipe.start = tmp_path / "weights"
    train(recipe, Schedule(steps=4, warmup=1, sample_every=99), tmp_path, CPU, QUIET)
    assert json.loads((tmp_path / CARD).read_text())["steps"] == 4


def test_a_finished_run_says_so_and_a_resume_what_it_does(tmp_path):
    def lines(schedule):
        console = Console(record=True, file=io.StringIO(), width=60)
        train(Darkens(), schedule, tmp_path, CPU, console)
        return console.export_text()

    run(tmp_path)
    before = (tmp_path / CHECKPOINT).read_bytes()
    assert lines(SHORT) == f"the run of 7 steps in {tmp_path} is finished; more steps go on with it\n"
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    longer = Schedule(**{**SHORT.__dict__, "steps": 8})
    assert lines(longer).startswith(f"resuming {tmp_path} at step 7, after 0 minutes; steps: 8\n")
