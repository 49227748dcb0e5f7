"""The network against what the original's own code gave on the same weights, pictures and tokens."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.mindspore.weights import import_state
from crnn_seq2seq_ocr.model.loss import loss_divisor, token_losses
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.search import greedy, search
from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID
from tests.model import original
from tests.model.original import FULL, SMALL, Array, Sizes

COUNTED = LossSettings(padding="counted")


@pytest.fixture(autouse=True, scope="module")
def _the_same_sums_everywhere() -> Iterator[None]:
    """Leave out oneDNN: its kernels sum in an order of each processor's own, and ties of pooling fall otherwise."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]  # a property of a module
    yield
    torch.backends.mkldnn.enabled = before


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in a fixed order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Case(NamedTuple):
    """A network with the reference weights, and what it must give."""

    sizes: Sizes
    reference: dict[str, Array]
    recognizer: Recognizer
    images: Tensor
    view_mask: Tensor


def make_recognizer(sizes: Sizes) -> Recognizer:
    imported = import_state(original.ascend_layout(sizes))
    recognizer = Recognizer(imported.model, imported.preprocessing, imported.classes)
    recognizer.load_state_dict(imported.state)
    return recognizer


def make_case(sizes: Sizes) -> Case:
    strips = torch.from_numpy(original.strips(sizes))  # (N, 3, H, V*W)
    images = torch.stack(strips.chunk(4, 3), 1)
    return Case(sizes, sizes.load(), make_recognizer(sizes), images, torch.ones(2, 4, dtype=torch.bool))


@pytest.fixture(
    scope="module", params=[SMALL, pytest.param(FULL, marks=pytest.mark.slow)], ids=lambda sizes: sizes.name
)
def evaluated(request: pytest.FixtureRequest) -> tuple[Case, Tensor]:
    """A case and its CNN features (N, C, T) in evaluation."""
    case = make_case(request.param)
    case.recognizer.eval()
    with torch.no_grad():
        views = [case.recognizer.encoder.convolutions(view).squeeze(2) for view in case.images.unbind(1)]
    return case, torch.cat(views, 1)


class Steps(NamedTuple):
    tokens: Tensor
    log_probs: Tensor
    attention: Tensor
    hidden: Tensor


@torch.no_grad()
def steps(case: Case, count: int, fed: Tensor | None = None) -> Steps:
    """Decoder steps with the given tokens (N, count), or each the most likely after the last; never stopping."""
    memory = case.recognizer.encode(case.images, case.view_mask)
    decoder = case.recognizer.decoder
    keys, state = decoder.keys(memory), decoder.start(memory)
    last = torch.full((2,), BOS_ID)
    found = []
    for place in range(count):
        last = last if fed is None else fed[:, place]
        step = decoder.step(last, state, memory, keys)
        state, last = step.state, step.logits.argmax(1)
        found.append(Steps(last, step.logits.log_softmax(1), step.attention, state.hidden))
    return Steps(*(torch.stack(part, 1) for part in zip(*found, strict=True)))


def slim(values: Tensor, reference: Array) -> Array:
    """The elements that the reference keeps: all, or every 37th."""
    whole = values.detach().numpy()
    return whole if whole.shape == reference.shape else whole.ravel()[::37]


def assert_near(values: Tensor, reference: Array, tolerance: float) -> None:
    np.testing.assert_allclose(slim(values, reference), reference, rtol=0, atol=tolerance)


