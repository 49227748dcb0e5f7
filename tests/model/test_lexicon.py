"""The trie of allowed texts and the file it is read from."""

import random
from pathlib import Path

import numpy as np
import pytest

from crnn_seq2seq_ocr.errors import CharsetError, DataError
from crnn_seq2seq_ocr.model.lexicon import Lexicon, read_lexicon
from crnn_seq2seq_ocr.text import EOS_ID, Tokenizer

TOKENIZER = Tokenizer("abcdé '")


def all_texts(lexicon: Lexicon, tokenizer: Tokenizer = TOKENIZER, *, room: int = 50) -> list[str]:
    """Every text that can be walked to its end with so many tokens after the first."""
    found = []
    paths: list[tuple[int, list[int]]] = [(0, [])]
    while paths:
        node, ids = paths.pop()
        if ids and ids[-1] == EOS_ID:
            found.append(tokenizer.decode(ids))
            continue
        children = lexicon.children(np.array([node]), room - len(ids))[0]
        paths += [(int(children[token]), [*ids, int(token)]) for token in np.flatnonzero(children)]
    return sorted(found)


def test_it_holds_the_texts_and_no_others() -> None:
    texts = ["ab", "abba", "a", "cab", "é a", "abc"]
    assert all_texts(Lexicon(texts, TOKENIZER)) == sorted(texts)


def test_many_random_texts() -> None:
    generator = random.Random(0)
    texts = {"".join(generator.choices("abcd ", k=generator.randint(1, 9))) for _ in range(2000)}
    assert all_texts(Lexicon(texts, TOKENIZER)) == sorted(texts)


def test_repeated_empty_and_decomposed_texts() -> None:
    assert all_texts(Lexicon(["ab", "", "e\u0301", "ab", "é"], TOKENIZER)) == ["ab", "é"]


def test_variants_of_a_character_are_one_text() -> None:
    lexicon = Lexicon(["d’a", "d'a", "d'b", "da", "d’ab"], TOKENIZER)
    assert len(lexicon) == 4
    assert all_texts(lexicon) == sorted(["d'a", "d'b", "da", "d'ab"])


def test_a_charset_that_has_the_variants_keeps_them_apart() -> None:
    tokenizer = Tokenizer("ad'’")
    assert all_texts(Lexicon(["d’a", "d'a"], tokenizer), tokenizer) == ["d'a", "d’a"]


@pytest.mark.parametrize(("room", "texts"), [(4, ["a", "ab", "abba"]), (3, ["a", "ab"]), (2, ["a", "ab"]), (1, ["a"])])
def test_texts_that_do_not_fit_cannot_be_begun(room: int, texts: list[str]) -> None:
    lexicon = Lexicon(["abba", "a", "ab", "cccccc"], TOKENIZER)
    assert all_texts(lexicon, room=room) == texts


def test_several_nodes_at_once() -> None:
    lexicon = Lexicon(["ab", "cd"], TOKENIZER)
    roots = lexicon.children(np.array([0, 0]), 9)
    assert roots.shape == (2, len(TOKENIZER))
    a, c = roots[0, TOKENIZER.encode("a")[0]], roots[0, TOKENIZER.encode("c")[0]]
    allowed = lexicon.children(np.array([a, c, a]), 9)
    assert [TOKENIZER.decode(np.flatnonzero(row).tolist()) for row in allowed] == ["b", "d", "b"]


def test_shortest() -> None:
    assert Lexicon(["abba", "cab", "abc"], TOKENIZER).shortest == 3


def test_nothing_to_find() -> None:
    with pytest.raises(DataError, match="holds no text"):
        Lexicon(["", ""], TOKENIZER)


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(CharsetError, match=r"'abx' holds 'x' \(U\+0078"):
        Lexicon(["ab", "abx"], TOKENIZER)


class TestFile:
    def write(self, folder: Path, content: bytes) -> Path:
        path = folder / "names.txt"
        path.write_bytes(content)
        return path

    def test_a_text_a_line(self, tmp_path: Path) -> None:
        content = "\ufeffab\r\n\r\n  cab \ne\u0301 a\n\n".encode()
        assert all_texts(read_lexicon(self.write(tmp_path, content), TOKENIZER)) == ["ab", "cab", "é a"]

    def test_an_unknown_character_is_named_with_its_line(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, "ab\n\naœb\nœ\n".encode())
        message = r"names\.txt, line 3: 'aœb' holds 'œ' \(U\+0153 LATIN SMALL LIGATURE OE\).*1 more such lines"
        with pytest.raises(CharsetError, match=message):
            read_lexicon(path, TOKENIZER)

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"\n \n", r"names\.txt holds no text"), (b"ab\n\xe9\n", r"names\.txt is not UTF-8 \(byte 3\)")],
    )
    def test_files_that_cannot_be_used(self, tmp_path: Path, content: bytes, message: str) -> None:
        with pytest.raises(DataError, match=message):
            read_lexicon(self.write(tmp_path, content), TOKENIZER)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"names\.txt cannot be read"):
            read_lexicon(tmp_path / "names.txt", TOKENIZER)
