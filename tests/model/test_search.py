"""Greedy and beam search, and search within a lexicon."""

import itertools
from typing import cast

import pytest
import torch
from torch import Tensor

from crnn_seq2seq_ocr.config import ModelSettings
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.model.decoder import State, Step
from crnn_seq2seq_ocr.model.encoder import Memory
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.model.outputs import LIKELY
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.model.search import DecodeResult, beam_search, greedy, search
from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID, PAD_ID, Tokenizer
from tests.model.small import CLASSES, CONTENT, POSITION, all_views, make_images, make_recognizer

TOKENIZER = Tokenizer("abcdefgh")
A, B, C = 4, 5, 6
assert len(TOKENIZER) == CLASSES


class Chain:
    """A recogniser whose next token depends on the last one, by a table for each sample.

    A memory's only cell holds the number of its sample. Counts its steps.
    """

    def __init__(self, probabilities: Tensor) -> None:
        self.table = probabilities.log()  # (N, K, K)
        self.decoder = self
        self.steps = 0

    def keys(self, memory: Memory) -> Tensor:
        return memory.cells.new_empty(len(memory.cells), 0)

    def start(self, memory: Memory) -> State:
        return State(torch.zeros(len(memory.cells), 1), torch.zeros(len(memory.cells), 2, 1))

    def step(self, tokens: Tensor, state: State, memory: Memory, keys: Tensor) -> Step:
        hidden = state.hidden
        self.steps += 1
        samples = memory.cells[:, 0, 0].long()
        attention = torch.stack([hidden[:, 0], tokens.float()], 1)  # the step's number and what was fed
        return Step(self.table[samples, tokens], State(hidden + 1, state.coverage), attention)

    def memory(self) -> Memory:
        samples = len(self.table)
        return Memory(torch.arange(samples).float().view(samples, 1, 1), torch.ones(samples, 1).bool(), (1, 1, 1))

    def search(self, max_length: int, *, beam: int = 1, lexicon: Lexicon | None = None) -> DecodeResult:
        recognizer = cast(Recognizer, self)
        return search(recognizer, self.memory(), max_length=max_length, beam=beam, lexicon=lexicon)

    def score(self, sample: int, ids: list[int]) -> float:
        return sum(self.table[sample, a, b].item() for a, b in itertools.pairwise([BOS_ID, *ids]))


def chain(*samples: dict[int, dict[int, float]]) -> Chain:
    """A chain of given probabilities; what is left out shares the rest."""
    table = torch.zeros(len(samples), CLASSES, CLASSES)
    for number, rows in enumerate(samples):
        for last in range(CLASSES):
            given = rows.get(last, {EOS_ID: 0.9})
            table[number, last] = (1 - sum(given.values())) / (CLASSES - len(given))
            for token, probability in given.items():
                table[number, last, token] = probability
    return Chain(table)


def random_chain(samples: int) -> Chain:
    generator = torch.Generator().manual_seed(0)
    return Chain((2 * torch.randn(samples, CLASSES, CLASSES, generator=generator)).softmax(2))


AB = {BOS_ID: {A: 0.8}, A: {B: 0.7}, B: {EOS_ID: 0.6}}
LOOP = {BOS_ID: {A: 0.8}, A: {A: 0.9}}


class TestGreedy:
    def test_the_most_likely_token_until_the_end(self) -> None:
        found = chain(AB, {BOS_ID: {EOS_ID: 0.5}}).search(9)
        assert found.tokens.tolist() == [[A, B, EOS_ID], [EOS_ID, PAD_ID, PAD_ID]]
        assert found.lengths.tolist() == [3, 1]
        torch.testing.assert_close(found.log_probs.exp(), torch.tensor([[0.8, 0.7, 0.6], [0.5, 1.0, 1.0]]))
        assert found.attention[:, :, 1].tolist() == [[BOS_ID, A, B], [BOS_ID, 0, 0]]

    def test_the_likeliest_tokens_of_each_place(self) -> None:
        found = chain({BOS_ID: {A: 0.6, C: 0.3}, A: {EOS_ID: 0.7, B: 0.2}}, {BOS_ID: {EOS_ID: 0.5}}).search(9)
        assert found.likely.shape == found.likely_log_probs.shape == (2, 2, LIKELY)
        assert found.likely[0, :, :2].tolist() == [[A, C], [EOS_ID, B]]
        torch.testing.assert_close(found.likely_log_probs[0, :, :2].exp(), torch.tensor([[0.6, 0.3], [0.7, 0.2]]))
        assert not found.likely[1, 1].any()
        assert not found.likely_log_probs[1, 1].any()

    def test_it_stops_when_all_have_ended(self) -> None:
        network = chain(AB, {BOS_ID: {EOS_ID: 0.5}})
        network.search(62)
        assert network.steps == 3

    def test_a_text_without_end_is_cut(self) -> None:
        found = chain(LOOP, AB).search(5)
        assert found.tokens[0].tolist() == [A] * 6
        assert found.lengths.tolist() == [6, 3]

    def test_the_end_may_follow_the_last_character(self) -> None:
        assert chain(AB).search(2).tokens.tolist() == [[A, B, EOS_ID]]

    def test_special_tokens_may_be_chosen(self) -> None:
        network = chain({BOS_ID: {PAD_ID: 0.9}, PAD_ID: {BOS_ID: 0.9}, BOS_ID + 2: {}})
        assert network.search(3).tokens.tolist() == [[PAD_ID, BOS_ID, PAD_ID, BOS_ID]]


