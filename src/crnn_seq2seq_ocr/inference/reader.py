"""A trained reader: weights, settings, charset and preprocessing, loaded from one place, read by one method."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crnn_seq2seq_ocr.data.readable import Readable, name_of, open_sample
from crnn_seq2seq_ocr.data.sample import Sample, Source
from crnn_seq2seq_ocr.data.transforms import prepare
from crnn_seq2seq_ocr.errors import CheckpointError, DataError
from crnn_seq2seq_ocr.inference.backend import Backend
from crnn_seq2seq_ocr.inference.backends import BackendName, load_backend, weights_files
from crnn_seq2seq_ocr.inference.readings import Alternative, Character, PreparedSample, Reading, failed
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.model.outputs import Outputs, attended_centres
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.text import EOS_ID, Tokenizer, normalize

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.inference.torch_backend import Precision
    from crnn_seq2seq_ocr.model.recognizer import Recognizer

BATCHES_TOGETHER = 8
"""Batches' worth of pictures that are sorted by width at a time."""

LEAST_ALTERNATIVE = 0.01
"""What else a character may be is told from this probability on."""


class Reader:
    """Reads pictures of text with a trained model.

    Example:
        >>> reader = Reader.load("runs/tiny")  # doctest: +SKIP
        >>> reader.read(["sign.png"])[0].text  # doctest: +SKIP
        'Avenue du Général Leclerc'

    Attributes:
        backend: Runs the network, see `Backend`.
        description: What the model says of itself.
        within: What it reads within where nothing else is said: what the model was trained to read; None anything.
        files: That hold its weights, for whichever backend; none where it was not loaded.
    """

    def __init__(self, backend: Backend, files: Sequence[Path] = ()) -> None:
        self.backend = backend
        self.files = files
        self.description = backend.description
        self.tokenizer = Tokenizer(self.description.charset)
        own = {"allow": self.description.allow, "pattern": self.description.pattern}
        self.within = self.constraint(**own) if any(each is not None for each in own.values()) else None

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        device: str = "auto",
        precision: "Precision" = "fp32",
        backend: BackendName | None = None,
        concurrency: int = 1,
    ) -> "Reader":
        """Load a released model, a model folder, a training run (its best checkpoint), or an ``.onnx`` file.

        Args:
            path: The name, the folder or the file.
            device: As PyTorch names it; ``auto`` takes an accelerator if there is one. ONNX Runtime knows cpu, cuda,
                openvino, coreml, directml, webgpu and others, where their package is installed.
            precision: Number type of convolutions and products. ``bf16`` reads several times as many pictures a
                second on accelerators and on CPUs with AMX or AVX-512 BF16 (on others it is slower);
                probabilities then differ in the third digit, texts rarely. An ONNX file has its own.
            backend: What runs the network: ``onnx`` is ONNX Runtime, for files and for folders with ``model.onnx``,
                which released models are; ``torch`` is PyTorch, for folders. None takes ONNX Runtime where it can
                do what is asked.
            concurrency: From how many threads `read_prepared` will be called at the same time: ONNX Runtime then shares
                the cores among them, which reads more pictures a second. PyTorch reads one batch at a time.

        Raises:
            CheckpointError: There is none, it is damaged, of another version, or for the other backend.
            DependencyError: PyTorch must run it, and is not installed.
            DeviceError: The device cannot be used.
        """
        loaded = load_backend(Path(path), device=device, precision=precision, backend=backend, concurrency=concurrency)
        return cls(loaded, weights_files(Path(path)))

    @property
    def recognizer(self) -> "Recognizer":
        """The network, in PyTorch.

        Raises:
            CheckpointError: It is run by another backend.
        """
        if self.backend.recognizer is None:
            raise CheckpointError(
                f"the network {self.description.name!r} is of an ONNX file, which can read and be evaluated: for "
                "anything else load the model that it was exported from, with the backend torch"
            )
        return self.backend.recognizer

    def read(
        self,
        images: Sequence[Readable | Sequence[Readable]],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Constraint | None = None,
        allow: str | None = None,
        pattern: str | None = None,
    ) -> list[Reading]:
        """Read pictures, in order; several pictures in a sequence are views of one text.

        A picture that cannot be read gives a reading with an `error`; the rest go on.

        Args:
            images: The pictures.
            batch_size: Texts read at a time.
            beam: Width of the search.
            lexicon: The only allowed texts.
            allow: The only allowed characters, as in the brackets of a regular expression: ``0-9``.
            pattern: A regular expression that the whole text matches, see `constraint`.

        Raises:
            TypeError: A single picture was given instead of a sequence.
            DataError: No allowed text is as short as the model's longest, or a lexicon is given beside a pattern.
            CheckpointError: The backend takes no beam.
        """
        if allow is not None or pattern is not None:
            if lexicon is not None:
                raise DataError("a lexicon says all that is allowed: leave out allow and pattern, or the lexicon")
            lexicon = self.constraint(allow=allow, pattern=pattern)
        if isinstance(images, str | bytes) or (isinstance(images, np.ndarray) and images.ndim < 4):
            raise TypeError("read takes a sequence of pictures: for one picture write read([picture])")
        samples = (as_sample(image, number) for number, image in enumerate(images))
        return list(self.stream(samples, batch_size=batch_size, beam=beam, lexicon=lexicon))

    def constraint(self, *, allow: str | None = None, pattern: str | None = None) -> Constraint:
        """Make what `read` and `read_stream` take as `lexicon` to read only some characters, or within a pattern.

        Confidences stay the network's own: that of a text is the probability which the network itself gives it, so
        what a constraint forced upon it is low. `Reading.allowed` says how much of the probability was allowed.

        Args:
            allow: Characters as in the brackets of a regular expression.
            pattern: A regular expression that the whole text matches, without look-around and references back.

        Raises:
            DataError: They are no such thing, or allow nothing that the model can read.
        """
        return Pattern(self.tokenizer, allow=allow, expression=pattern)

    def stream(
        self,
        samples: Iterable[Sample | Reading],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Constraint | None = None,
    ) -> Iterator[Reading]:
        """Read samples in order, in bounded memory; pictures are prepared while the model reads.

        A reading in the place of a sample (one with an error) is handed on as it is.

        Raises:
            ValueError: The batch or the beam has no size.
        """
        return self._stream(samples, self.prepare, batch_size=batch_size, beam=beam, lexicon=lexicon)

    def read_stream(
        self,
        paths: Iterable[str | Path | Sequence[str | Path] | Sample | Reading],
        *,
        batch_size: int = 32,
        beam: int = 1,
        lexicon: Constraint | None = None,
        workers: int = 4,
    ) -> Iterator[Reading]:
        """Read picture files, in order, however many; several paths in a sequence are views of one text.

        Paths are taken as they are needed, one or two groups of batches ahead; files are opened and decoded while the
        model reads those before. A file that cannot be read gives a reading with an `error`; the rest go on.

        Args:
            paths: Any iterable, a generator too. Samples among them, and readings with an error, are taken as they are.
            batch_size: Texts read together.
            beam: Width of the search.
            lexicon: The only allowed texts.
            workers: Threads that open and decode files; more help where the disk is far away.

        Raises:
            TypeError: A single path was given instead of many.
            ValueError: The batch, the beam or the workers are none.
        """
        if isinstance(paths, str | Path):
            raise TypeError("read_stream takes many paths: for one picture write read_stream([path])")
        return self._stream(
            enumerate(paths), self._open, batch_size=batch_size, beam=beam, lexicon=lexicon, workers=workers
        )

    def prepare(self, sample: Sample | Reading) -> PreparedSample | Reading:
        """Prepare a sample as the model takes it; a reading with an error where it cannot be.

        A reading in the place of a sample is handed on. May be called from several threads.
        """
        if isinstance(sample, Reading):
            return sample
        try:
            views, view_mask = prepare(sample, self.description.preprocessing)
        except DataError as error:
            return failed(sample.name, error)
        return PreparedSample(sample.name, views, view_mask)

    def read_prepared(
        self, prepared: Sequence[PreparedSample], *, beam: int = 1, lexicon: Constraint | None = None
    ) -> list[Reading]:
        """Return the readings of one batch, in order.

        Args:
            prepared: Samples that `prepare` made ready, at least one, all of one width.
            beam: Width of the search.
            lexicon: The only allowed texts; None takes `within`.

        Raises:
            CheckpointError: The backend takes no beam.
        """
        lexicon = lexicon or self.within
        self._check_search(beam)
        view_mask = np.stack([each.view_mask for each in prepared])  # (N, V)
        views = view_mask.shape[1]
        if not self._mixes_views:
            views = int(np.flatnonzero(view_mask.any(0)).max()) + 1
        images = np.stack([each.views[:views] for each in prepared])  # (N, V, H, W, 3)
        outputs = self.backend.read(images, view_mask[:, :views].copy(), beam=beam, lexicon=lexicon)
        return [self._reading(each, outputs, row) for row, each in enumerate(prepared)]

    def _check_search(self, beam: int) -> None:
        if beam > 1 and not self.backend.can_search:
            raise CheckpointError(
                "an ONNX file reads greedily: for a beam, load the model that it was exported from, with the backend "
                "torch"
            )

    def _together(self, batch_size: int) -> int:
        """How many pictures are looked at to find those of one width, which are read together: more among more."""
        return batch_size * (BATCHES_TOGETHER if self.description.preprocessing.resize == "fit" else 1)

    def _stream(
        self,
        items: Iterable[Any],
        prepare: Callable[[Any], Reading | PreparedSample],
        *,
        batch_size: int,
        beam: int,
        lexicon: Constraint | None,
        workers: int = 2,
    ) -> Iterator[Reading]:
        """Yield readings of what `prepare` makes of items in other threads, a group ahead of the model."""
        self._check_search(beam)
        if batch_size < 1 or beam < 1 or workers < 1:
            raise ValueError(f"batch_size, beam and workers are 1 or more, not {batch_size}, {beam} and {workers}")
        with ThreadPoolExecutor(max_workers=workers) as pool:
            waiting = (_begin(prepare, group, pool) for group in _batched(items, self._together(batch_size)))
            ahead = next(waiting, None)
            while ahead is not None:
                now, ahead = list(ahead), next(waiting, None)
                yield from self._read_group(now, batch_size, beam=beam, lexicon=lexicon)

    def _open(self, numbered: tuple[int, Any]) -> Reading | PreparedSample:
        number, image = numbered
        return self.prepare(as_sample(image, number))

    def _read_group(
        self, prepared: list[Reading | PreparedSample], batch_size: int, *, beam: int, lexicon: Constraint | None
    ) -> Iterator[Reading]:
        """Yield readings in order; only pictures of the same width share a batch, so none depends on others."""
        readings = {place: each for place, each in enumerate(prepared) if isinstance(each, Reading)}
        widths: dict[int, list[tuple[int, PreparedSample]]] = {}
        for place, each in enumerate(prepared):
            if isinstance(each, PreparedSample):
                widths.setdefault(each.width, []).append((place, each))
        for group in widths.values():
            for batch in _batched(group, batch_size):
                found = self.read_prepared([each for _, each in batch], beam=beam, lexicon=lexicon)
                readings.update(zip((place for place, _ in batch), found, strict=True))
        for place in range(len(prepared)):
            yield readings[place]

    def _reading(self, prepared: PreparedSample, outputs: Outputs, row: int) -> Reading:
        length = int(outputs.lengths[row])
        ids = outputs.tokens[row, :length].tolist()
        log_probs = outputs.log_probs[row, :length].astype(np.float64)
        candidates = zip(outputs.likely[row].tolist(), np.exp(outputs.likely_log_probs[row]).tolist(), strict=True)
        attention = outputs.attention[row, :length]
        complete = ids[-1:] == [EOS_ID]
        views = prepared.views
        if not self._mixes_views:
            # The batch may have more views: what is said of one text does not depend on its neighbours.
            real = int(prepared.view_mask.sum())
            attention, views = attention[:, :real], views[:real]
        if complete:
            ids, attention = ids[:-1], attention[:-1]
        characters = tuple(
            Character(
                text=self.tokenizer.character(number),
                confidence=float(np.exp(log_prob)),
                view=None if self._mixes_views else int(view),
                x=float(x),
                y=float(y),
                alternatives=self._alternatives(number, *likely),
            )
            for number, log_prob, (view, x, y), likely in zip(
                ids, log_probs, attended_centres(attention), candidates, strict=False
            )
        )
        return Reading(
            name=prepared.name,
            text=normalize("".join(each.text for each in characters)),
            confidence=float(np.exp(log_probs.sum())),
            characters=characters,
            complete=complete,
            allowed=None if outputs.allowed is None else min(1.0, float(np.exp(outputs.allowed[row].sum()))),
            attention=attention,
            views=views,
        )

    def _alternatives(self, chosen: int, likely: list[int], confidences: list[float]) -> tuple[Alternative, ...]:
        """Return the others of the likeliest ids; those that decode to nothing are none, but for the end."""
        found = (
            (number, Alternative(self.tokenizer.character(number), confidence))
            for number, confidence in zip(likely, confidences, strict=True)
            if number != chosen and confidence >= LEAST_ALTERNATIVE
        )
        return tuple(each for number, each in found if each.text or number == EOS_ID)

    @property
    def _mixes_views(self) -> bool:
        """Whether the model lays the views of a text over each other, missing ones too."""
        return self.description.model.encoder.mixes_views


def _begin(
    prepare: Callable[[Any], Reading | PreparedSample], items: list[Any], pool: ThreadPoolExecutor
) -> Iterable[Reading | PreparedSample]:
    """Prepare a group in other threads; a single picture is done sooner than they are started."""
    return [prepare(items[0])] if len(items) == 1 else pool.map(prepare, items)


def samples_of(source: Source, indices: Iterable[int]) -> Iterator[Sample | Reading]:
    """Yield samples of a source for `Reader.stream`; in place of one that cannot be had, a reading with an error."""
    for index in indices:
        try:
            yield source[index]
        except DataError as error:
            yield failed(f"sample {index}", error)


def as_sample(image: Readable | Sequence[Readable] | Sample | Reading, number: int) -> Sample | Reading:
    """Something readable, or a sequence of views, as a sample; a reading with an error if it cannot be opened."""
    if isinstance(image, Sample | Reading):
        return image
    name = name_of(image, number)
    try:
        return open_sample(image, name)
    except DataError as error:
        return failed(name, error)


def _batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield lists of `size` items; itertools.batched is not in Python 3.11."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
