"""Worker processes: that they end well however they are asked to, and what is said where one dies."""

import itertools
import os
import signal

import pytest
import torch

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import WorkerError
from crnn_seq2seq_ocr.training.batches import Collate, training_batches
from tests.conftest import python
from tests.training.test_batches import Texts, examples, positions

pytestmark = pytest.mark.slow

SENDING = """
import threading, time, torch
from crnn_seq2seq_ocr.training.workers import Begun

def send():
    while True:
        torch.zeros(99).untyped_storage()._share_fd_cpu_()

Begun(1).in_worker(0)
for _ in range(4):
    threading.Thread(target=send, daemon=True).start()
time.sleep(0.5)
"""


def test_a_worker_that_ends_while_it_sends_batches_does_not_abort() -> None:
    with python("-c", SENDING) as child:
        _, errors = child.communicate(timeout=120)
    assert (child.returncode, errors) == (0, "")


class Mapped(Texts):
    """A source whose text ``x`` ends the process, as a file does that is truncated while it is mapped into memory."""

    def __getitem__(self, index: int) -> Sample:
        if self.texts[index] == "x":
            os.kill(os.getpid(), signal.SIGBUS)
        return super().__getitem__(index)


def test_a_worker_that_dies_is_told_with_its_sample() -> None:
    items = examples(Mapped(["a", "x"]))
    batches = training_batches(items, Collate(None, True), positions(batch_size=1), workers=1, pin_memory=False)
    with pytest.raises(WorkerError, match=r"died \(SIGBUS\) while it read sample 1 of 2 texts; its file may be damag"):
        list(itertools.islice(batches, 3))
    assert not torch.multiprocessing.active_children()


def test_no_handler_of_ended_processes_is_left_behind() -> None:
    """It would raise an error wherever the training is, within the writing of a checkpoint for one."""
    before = signal.getsignal(signal.SIGCHLD)
    batches = training_batches(
        examples(Texts(["a"])), Collate(None, True), positions(batch_size=1), workers=1, pin_memory=False
    )
    next(batches)
    assert signal.getsignal(signal.SIGCHLD) is before
    batches.close()