class TestEvaluation:
    def test_pictures_are_the_references(self, evaluated: tuple[Case, Tensor]) -> None:
        strips = original.strips(evaluated[0].sizes)
        np.testing.assert_array_equal(strips.ravel()[::997], evaluated[0].reference["image_slice"])

    def test_weights_are_the_references(self, evaluated: tuple[Case, Tensor]) -> None:
        reference = evaluated[0].reference
        sums = {name: value.sum(dtype=np.float64) for name, value in original.parameters(evaluated[0].sizes).items()}
        wanted = dict(zip(reference["weight_names"].tolist(), reference["weight_sum"].tolist(), strict=True))
        assert sums == pytest.approx(wanted, rel=1e-9)

    def test_features(self, evaluated: tuple[Case, Tensor]) -> None:
        case, features = evaluated
        assert_near(features, case.reference["cnn"], 1e-5)

    def test_memory(self, evaluated: tuple[Case, Tensor]) -> None:
        case = evaluated[0]
        with torch.no_grad():
            memory = case.recognizer.encode(case.images, case.view_mask)
        assert_near(memory.cells.transpose(0, 1), case.reference["encoder"], 5e-5)
        assert memory.mask.all()
        assert memory.grid == (1, 1, case.sizes.length)

    def test_steps_with_given_tokens(self, evaluated: tuple[Case, Tensor]) -> None:
        case = evaluated[0]
        found = steps(case, 12, torch.from_numpy(original.fed_tokens(case.sizes)))
        assert_near(found.attention, case.reference["attention"], 1e-5)
        assert_near(found.hidden, case.reference["hidden"], 5e-5)
        assert_near(found.log_probs, case.reference["logp"], 3e-4)
        np.testing.assert_array_equal(found.tokens, case.reference["logp_argmax"])
        np.testing.assert_allclose(found.log_probs.amax(2), case.reference["logp_max"], rtol=0, atol=3e-4)

    def test_training_pass_feeds_the_same_tokens(self, evaluated: tuple[Case, Tensor]) -> None:
        case = evaluated[0]
        fed = torch.from_numpy(original.fed_tokens(case.sizes))
        with torch.no_grad():
            logits = case.recognizer(case.images, case.view_mask, fed).steps
        assert_near(logits.log_softmax(2), case.reference["logp"], 3e-4)

    def test_greedy_ids_of_all_steps(self, evaluated: tuple[Case, Tensor]) -> None:
        case = evaluated[0]
        found = steps(case, case.sizes.length)
        np.testing.assert_array_equal(found.tokens, case.reference["greedy"])
        np.testing.assert_allclose(found.log_probs.amax(2), case.reference["greedy_logp"], rtol=0, atol=3e-4)

    def test_search_finds_them_up_to_the_end(self, evaluated: tuple[Case, Tensor]) -> None:
        case = evaluated[0]
        with torch.no_grad():
            memory = case.recognizer.encode(case.images, case.view_mask)
        found = greedy(case.recognizer, memory, max_length=case.sizes.length - 1)
        for row, length, wanted in zip(found.tokens, found.lengths, case.reference["greedy"], strict=True):
            ends = np.flatnonzero(wanted == EOS_ID)
            assert length == (ends[0] + 1 if len(ends) else case.sizes.length)
            np.testing.assert_array_equal(row[:length], wanted[:length])
        through_the_door = search(case.recognizer, memory, max_length=case.sizes.length - 1)
        assert torch.equal(found.tokens, through_the_door.tokens)


class Pass(NamedTuple):
    """One forward in training without dropout: losses (N, L), the loss, most likely ids (N, L)."""

    losses: Tensor
    loss: Tensor
    tokens: Tensor


def forced_samples(name: str) -> Tensor:
    """Which of the two samples are fed the true tokens, by the reference's name of the run."""
    return torch.tensor({"tf1": [True, True], "tf0": [False, False], "mix": [True, False]}[name])


def train_pass(case: Case, run: str) -> Pass:
    wanted = torch.from_numpy(original.targets(case.sizes))
    inputs = torch.cat([torch.full((2, 1), BOS_ID), wanted[:, :-1]], 1)
    forced = forced_samples(run)[:, None].expand_as(inputs)
    logits = case.recognizer(case.images, case.view_mask, inputs, forced).steps
    losses = token_losses(logits, wanted, COUNTED)
    return Pass(losses, losses.sum() / loss_divisor(wanted, COUNTED), logits.argmax(2))


def without_dropout(case: Case) -> Case:
    for module in case.recognizer.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    case.recognizer.train()
    return case


def our_names(case: Case) -> dict[str, str]:
    """The original's parameter name to ours, found by their values."""
    ours = {tensor.numpy().tobytes(): name for name, tensor in make_recognizer(case.sizes).state_dict().items()}
    return {name: ours[value.tobytes()] for name, value in original.parameters(case.sizes).items()}


class Trained(NamedTuple):
    """A case after one forward and backward with all true tokens fed."""

    case: Case
    result: Pass
    gradients: dict[str, Tensor]
    statistics: dict[str, Tensor]


