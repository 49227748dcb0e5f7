"""Who labels which picture next."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.labelling.queue import LEASE_SECONDS, Item, Progress, Queue
from crnn_seq2seq_ocr.labelling.store import Label, LabelStore


class Clock:
    """Seconds that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def make_queue(folder: Path, clock: Clock | None = None, **confidences: float) -> Queue:
    queue = Queue(LabelStore(folder), [f"{name}.png" for name in confidences], clock=clock or Clock())
    for name, confidence in confidences.items():
        queue.read(f"{name}.png", name, confidence)
    return queue


def file_of(item: Item | None) -> str | None:
    return item and item.file


def test_the_least_sure_comes_first(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, a=0.9, b=0.1, c=0.5)
    order = []
    while (item := queue.next("x")) is not None:
        order.append(item.file)
        queue.label(item.file, item.text, "x")
    assert order == ["b.png", "c.png", "a.png"]
    assert queue.progress() == Progress(3, 3, 0, 3)


def test_what_is_not_read_yet_comes_last(tmp_path: Path) -> None:
    queue = Queue(LabelStore(tmp_path), ["a.png", "b.png"])
    queue.read("b.png", "b", 0.99)
    assert queue.next("x") == Item("b.png", "b", 0.99)
    assert queue.progress() == Progress(2, 0, 0, 1)


def test_a_person_keeps_the_picture_that_they_hold(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, a=0.5, b=0.6)
    assert file_of(queue.next("x")) == "a.png"
    queue.read("b.png", "b", 0.1)
    assert file_of(queue.next("x")) == "a.png"


def test_no_picture_is_given_to_two_people_until_one_is_gone_for_long(tmp_path: Path) -> None:
    clock = Clock()
    queue = make_queue(tmp_path, clock, a=0.1, b=0.2)
    assert [file_of(queue.next(by)) for by in ("x", "y", "z")] == ["a.png", "b.png", None]
    clock.now = LEASE_SECONDS + 1
    assert file_of(queue.next("z")) == "a.png"


def test_skipped_pictures_come_after_the_others(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, a=0.1, b=0.2)
    queue.skip("a.png", "x")
    assert file_of(queue.next("x")) == "b.png"
    queue.skip("b.png", "x")
    assert file_of(queue.next("x")) == "a.png"


def test_undo_takes_back_ones_own_last_word(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, a=0.1, b=0.2)
    queue.label("a.png", "first", "x")
    queue.label("b.png", None, "x")
    queue.label("b.png", "other", "y")
    item = queue.undo("x")
    assert item == Item("a.png", "first", 0.1)
    assert LabelStore(tmp_path).labels == {"b.png": Label("other", "y")}
    assert queue.undo("x") is None
    assert file_of(queue.next("x")) == "a.png"


def test_many_people_at_once_lose_nothing(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, **{f"p{number}": number / 100 for number in range(60)})

    def work(by: str) -> int:
        count = 0
        while (item := queue.next(by)) is not None:
            queue.label(item.file, f"{item.text} {by}", by)
            count += 1
        return count

    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(work, "abcdef"))
    assert sum(counts) == 60
    labels = LabelStore(tmp_path).labels
    assert {file: label.text for file, label in labels.items()} == {
        f"p{number}.png": f"p{number} {labels[f'p{number}.png'].by}" for number in range(60)
    }


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    queue = make_queue(tmp_path, a=0.1)
    with pytest.raises(KeyError):
        queue.label("b.png", "b", "x")
    with pytest.raises(KeyError):
        queue.skip("b.png", "x")
