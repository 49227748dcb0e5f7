"""Parts of a data set by a hash: which samples are in a part does not depend on the others.

A sample keeps its part when others are added, removed or put in another order, and on every machine.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator

from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError


def hash_places(source: Source) -> list[float]:
    """Where each sample stands between 0 and 100.

    Samples of one text stand at one place, so that a text is in one part only. Where most texts come again (fewer
    than half of them are different), each sample has a place of its own: else some texts would never be trained on.
    """
    texts = [_text(source, index) for index in range(len(source))]
    if 2 * len(set(texts)) < len(texts):
        texts = list(_numbered(texts))
    return [_place(text) for text in texts]


def between(places: list[float], low: float, high: float) -> list[int]:
    """Return indices of the samples from one place on and before another."""
    return [index for index, place in enumerate(places) if low <= place < high]


def parse_range(value: str) -> tuple[float, float]:
    """Parse the two places of ``0-80``.

    Raises:
        ValueError: It is no range of places from 0 to 100.
    """
    first, dash, last = value.partition("-")
    low, high = float(first), float(last)
    if not dash or not 0 <= low < high <= 100:
        raise ValueError(value)
    return low, high


def _place(text: str) -> float:
    number = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return number / 2**64 * 100


def _text(source: Source, index: int) -> str:
    try:
        return source.text(index)
    except DataError:  # whoever uses the sample is told; here it needs some place
        return f"sample {index}"


def _numbered(texts: list[str]) -> Iterator[str]:
    """Each text with how often it came before."""
    seen: Counter[str] = Counter()
    for text in texts:
        yield f"{text}\0{seen[text]}"
        seen[text] += 1
