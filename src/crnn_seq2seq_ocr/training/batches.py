"""From samples to batches of tensors, in an order that is a pure function of (seed, position).

N batch, V views, H x W pixels of a view, L target length.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crnn_seq2seq_ocr.config import Augmentation, Preprocessing
from crnn_seq2seq_ocr.data.rules import encode_text
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.data.transforms import fill, prepare
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.text import PAD_ID, Tokenizer
from crnn_seq2seq_ocr.training import workers as processes
from crnn_seq2seq_ocr.training.order import OrderName, order_of, shuffled

MOST_REPLACEMENTS = 100
"""So many samples in a row that cannot be used mean that something is wrong with the data."""


@dataclass(frozen=True)
class Dropped:
    """A sample that cannot be used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Example:
    """A prepared sample: views uint8 (V, H, W, 3), view_mask bool (V,), token ids ending with the end id."""

    name: str
    views: np.ndarray
    view_mask: np.ndarray
    ids: list[int]


@dataclass(frozen=True)
class Batch:
    """Prepared samples as tensors.

    Attributes:
        images: uint8 (N, V, 3, H, W), channels last in memory; V is at most what a sample of the batch has, W
            the width of the widest.
        view_mask: bool (N, V).
        targets: int64 (N, L), each ending with the end id, then padding.
        names: N names.
        dropped: Samples that others have replaced.
    """

    images: Tensor
    view_mask: Tensor
    targets: Tensor
    names: list[str]
    dropped: list[Dropped]

    def pin_memory(self) -> "Batch":
        """Return the same in page-locked memory, from where it goes to a device without waiting."""
        images, view_mask, targets = (each.pin_memory() for each in (self.images, self.view_mask, self.targets))
        return Batch(images, view_mask, targets, self.names, self.dropped)


class TrainingExamples(Dataset[tuple[Example | None, list[Dropped]]]):
    """Examples by their position in the endless order of training: epoch after epoch, each in another order.

    A sample that cannot be used is replaced by the next usable one and named in the second value; the
    example is None where a hundred in a row cannot be used.
    """

    def __init__(
        self,
        source: Source,
        tokenizer: Tokenizer,
        preprocessing: Preprocessing,
        *,
        augmentation: Augmentation | None,
        max_length: int,
        seed: int,
        order: OrderName = "random",
    ) -> None:
        self.source = source
        self.order = order_of(source, order)
        self.tokenizer = tokenizer
        self.preprocessing = preprocessing
        self.augmentation = augmentation
        self.max_length = max_length
        self.seed = seed

    def __getitem__(self, position: int) -> tuple[Example | None, list[Dropped]]:
        size = len(self.source)
        epoch, place = divmod(position, size)
        dropped: list[Dropped] = []
        for extra in range(min(size, MOST_REPLACEMENTS)):
            index = self.order.index((place + extra) % size, self.seed * 1_000_003 + epoch)
            try:
                return self._example(index, epoch), dropped
            except (DataError, OSError) as error:
                dropped.append(Dropped(f"sample {index}", str(error)))
        return None, dropped

    def _example(self, index: int, epoch: int) -> Example:
        processes.note(index)
        sample = self.source[index]
        ids = encode_text(sample.text, self.tokenizer, self.max_length, name=sample.name)
        rng = np.random.default_rng([self.seed, epoch, index])
        views, view_mask = prepare(sample, self.preprocessing, augmentation=self.augmentation, rng=rng)
        return Example(sample.name, views, view_mask, ids)


