"""Which samples cannot be used: the same rules for training, for reading and for `data check`, which lists them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from crnn_seq2seq_ocr.errors import CharsetError, DataError
from crnn_seq2seq_ocr.text import EOS_ID, Tokenizer, normalize

Reason = Literal[
    "damaged record", "missing file", "unreadable picture", "empty text", "text too long", "character",
    "too many pictures",
]  # fmt: skip
"""Why a sample would be dropped; ``character``: one that the charset does not have."""


class Refusal(NamedTuple):
    """Why a sample cannot be used."""

    reason: Reason
    detail: str


def text_refusals(text: str, tokenizer: Tokenizer | None, max_length: int | None) -> Iterator[Refusal]:
    """All reasons why a text cannot be used.

    Args:
        text: The text.
        tokenizer: Knows the characters that are allowed; None allows all.
        max_length: Most characters; None allows any number.
    """
    if not text.strip():
        yield Refusal("empty text", "the text is empty")
    if tokenizer is not None:
        try:
            tokenizer.encode(text)
        except CharsetError as error:
            yield Refusal("character", str(error))
    length = len(normalize(text))
    if max_length is not None and length > max_length:
        yield Refusal("text too long", f"the text has {length} characters, text.max_length is {max_length}")


def picture_refusals(pictures: int, views: int | None) -> Iterator[Refusal]:
    """Why so many pictures of one text cannot be used where there are at most so many views; None allows any number."""
    if views is not None and not 1 <= pictures <= views:
        taken = "1" if views == 1 else f"1 to {views}"
        yield Refusal(
            "too many pictures" if pictures else "missing file",
            f"it has {pictures} pictures, the model takes {taken}: "
            "give each as a text of its own, or train with other preprocessing.views",
        )


def encode_text(text: str, tokenizer: Tokenizer, max_length: int, *, name: str) -> list[int]:
    """Ids of a text that training can use, ending with the end id.

    Raises:
        DataError: It is empty, too long, or has a character outside the charset; names the sample.
    """
    for reason, detail in text_refusals(text, tokenizer, max_length):
        raise (CharsetError if reason == "character" else DataError)(f"{name}: {detail}")
    ids = tokenizer.encode(text)
    assert ids[-1] == EOS_ID
    return ids


def check_pictures(pictures: int, views: int, *, name: str) -> None:
    """Refuse a sample of more pictures than views, or none.

    Raises:
        DataError: It has; names the sample.
    """
    for _, detail in picture_refusals(pictures, views):
        raise DataError(f"{name}: {detail}")
