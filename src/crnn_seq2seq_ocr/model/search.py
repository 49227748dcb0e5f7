"""From memory to tokens: greedy search, beam search, and search within a lexicon.

N batch, T memory cells, D width of the model, K tokens, L length found, W width of the beam,
A tokens told of each place.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from crnn_seq2seq_ocr.model.constraint import Constraint, check_length
from crnn_seq2seq_ocr.model.encoder import Memory
from crnn_seq2seq_ocr.model.outputs import LIKELY
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import BOS_ID, EOS_ID, PAD_ID


class DecodeResult(NamedTuple):
    """What a search found.

    Attributes:
        tokens: (N, L) int64, padding after the end.
        log_probs: (N, L) float32 of each token under the network, 0 after the end.
        lengths: (N,) int64, tokens with the end; L where a text was cut before its end.
        attention: (N, L, T) weights when each token was chosen, 0 after the end.
        likely: (N, L, A) int64, the tokens that were likeliest there (in a lexicon: of those allowed), padding
            after the end.
        likely_log_probs: (N, L, A) float32 of these, falling, 0 after the end.
        allowed: (N, L) float32, log of the probability that the network gave to all tokens which the lexicon allowed
            there, 0 after the end; None without a lexicon.
    """

    tokens: Tensor
    log_probs: Tensor
    lengths: Tensor
    attention: Tensor
    likely: Tensor
    likely_log_probs: Tensor
    allowed: Tensor | None = None


class _Choice(NamedTuple):
    """One step of a beam: the rows (N, W) it comes from, its tokens and their log-probabilities (N, W)."""

    parents: Tensor
    tokens: Tensor
    log_probs: Tensor
    attention: Tensor  # (N*W, T) of the parents
    likely: Tensor  # (N*W, A) of the parents
    likely_log_probs: Tensor
    allowed: Tensor | None  # (N*W,) of the parents


def search(
    recognizer: Recognizer, memory: Memory, *, max_length: int, beam: int = 1, lexicon: Constraint | None = None
) -> DecodeResult:
    """Decode the text of each memory: greedy for a beam of 1 without lexicon, else `beam_search`."""
    if beam == 1 and lexicon is None:
        return greedy(recognizer, memory, max_length=max_length)
    return beam_search(recognizer, memory, max_length=max_length, width=beam, lexicon=lexicon)


@torch.no_grad()
def greedy(recognizer: Recognizer, memory: Memory, *, max_length: int) -> DecodeResult:
    """Take the most likely token at each step, until all texts have ended.

    Any of the K ids may be chosen, special and unassigned ones too, as in the original; they decode to
    nothing. At most max_length + 1 steps are made, so that the end can follow max_length characters; a
    text that has not ended then is cut.
    """
    decoder = recognizer.decoder
    keys = decoder.keys(memory)
    state = decoder.start(memory)
    last = torch.full(state.hidden.shape[:1], BOS_ID, device=state.hidden.device)
    ended = torch.zeros_like(last, dtype=torch.bool)
    attention, likely, likely_log_probs = [], [], []
    for _ in range(max_length + 1):
        step = decoder.step(last, state, memory, keys)
        state = step.state
        log_probs, tokens = likeliest(step.logits.log_softmax(1))
        last = tokens[:, 0]
        attention.append(step.attention)
        likely.append(tokens)
        likely_log_probs.append(log_probs)
        ended = ended | (last == EOS_ID)
        if ended.all():
            break
    ids, log_probs = torch.stack(likely, 1), torch.stack(likely_log_probs, 1)
    return decode_result(ids[:, :, 0], log_probs[:, :, 0], torch.stack(attention, 1), ids, log_probs)


@torch.no_grad()
def beam_search(
    recognizer: Recognizer, memory: Memory, *, max_length: int, width: int, lexicon: Constraint | None = None
) -> DecodeResult:
    """Follow the best of the W beginnings kept at each step.

    The score of a text is the sum of its tokens' log-probabilities, the end's too, without a bonus for
    length. Ended texts stay in the beam with their score. As scores only fall, the search is over when
    the best of the beam has ended, for every sample.

    Args:
        recognizer: The network.
        memory: What its encoder made.
        max_length: Most characters; the end may follow them. Without a lexicon a text that has not
            ended then is cut, as in `greedy`.
        width: W, how many beginnings are kept. 1 without a lexicon gives what `greedy` gives.
        lexicon: Only its texts of at most max_length characters can be found. Log-probabilities stay the
            network's own, they are not raised to sum to 1 over the lexicon.

    Raises:
        DataError: No text of the lexicon is as short as max_length.
    """
    if lexicon is not None:
        check_length(lexicon, max_length)
    decoder = recognizer.decoder
    keys = decoder.keys(memory).repeat_interleave(width, 0)
    memory = Memory(memory.cells.repeat_interleave(width, 0), memory.mask.repeat_interleave(width, 0), memory.grid)
    state = decoder.start(memory)  # of N*W rows
    last = torch.full(state.hidden.shape[:1], BOS_ID, device=state.hidden.device)  # (N*W,)
    within = None if lexicon is None else lexicon.start(len(last))  # where each row is in the lexicon
    ended = torch.zeros_like(last, dtype=torch.bool)
    scores = state.hidden.new_zeros(len(last) // width, width)
    scores[:, 1:] = -torch.inf  # all rows of a sample begin equal: one is enough
    first_rows = torch.arange(0, len(last), width, device=last.device)[:, None]  # (N, 1)
    choices: list[_Choice] = []
    for place in range(max_length + 1):
        step = decoder.step(last, state, memory, keys)
        log_probs = step.logits.log_softmax(1)  # (N*W, K)
        mass = None
        if lexicon is not None and within is not None:
            forbidden = ~torch.from_numpy(lexicon.allowed(within, max_length - place)).to(last.device)
            log_probs = log_probs.masked_fill(forbidden, -torch.inf)
            mass = log_probs.logsumexp(1)  # (N*W,)
        log_probs = _padding_only(log_probs, ended)
        classes = log_probs.shape[1]
        candidates = (scores.flatten()[:, None] + log_probs).view(len(scores), width * classes)
        scores, chosen = candidates.topk(width, 1)  # (N, W)
        parents = first_rows + chosen // classes
        tokens = chosen % classes
        likely, likely_tokens = likeliest(log_probs)
        choices.append(
            _Choice(parents, tokens, log_probs[parents, tokens], step.attention, likely_tokens, likely, mass)
        )
        rows, last = parents.flatten(), tokens.flatten()
        state = step.state.rows(rows)
        ended = ended[rows] | (last == EOS_ID)
        if lexicon is not None and within is not None:
            within = lexicon.after(within[rows.cpu().numpy()], last.cpu().numpy())
        if ended.view(-1, width)[:, 0].all():
            break
    return _trace(choices)


def _padding_only(log_probs: Tensor, ended: Tensor) -> Tensor:
    """Log-probabilities (R, K) that let rows which have ended (R,) go on with padding alone, at no cost."""
    log_probs = log_probs.masked_fill(ended[:, None], -torch.inf)
    log_probs[:, PAD_ID] = log_probs[:, PAD_ID].masked_fill(ended, 0.0)
    return log_probs


def _trace(choices: list[_Choice]) -> DecodeResult:
    """Follow the best of the last choice back to its beginning."""
    samples, width = choices[0].parents.shape
    rows = torch.arange(0, samples * width, width, device=choices[0].parents.device)
    tokens, log_probs, attention, likely, likely_log_probs, allowed = [], [], [], [], [], []
    for choice in reversed(choices):
        tokens.append(choice.tokens.flatten()[rows])
        log_probs.append(choice.log_probs.flatten()[rows])
        rows = choice.parents.flatten()[rows]
        attention.append(choice.attention[rows])
        likely.append(choice.likely[rows])
        likely_log_probs.append(choice.likely_log_probs[rows])
        if choice.allowed is not None:
            allowed.append(choice.allowed[rows])
    every = (tokens, log_probs, attention, likely, likely_log_probs)
    found = decode_result(*(torch.stack(each[::-1], 1) for each in every))
    if not allowed:
        return found
    places = torch.arange(len(choices), device=rows.device)
    ended = places >= found.lengths[:, None]  # (N, L)
    return found._replace(allowed=torch.stack(allowed[::-1], 1).float().masked_fill(ended, 0.0))


def likeliest(log_probs: Tensor) -> tuple[Tensor, Tensor]:
    """Find the largest log-probabilities of each row (N, K) and their tokens, both (N, A)."""
    best = log_probs.topk(min(LIKELY, log_probs.shape[1]), 1)
    return best.values, best.indices


def decode_result(
    tokens: Tensor, log_probs: Tensor, attention: Tensor, likely: Tensor, likely_log_probs: Tensor
) -> DecodeResult:
    """Return what was found, everything after the first end blanked."""
    ends = (tokens == EOS_ID).long()
    after = ends.cumsum(1) - ends > 0  # (N, L)
    return DecodeResult(
        tokens.masked_fill(after, PAD_ID),
        log_probs.float().masked_fill(after, 0.0),
        (~after).sum(1),
        attention.float().masked_fill(after[:, :, None], 0.0),
        likely.masked_fill(after[:, :, None], PAD_ID),
        likely_log_probs.float().masked_fill(after[:, :, None], 0.0),
    )
