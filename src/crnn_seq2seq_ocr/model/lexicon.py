"""Reading within a list of allowed texts: a trie over token ids, and the file it is read from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_seq2seq_ocr.errors import CharsetError, DataError
from crnn_seq2seq_ocr.system.stores import local_copy
from crnn_seq2seq_ocr.text import EOS_ID, Tokenizer, describe_character, normalize


class Lexicon:
    """Allowed texts as a trie: which tokens may follow which beginning.

    Nodes are numbered level by level, so that the children of a node are neighbours and the edge e leads
    to node e + 1; the root is node 0. Every text ends with the end id.

    Args:
        texts: The allowed texts (normalised here); repeated and empty ones are left out.
        tokenizer: Gives the ids; variants that share an id (such as typographic apostrophes) are one.

    Raises:
        DataError: There is no text.
        CharsetError: A text holds a character that has no id.
    """

    def __init__(self, texts: Iterable[str], tokenizer: Tokenizer) -> None:
        names = {normalize(text) for text in texts} - {""}
        if not names:
            raise DataError("the lexicon holds no text: give it at least one")
        ids = _character_ids(names, tokenizer)
        self.classes = len(tokenizer)
        """Number of token ids, as many as the model's classes."""
        written = _sorted_names(names, ids, tokenizer)
        self._texts = len(written)
        self._tokens, parents, levels = _edges(written, ids)
        counts = np.bincount(parents, minlength=len(parents) + 1)
        self._starts = np.concatenate([[0], np.cumsum(counts)])  # first edge of each node, and the end
        self._to_end = _distances(parents, levels)

    def __len__(self) -> int:
        """How many different texts there are."""
        return self._texts

    @property
    def arrays(self) -> dict[str, NDArray[np.int64]]:
        """What an exported network takes to read within it, see `inference.onnx_steps`."""
        most = int(np.diff(self._starts).max())  # edges of one node
        return {
            "starts": self._starts,
            "tokens_of_edges": self._tokens.astype(np.int64),
            "to_end": self._to_end,
            "places": np.arange(most),
            "classes": np.array([self.classes]),
        }

    @property
    def description(self) -> str:
        """What is allowed, for people."""
        return f"a lexicon of {len(self)} texts"

    @property
    def fingerprint(self) -> str:
        """Tells lists of different texts apart, whatever their order."""
        return hashlib.sha256(self._tokens.tobytes() + self._starts.tobytes()).hexdigest()[:16]

    @property
    def shortest(self) -> int:
        """Characters of the shortest text."""
        return int(self._to_end[0]) - 1

    def start(self, rows: int) -> NDArray[np.int64]:
        """Return the state (R,) of so many empty beginnings: nodes of the trie."""
        return np.zeros(rows, np.int64)

    def allowed(self, state: NDArray[np.int64], room: int) -> NDArray[np.bool_]:
        """Return which tokens may follow each beginning, (R, classes), see `children`."""
        return self.children(state, room) > 0

    def after(self, state: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the state after a further token (R,) of each beginning."""
        return self.children(state, np.iinfo(np.int64).max)[np.arange(len(state)), tokens]

    def children(self, nodes: NDArray[np.int64], room: int) -> NDArray[np.int64]:
        """(R, classes) nodes that each token leads to from nodes (R,), 0 where it is not allowed.

        Only tokens from which some text can still be ended with `room` further tokens are allowed.
        """
        starts = self._starts[nodes]
        counts = self._starts[nodes + 1] - starts
        rows = np.repeat(np.arange(len(nodes)), counts)
        edges = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
        fits = self._to_end[edges + 1] <= room
        found = np.zeros((len(nodes), self.classes), np.int64)
        found[rows[fits], self._tokens[edges[fits]]] = edges[fits] + 1
        return found


def read_lexicon(path: Path | str, tokenizer: Tokenizer) -> Lexicon:
    """Read the lexicon of a UTF-8 file with one text a line; empty lines and blanks around texts are skipped.

    Raises:
        DataError: The file is missing, not UTF-8 or holds no text.
        CharsetError: A text holds a character that the charset does not have; the line is named.
    """
    try:
        lines = local_copy(path).read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"the lexicon {path} cannot be read ({error.strerror}): check its path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"the lexicon {path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    names = [normalize(line.strip()) for line in lines]
    unknown = set(tokenizer.unknown("".join(set().union(*names))))
    if unknown:
        line, character = next((n, c) for n, name in enumerate(names, 1) for c in name if c in unknown)
        others = sum(not unknown.isdisjoint(name) for name in names) - 1
        raise CharsetError(
            f"lexicon {path}, line {line}: {names[line - 1]!r} holds {describe_character(character)}, which the "
            f"model's charset does not have ({others} more such lines): leave such lines out"
        )
    if not any(names):
        raise DataError(f"the lexicon {path} holds no text: write one a line")
    return Lexicon(names, tokenizer)


def _character_ids(names: set[str], tokenizer: Tokenizer) -> dict[str, int]:
    """Give each character that occurs an id."""
    characters = sorted(set().union(*names))
    unknown = set(tokenizer.unknown("".join(characters)))
    if unknown:
        name = min(name for name in names if not unknown.isdisjoint(name))
        tokenizer.encode(name)  # its error names the text and its characters
    return {character: tokenizer.encode(character)[0] for character in characters}


def _sorted_names(names: set[str], ids: dict[str, int], tokenizer: Tokenizer) -> list[str]:
    """Sort the names so that equal beginnings are neighbours, each written as its ids are."""
    written = {character: tokenizer.character(number) for character, number in ids.items()}
    variants = str.maketrans({a: b for a, b in written.items() if a != b})
    return sorted({name.translate(variants) for name in names} if variants else names)


def _edges(names: list[str], ids: dict[str, int]) -> tuple[NDArray[np.int32], NDArray[np.int64], list[int]]:
    """Token and parent of every edge, level by level, and where levels begin: linear in the characters."""
    table = np.zeros(max(map(ord, ids)) + 1, np.int32)
    table[[ord(character) for character in ids]] = list(ids.values())
    table[0] = EOS_ID  # no text holds a NUL: it marks the ends
    flat = table[np.frombuffer(("\0".join(names) + "\0").encode("utf-32-le"), "<u4")]
    lengths = np.fromiter(map(len, names), np.int64, len(names)) + 1
    places = np.cumsum(lengths) - lengths
    nodes = np.zeros(len(names), np.int64)
    tokens, parents, levels = [], [], [0]
    depth = 0
    while len(places):
        token = flat[places + depth]
        fresh = np.ones(len(places), bool)
        fresh[1:] = (nodes[1:] != nodes[:-1]) | (token[1:] != token[:-1])
        tokens.append(token[fresh])
        parents.append(nodes[fresh])
        nodes = levels[-1] + np.cumsum(fresh)
        levels.append(levels[-1] + len(tokens[-1]))
        depth += 1
        longer = lengths > depth
        places, lengths, nodes = places[longer], lengths[longer], nodes[longer]
    return np.concatenate(tokens), np.concatenate(parents), levels


def _distances(parents: NDArray[np.int64], levels: list[int]) -> NDArray[np.int64]:
    """Fewest tokens from every node to an end."""
    childless = np.bincount(parents, minlength=len(parents) + 1) == 0
    distances = np.where(childless, 0, np.iinfo(np.int64).max)
    for start, stop in zip(levels[-2::-1], levels[:0:-1], strict=True):
        np.minimum.at(distances, parents[start:stop], distances[start + 1 : stop + 1] + 1)
    return distances
