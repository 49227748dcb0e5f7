"""What a step of training is made of."""

import itertools
from typing import Literal

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from crnn_seq2seq_ocr.config import LossSettings, OptimizerSettings, TeacherForcing, TrainingSettings
from crnn_seq2seq_ocr.errors import CrnnOcrError, DataError, DeviceError
from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID, PAD_ID
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.batches import Batch
from tests.conftest import MakeRecipe


def test_the_learning_rate_warms_up_and_decays() -> None:
    settings = OptimizerSettings(learning_rate=1.0, warmup=4, schedule="cosine")
    rates = [optimization.learning_rate(step, settings, 12) for step in range(12)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[8] == pytest.approx(0.5)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[4:]))
    constant = settings.model_copy(update={"schedule": "constant"})
    assert optimization.learning_rate(11, constant, 12) == 1.0


def test_teacher_forcing_falls_and_is_drawn_per_token_or_text() -> None:
    torch.manual_seed(0)
    settings = TeacherForcing(start=0.9, end=0.1)
    drawn = [optimization.forced_tokens((400, 25), settings, progress) for progress in (0, 0.5, 1)]
    shares = [forced.float().mean().item() for forced in drawn if forced is not None]
    assert shares == pytest.approx([0.9, 0.5, 0.1], abs=0.02)
    rows = optimization.forced_tokens((400, 25), TeacherForcing(start=0.5, end=0.5, per="sequence"), 0)
    assert rows is not None
    assert ((rows.sum(1) == 0) | (rows.sum(1) == 25)).all()
    assert rows[:, 0].float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert optimization.forced_tokens((2, 3), TeacherForcing(), 0.3) is None


def test_some_of_the_fed_tokens_are_wrong_but_never_the_first() -> None:
    torch.manual_seed(1)
    targets = torch.randint(4, 14, (50, 20))
    targets[:, -2], targets[:, -1] = EOS_ID, PAD_ID
    right = optimization.fed_tokens(targets, 0.0)
    assert right[:, 0].eq(BOS_ID).all()
    assert right[:, 1:].equal(targets[:, :-1])
    some = optimization.fed_tokens(targets, 0.4)
    assert some[:, 0].eq(BOS_ID).all()
    # A tenth of the characters drawn are the right ones.
    assert some.ne(right)[:, 1:].float().mean().item() == pytest.approx(0.4 * 0.9, abs=0.05)
    assert set(some[:, 1:-2].unique().tolist()) == set(range(4, 14))


def test_texts_without_characters_are_fed_as_they_are() -> None:
    targets = torch.tensor([[EOS_ID], [EOS_ID]])
    assert optimization.fed_tokens(targets, 0.5).tolist() == [[BOS_ID], [BOS_ID]]


def test_only_matrices_decay() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    decaying, other = optimization.make_optimizer(
        network, OptimizerSettings(weight_decay=0.1), device=torch.device("cpu")
    ).param_groups
    assert (decaying["weight_decay"], other["weight_decay"]) == (0.1, 0.0)
    assert [parameter.ndim for parameter in decaying["params"]] == [2]
    assert len(other["params"]) == 3


def test_each_step_and_process_draws_its_own_numbers() -> None:
    drawn = set()
    for arguments in [(1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0), (2**32 - 1, 10**8, 4000)]:
        optimization.seed_step(*arguments)
        drawn.add(torch.rand(()).item())
    assert len(drawn) == 5


class Processes:
    """Stands for an accelerator with other processes, whose numbers are added."""

    device = torch.device("cpu")
    num_processes = 2

    def __init__(self, others: list[float]) -> None:
        self.others = others

    def reduce(self, numbers: torch.Tensor, *, reduction: str) -> torch.Tensor:
        assert reduction == "sum"
        return numbers + torch.tensor(self.others)


def test_processes_agree_on_sums_and_errors() -> None:
    fine, failing = Processes([4.0, 1.0, 0.0]), Processes([4.0, 1.0, 1.0])
    assert optimization.agree(fine, [torch.tensor(2), 0.5]) == [6.0, 1.5]  # type: ignore[arg-type]
    mine = DataError("mine")
    with pytest.raises(DataError, match="mine"):
        optimization.agree(fine, [2.0, 0.5], mine)  # type: ignore[arg-type]
    with pytest.raises(CrnnOcrError, match="another process has failed"):
        optimization.agree(failing, [2.0, 0.5])  # type: ignore[arg-type]


@pytest.mark.parametrize(("amx", "avx512", "expected"), [(0, 0, "fp32"), (1, 0, "bf16"), (0, 1, "bf16")])
def test_auto_is_the_precision_that_the_processor_has(
    micro: MakeRecipe, monkeypatch: pytest.MonkeyPatch, amx: int, avx512: int, expected: str
) -> None:
    monkeypatch.setattr(optimization, "on_cpu", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: bool(amx))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bool(avx512))
    recipe = micro(training__precision="auto")
    assert optimization.with_precision(recipe).training.precision == expected
    assert optimization.with_precision(micro()).training.precision == "fp32"
    assert optimization.with_precision(micro(training__precision="bf16")).training.precision == "bf16"


@pytest.mark.skipif(torch.accelerator.is_available(), reason="needs a machine without accelerator")
def test_a_precision_that_the_device_lacks_is_told() -> None:
    with pytest.raises(DeviceError, match="fp16 cannot be used on the CPU: take bf16 or fp32"):
        optimization.make_accelerator(TrainingSettings(steps=1, precision="fp16"))


def test_another_precision_can_follow_in_the_same_process() -> None:
    precisions: list[Literal["fp32", "bf16"]] = ["fp32", "bf16", "fp32"]
    made = [optimization.make_accelerator(TrainingSettings(steps=1, precision=each)) for each in precisions]
    assert all(isinstance(each, Accelerator) and each.num_processes == 1 for each in made)
    assert [each.mixed_precision for each in made[-1:]] == ["no"]


@pytest.mark.parametrize(("padding", "expected"), [("masked", 7), ("counted", 4)])
def test_the_divisor_counts_tokens_or_samples(padding: Literal["masked", "counted"], expected: int) -> None:
    targets = torch.tensor([[4, 5, 2], [2, 0, 0]])
    batch = Batch(torch.zeros(2), torch.zeros(2), targets, [], [])
    other = Batch(torch.zeros(2), torch.zeros(2), targets[:, :2].clone(), [], [])
    settings = TrainingSettings(steps=1, loss=LossSettings(padding=padding))
    assert optimization.global_divisor([batch, other], settings) == expected
    assert optimization.global_divisor([], settings) == 0


def test_averages_begin_quickly_and_settle_at_their_decay() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = optimization.WeightAverage(network, 0.5)
    expected = None
    for step in range(12):
        nn.init.constant_(network.weight, step)
        average.update(network, finite=torch.tensor(True))
        decay = min(0.5, (1 + step) / (10 + step))
        expected = 0.0 if expected is None else decay * expected + (1 - decay) * step
        assert average.module.weight.item() == pytest.approx(expected)
    before = average.state_dict()["n_averaged"].item()
    average.update(network, finite=torch.tensor(False))
    assert average.module.weight.item() == pytest.approx(expected)
    assert average.state_dict()["n_averaged"].item() == before == 12


def test_frozen_norms_keep_their_statistics_and_still_learn() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).train()
    optimization.freeze_norms(network)
    network(torch.rand(4, 1, 3, 3)).sum().backward()
    assert (network[1].running_mean == 0).all()
    assert network[1].weight.grad is not None
    assert network[0].training
