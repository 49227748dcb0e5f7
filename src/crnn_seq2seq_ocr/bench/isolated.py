"""Work in a process of its own, so that what it costs in memory is its own."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from crnn_seq2seq_ocr.errors import CrnnOcrError

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def in_subprocess(work: Callable[[Argument], Result], argument: Argument) -> Result:
    """Call the work in a fresh process and return its result; work, argument and result travel by pickle.

    Raises:
        CrnnOcrError: The process has died; what the work raises is raised here.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(work, argument).result()
        except BrokenProcessPool:
            raise CrnnOcrError("the measured process has died, perhaps for want of memory: try smaller sizes") from None
