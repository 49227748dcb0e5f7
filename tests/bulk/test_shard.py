"""Which part is whose."""

import itertools
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.bulk.shard import Shard
from crnn_seq2seq_ocr.errors import DataError


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_parts_hold_everything_once_and_are_of_one_size(count: int) -> None:
    parts = [list(Shard.parse(f"{number}/{count}").take(range(7))) for number in range(1, count + 1)]
    assert sorted(itertools.chain.from_iterable(parts)) == list(range(7))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "3", "0/2", "3/2", "a/b", "1/", "/2", "-1/2", "1/2/3", "1.0/2"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(DataError, match="is no part: write 1/8 for the first of eight, up to 8/8 for the last"):
        Shard.parse(text)


def test_each_has_a_file_of_its_own() -> None:
    assert Shard(3, 8).path(Path("out/readings.jsonl")) == Path("out/readings-3-of-8.jsonl")


def test_processes_of_a_launcher_have_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert Shard.of_process() is None
    monkeypatch.setenv("RANK", "7")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert Shard.of_process() == Shard(8, 8)
