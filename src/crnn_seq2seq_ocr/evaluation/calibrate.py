"""How sure a model says it is: its logits scaled until its confidence is how often it is right.

A network that was trained with label smoothing is never sure, one that has learnt its data by heart always is. One
number mends most of it, the temperature that all logits are divided by (Guo et al., 2017, arXiv 1706.04599). The
likeliest character stays the likeliest: what is read greedily stays the same.

L tokens of a text with its end, K tokens there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.transforms import readable
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.metrics import correctness
from crnn_seq2seq_ocr.model.recognizer import Recognizer, normalise
from crnn_seq2seq_ocr.model.search import greedy
from crnn_seq2seq_ocr.text import BOS_ID, Tokenizer

TEMPERATURES = np.geomspace(0.1, 10, 133).tolist()
LEAST = 20
"""With fewer texts there is nothing to learn."""


@dataclass(frozen=True)
class Read:
    """What was read of one text: logits (L, K), the tokens (L,) that were chosen, whether that is the right text."""

    logits: Tensor
    tokens: Tensor
    right: bool

    def confidence(self, temperature: float) -> float:
        """Compute the probability of these tokens, were the logits divided by a temperature."""
        log_probs = (self.logits / temperature).log_softmax(1)
        return float(log_probs.gather(1, self.tokens[:, None]).sum().exp())


def calibrate(recognizer: Recognizer, description: Description, source: Source) -> float:
    """Scale a network's logits, in place.

    Args:
        recognizer: The network, in evaluation.
        description: What it says of itself.
        source: Texts that it was neither trained on nor will be measured on.

    Returns:
        The temperature; below 1 for a network that was too unsure.

    Raises:
        DataError: Fewer than `LEAST` texts can be read.
    """
    readings = list(_read_all(recognizer, description, source))
    if len(readings) < LEAST:
        raise DataError(
            f"{source.description}: {len(readings)} texts can be read, {LEAST} are the fewest to calibrate with"
        )
    temperature: float = min(TEMPERATURES, key=lambda each: _surprise(readings, each))
    with torch.no_grad():
        recognizer.decoder.output.weight.div_(temperature)
        recognizer.decoder.output.bias.div_(temperature)
    return temperature


def _surprise(readings: list[Read], temperature: float) -> float:
    """Mean negative log-likelihood of what was right and wrong under the confidences."""
    confidences = np.clip([each.confidence(temperature) for each in readings], 1e-6, 1 - 1e-6)
    right = np.array([each.right for each in readings])
    return float(-np.log(np.where(right, confidences, 1 - confidences)).mean())


@torch.inference_mode()
def _read_all(recognizer: Recognizer, description: Description, source: Source) -> Iterator[Read]:
    """One by one, so that pictures may have any width."""
    tokenizer = Tokenizer(description.charset)
    device = next(recognizer.parameters()).device
    for sample, (views, view_mask) in readable(source, description.preprocessing):
        pixels = normalise(torch.from_numpy(views)[None].to(device).permute(0, 1, 4, 2, 3))
        memory = recognizer.encode(pixels, torch.from_numpy(view_mask)[None].to(device))
        tokens = greedy(recognizer, memory, max_length=description.max_length).tokens  # (1, L)
        fed = torch.cat([torch.full_like(tokens[:, :1], BOS_ID), tokens[:, :-1]], 1)
        logits = recognizer.decoder.unroll(fed, None, memory)  # (1, L, K)
        (right,) = correctness([sample.text], [tokenizer.decode(tokens[0].tolist())])
        yield Read(logits[0].cpu(), tokens[0].cpu(), bool(right))