@dataclass(frozen=True)
class Collate:
    """Puts examples together.

    Attributes:
        target_length: L of every batch, or None for the longest text of each.
        trim_views: Leave away the views that no sample of the batch has.
        batches: Make so many batches of the examples, pictures of like width together; with 1 any examples
            are one batch.
    """

    target_length: int | None
    trim_views: bool
    batches: int = 1

    def __call__(self, examples: Sequence[tuple[Example | None, list[Dropped]]]) -> list[Batch] | DataError:
        """Join prepared samples into batches."""
        dropped = [each for _, drops in examples for each in drops]
        usable = [example for example, _ in examples if example is not None]
        if len(usable) < len(examples):
            reasons = "".join(f"\n  {each.reason}" for each in dropped[:5])
            return DataError(f"no usable sample among {MOST_REPLACEMENTS} in a row, or among all; the first:{reasons}")
        if self.batches > 1:
            usable.sort(key=lambda example: (example.views.shape[2], len(example.ids)))
        size = len(usable) // self.batches
        batches = [self._batch(usable[start : start + size]) for start in range(0, len(usable), size)]
        return [replace(batches[0], dropped=dropped), *batches[1:]]

    def _batch(self, usable: list[Example]) -> Batch:
        view_mask = np.stack([example.view_mask for example in usable])  # (N, V)
        views = int(np.flatnonzero(view_mask.any(0)).max()) + 1 if self.trim_views else view_mask.shape[1]
        width = max(example.views.shape[2] for example in usable)
        images = np.stack([_widened(example.views[:views], width) for example in usable])  # (N, V, H, W, 3)
        return Batch(
            images=torch.from_numpy(images).permute(0, 1, 4, 2, 3),
            view_mask=torch.from_numpy(view_mask[:, :views].copy()),
            targets=self._targets([example.ids for example in usable]),
            names=[example.name for example in usable],
            dropped=[],
        )

    def _targets(self, ids: list[list[int]]) -> Tensor:  # (N, L)
        length = self.target_length or max(map(len, ids))
        targets = torch.full((len(ids), length), PAD_ID)
        for row, numbers in zip(targets, ids, strict=True):
            row[: len(numbers)] = torch.tensor(numbers)
        return targets


def _widened(views: np.ndarray, width: int) -> np.ndarray:
    """Widen views (V, H, W, 3), filled as `transforms.fill` does."""
    if views.shape[2] == width:
        return views
    return np.stack([fill(view, (view.shape[0], width)) for view in views])


@dataclass(frozen=True)
class Positions:
    """The positions of each batch of one process, from a step on, without end.

    Step s takes the positions s*G to (s+1)*G - 1, G the global batch; it is cut into `accumulate` parts,
    each into one piece for every process. So the same global batch gives the same samples on any number
    of processes, and none of them ever runs out before the others.

    Where batches are made of pictures of like width, `pool` batches are cut out of as many samples at
    once (`Collate.batches`): then the samples of a pool are those of its global batches in another order.
    """

    batch_size: int
    accumulate: int
    process: int
    processes: int
    first_step: int
    pool: int = 1

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the positions of one pool after another, the first one whole even if its first batches are past."""
        size = self.batch_size * self.pool
        number = self.first_batch // self.pool
        while True:
            start = (number * self.processes + self.process) * size
            yield list(range(start, start + size))
            number += 1

    @property
    def first_batch(self) -> int:
        """Number of the first batch of this process."""
        return self.first_step * self.accumulate


def training_batches(
    examples: TrainingExamples, collate: Collate, positions: Positions, *, workers: int, pin_memory: bool
) -> Generator[Batch, None, None]:
    """Batches without end; closing them ends the workers.

    The batches of a pool come in an order that is the same in all processes, so that at each step all of
    them have pictures of like width.

    Raises:
        DataError: A hundred samples in a row cannot be used.
        WorkerError: A worker process has died.
    """
    begun = processes.Begun(workers)
    loader = DataLoader(
        examples,
        batch_sampler=positions,
        collate_fn=collate,
        num_workers=workers,
        pin_memory=pin_memory,
        worker_init_fn=begun.in_worker if workers else None,
        multiprocessing_context="spawn" if workers else None,
        prefetch_factor=4 if workers else None,
    )
    number, past = divmod(positions.first_batch, positions.pool)
    pools: Iterator[list[Batch] | DataError] = processes.started(loader)
    try:
        while True:
            batches = processes.following(pools, begun, examples.source.description)
            if isinstance(batches, DataError):
                raise batches
            order = [shuffled(place, positions.pool, number) for place in range(positions.pool)]
            yield from [batches[place] for place in order][past:]
            number, past = number + 1, 0
    finally:
        processes.end(pools)