class TestBeam:
    def test_it_finds_what_greedy_misses(self) -> None:
        """A begins best, but B goes on better."""
        network = chain({BOS_ID: {A: 0.5, B: 0.4}, A: {C: 0.3}, B: {EOS_ID: 0.9}, C: {EOS_ID: 0.9}})
        assert network.search(5).tokens[0].tolist() == [A, C, EOS_ID]
        found = network.search(5, beam=2)
        assert found.tokens[0].tolist() == [B, EOS_ID]
        torch.testing.assert_close(found.log_probs[0].exp(), torch.tensor([0.4, 0.9]))
        assert found.attention[0].tolist() == [[0, BOS_ID], [1, B]]

    def test_a_wide_beam_finds_the_best_of_all(self) -> None:
        network = random_chain(3)
        found = network.search(3, beam=CLASSES**2)
        for sample in range(3):
            texts = [[*ids, EOS_ID] for n in range(4)
                     for ids in itertools.product([k for k in range(CLASSES) if k != EOS_ID], repeat=n)]  # fmt: skip
            cut = [list(ids) for ids in itertools.product([k for k in range(CLASSES) if k != EOS_ID], repeat=4)]
            best = max(texts + cut, key=lambda ids: network.score(sample, ids))
            assert found.tokens[sample, : found.lengths[sample]].tolist() == best
            assert found.log_probs[sample].sum().item() == pytest.approx(network.score(sample, best), abs=1e-4)

    def test_it_stops_when_the_best_have_ended(self) -> None:
        network = chain(AB, AB)
        network.search(62, beam=3)
        assert network.steps <= 4

    def test_a_beam_wider_than_the_classes(self) -> None:
        wide, narrow = (chain(AB).search(5, beam=beam).tokens for beam in (3 * CLASSES, 2))
        assert wide.tolist() == narrow.tolist()

    def test_texts_of_different_length_in_a_batch(self) -> None:
        network = chain(LOOP, AB, {BOS_ID: {EOS_ID: 0.9}})
        found = network.search(4, beam=3)
        assert found.lengths.tolist() == [5, 3, 1]
        assert found.tokens[1].tolist() == [A, B, EOS_ID, PAD_ID, PAD_ID]
        assert not found.log_probs[1, 3:].any()
        assert not found.attention[1, 3:].any()


def spelled(found: DecodeResult) -> list[str]:
    return [TOKENIZER.decode(row.tolist()) for row in found.tokens]


class TestLexicon:
    NAMES = ("abba", "ab", "cab", "bad", "hhhh", "dab", "decade")

    @pytest.mark.parametrize("beam", [1, 2, 5])
    def test_only_its_texts_are_found(self, beam: int) -> None:
        lexicon = Lexicon(self.NAMES, TOKENIZER)
        found = random_chain(20).search(8, beam=beam, lexicon=lexicon)
        assert set(spelled(found)) <= set(self.NAMES)
        assert len(set(spelled(found))) > 2

    def test_a_wide_beam_finds_its_best_text(self) -> None:
        network, lexicon = random_chain(20), Lexicon(self.NAMES, TOKENIZER)
        found = network.search(8, beam=20, lexicon=lexicon)
        for sample, text in enumerate(spelled(found)):
            scores = {name: network.score(sample, TOKENIZER.encode(name)) for name in self.NAMES}
            assert text == max(scores, key=scores.__getitem__)
            assert found.log_probs[sample].sum().item() == pytest.approx(scores[text], abs=1e-4)

    @pytest.mark.parametrize("beam", [1, 4])
    def test_texts_longer_than_max_length_are_not_begun(self, beam: int) -> None:
        lexicon = Lexicon(["aaaaa", "bbb", "aab"], TOKENIZER)
        found = chain(LOOP).search(3, beam=beam, lexicon=lexicon)
        assert spelled(found) == ["aab"]
        assert found.lengths.tolist() == [4]

    def test_no_text_is_short_enough(self) -> None:
        with pytest.raises(DataError, match=r"no text of .* has 2 characters or fewer \(the shortest has 3\)"):
            chain(LOOP).search(2, lexicon=Lexicon(["aaaa", "bbb"], TOKENIZER))

    def test_a_lexicon_of_the_greedy_text_changes_nothing(self) -> None:
        free = chain(AB).search(5)
        bound = chain(AB).search(5, lexicon=Lexicon(["ab", "c"], TOKENIZER))
        for part, other in zip(free[:4], bound[:4], strict=True):
            assert torch.equal(part, other)
        assert bound.likely[0, :, 0].tolist() == [A, B, EOS_ID]
        assert bound.likely_log_probs[0, 0, 2] == -torch.inf  # only an a or a c may begin