@pytest.fixture(
    scope="module", params=[SMALL, pytest.param(FULL, marks=pytest.mark.slow)], ids=lambda sizes: sizes.name
)
def trained(request: pytest.FixtureRequest) -> Trained:
    case = without_dropout(make_case(request.param))
    result = train_pass(case, "tf1")
    statistics = {name: buffer.clone() for name, buffer in case.recognizer.named_buffers()}
    return Trained(case, result, gradients(case, result), statistics)


def gradients(case: Case, result: Pass) -> dict[str, Tensor]:
    case.recognizer.zero_grad(set_to_none=True)
    result.loss.backward()
    return {name: value.grad for name, value in case.recognizer.named_parameters() if value.grad is not None}


def kept_of(values: Tensor) -> Array:
    """The elements, 64 at most, that the reference keeps of a gradient or a parameter."""
    return values.numpy().ravel()[:: math.ceil(values.numel() / 64)]


def assert_pass(result: Pass, case: Case, run: str) -> None:
    assert result.loss.item() == pytest.approx(float(case.reference[f"{run}_loss"]), rel=1e-5)
    assert_near(result.losses.T, case.reference[f"{run}_step_nll"], 5e-4)
    np.testing.assert_array_equal(result.tokens.T, case.reference[f"{run}_argmax"])


def assert_gradients(found: dict[str, Tensor], case: Case, run: str) -> None:
    names = our_names(case)
    assert len(found) == len(case.reference[f"{run}_grad_names"])
    for name, norm in zip(case.reference[f"{run}_grad_names"], case.reference[f"{run}_grad_l2"], strict=True):
        gradient = found[names[name]]
        assert gradient.double().norm().item() == pytest.approx(norm, rel=1e-3), name
        kept = case.reference.get(f"{run}_grad|{name}")
        if kept is not None:  # ties of ReLU and max pooling fall differently: elements agree less than norms
            assert np.linalg.norm(kept_of(gradient) - kept) <= 1e-2 * np.linalg.norm(kept), name


class TestTraining:
    def test_true_tokens_fed(self, trained: Trained) -> None:
        assert_pass(trained.result, trained.case, "tf1")

    def test_gradients(self, trained: Trained) -> None:
        assert_gradients(trained.gradients, trained.case, "tf1")

    def test_running_statistics_after_one_forward(self, trained: Trained) -> None:
        names, reference = our_names(trained.case), trained.case.reference
        kept = [key for key in reference if key.startswith("bn_after|")]
        assert len(kept) == 10
        for key in kept:
            ours = trained.statistics[names[key.removeprefix("bn_after|")]]
            np.testing.assert_allclose(ours, reference[key], rtol=0, atol=1e-6)

    @pytest.mark.parametrize("run", ["tf0", "mix"])
    def test_own_predictions_fed(self, trained: Trained, run: str) -> None:
        case = trained.case
        with torch.set_grad_enabled(case.sizes is SMALL):  # the gradients of the large one take long
            result = train_pass(case, run)
        assert_pass(result, case, run)
        if case.sizes is SMALL:
            assert_gradients(gradients(case, result), case, run)

    def test_adam(self) -> None:
        """The first step exactly; later losses are chaotic and compared loosely."""
        case = without_dropout(make_case(SMALL))
        optimizer = torch.optim.AdamW(case.recognizer.parameters(), lr=8e-4, betas=(0.5, 0.999), weight_decay=0.0)
        found = []
        for number in range(3):
            result = train_pass(case, "tf1")
            found.append(result.loss.item())
            gradients(case, result)
            # MindSpore adds epsilon before the second moment is corrected, Torch after.
            optimizer.param_groups[0]["eps"] = 1e-8 / math.sqrt(1 - 0.999 ** (number + 1))
            optimizer.step()
            if number == 0:
                assert_first_step(case)
        wanted = case.reference["adam_losses"].tolist()
        assert found[0] == pytest.approx(wanted[0], rel=1e-5)
        assert found == pytest.approx(wanted, rel=0.05)


def assert_first_step(case: Case) -> None:
    """Each element moves by about the learning rate; where a gradient is nearly 0 its sign is chance."""
    names, state = our_names(case), case.recognizer.state_dict()
    kept = {key.removeprefix("adam_step1|"): value for key, value in case.reference.items() if "adam_step1|" in key}
    assert len(kept) == 21
    differences = np.concatenate([np.abs(kept_of(state[names[name]]) - kept[name]) for name in kept])
    assert differences.max() <= 2 * 8e-4 + 1e-6
    assert (differences > 1e-6).mean() < 0.01