# Seeds whose networks do not repeat one token whatever the picture.
BOTH = pytest.mark.parametrize(("settings", "seed"), [(CONTENT, 1), (POSITION, 0)], ids=["content", "position"])


def make_memory(recognizer: Recognizer, samples: int = 6) -> Memory:
    images = make_images(samples)
    mask = all_views(images)
    mask[::2, 2] = False
    with torch.no_grad():
        return recognizer.encode(images, mask)


@BOTH
def test_a_beam_of_one_is_greedy(settings: ModelSettings, seed: int) -> None:
    recognizer = make_recognizer(settings, seed=seed)
    memory = make_memory(recognizer)
    first = greedy(recognizer, memory, max_length=8)
    second = beam_search(recognizer, memory, max_length=8, width=1)
    assert torch.equal(first.tokens, second.tokens)
    assert torch.equal(first.lengths, second.lengths)
    torch.testing.assert_close(first.log_probs, second.log_probs)
    torch.testing.assert_close(first.attention, second.attention)
    assert first.attention.shape == (6, first.tokens.shape[1], memory.cells.shape[1])
    assert len(set(map(tuple, first.tokens.tolist()))) > 1


@BOTH
def test_a_wider_beam_scores_no_less(settings: ModelSettings, seed: int) -> None:
    recognizer = make_recognizer(settings, seed=seed)
    memory = make_memory(recognizer)
    narrow, wide = (search(recognizer, memory, max_length=8, beam=beam).log_probs.sum(1) for beam in (1, 8))
    assert wide.mean() > narrow.mean() + 1e-3  # a single text may lose: its beginning can fall out of the beam


@BOTH
@pytest.mark.parametrize("beam", [1, 3])
def test_a_sample_gives_the_same_alone_and_in_a_batch(settings: ModelSettings, seed: int, beam: int) -> None:
    recognizer = make_recognizer(settings, seed=seed)
    memory = make_memory(recognizer)
    together = search(recognizer, memory, max_length=8, beam=beam)
    for number in range(6):
        one = Memory(memory.cells[number : number + 1], memory.mask[number : number + 1], memory.grid)
        alone = search(recognizer, one, max_length=8, beam=beam)
        length = int(alone.lengths[0])
        assert length == together.lengths[number]
        assert torch.equal(alone.tokens[0, :length], together.tokens[number, :length])
        torch.testing.assert_close(alone.attention[0, :length], together.attention[number, :length])


@BOTH
@pytest.mark.parametrize("beam", [1, 6])
@torch.no_grad()
def test_what_is_found_is_what_the_network_says_of_these_tokens(settings: ModelSettings, seed: int, beam: int) -> None:
    recognizer = make_recognizer(settings, seed=seed)
    memory = make_memory(recognizer)
    found = search(recognizer, memory, max_length=8, beam=beam)
    decoder = recognizer.decoder
    keys, state, last = decoder.keys(memory), decoder.start(memory), torch.full((6,), BOS_ID)
    for place in range(found.tokens.shape[1]):
        step = decoder.step(last, state, memory, keys)
        state, last = step.state, found.tokens[:, place]
        going = place < found.lengths
        log_probs = step.logits.log_softmax(1).gather(1, last[:, None]).squeeze(1)
        torch.testing.assert_close(found.log_probs[going, place], log_probs[going])
        torch.testing.assert_close(found.attention[going, place], step.attention[going])
        likely = step.logits.log_softmax(1).topk(LIKELY, 1)
        assert torch.equal(found.likely[going, place], likely.indices[going])
        torch.testing.assert_close(found.likely_log_probs[going, place], likely.values[going])


def test_missing_views_are_not_looked_at() -> None:
    recognizer = make_recognizer()
    memory = make_memory(recognizer)
    for beam in (1, 3):
        attention = search(recognizer, memory, max_length=8, beam=beam).attention.view(6, -1, 3, 16)
        assert not attention[::2, :, 2].any()
        assert attention[1::2, :, 2].any()


@BOTH
@pytest.mark.parametrize("beam", [1, 3])
def test_bf16(settings: ModelSettings, seed: int, beam: int) -> None:
    recognizer, images = make_recognizer(settings, seed=seed), make_images(2)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        memory = recognizer.encode(images, all_views(images))
        found = search(recognizer, memory, max_length=8, beam=beam, lexicon=None)
    assert found.log_probs.dtype == found.attention.dtype == torch.float32
    torch.testing.assert_close(found.attention.sum(2)[:, 0], torch.ones(2), atol=1e-2, rtol=0)


@pytest.mark.parametrize("beam", [1, 3])
def test_an_empty_batch(beam: int) -> None:
    recognizer = make_recognizer()
    found = search(recognizer, make_memory(recognizer, samples=0), max_length=3, beam=beam)
    assert found.tokens.shape[0] == found.lengths.shape[0] == 0


def test_searching_keeps_no_graph() -> None:
    recognizer = make_recognizer()
    found = search(recognizer, make_memory(recognizer), max_length=3)
    assert not found.log_probs.requires_grad
