"""``bench read``: what reading a picture costs, whole and part by part, and what loading a model costs."""

import itertools
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.bench.result import Benchmark, compared
from crnn_seq2seq_ocr.bench.timing import Laps, Work, side_by_side
from crnn_seq2seq_ocr.data.readable import find_pictures, open_sample
from crnn_seq2seq_ocr.data.transforms import Prepared, prepare
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.model.recognizer import Recognizer, normalise
from crnn_seq2seq_ocr.model.search import search

READ_UNITS = {
    "read a picture": "ms",
    "pictures a second": "1/s",
    "prepare a picture": "ms",
    "encoder": "ms",
    "decoder": "ms",
}


class ReadBenchmark:
    """Some pictures read again and again.

    Args:
        reader: Who reads.
        paths: The pictures.
        batch_size: Texts at a time.
        beam: Width of the search.
        threads: Of PyTorch; what ONNX Runtime runs has its own.
    """

    def __init__(self, reader: Reader, paths: Sequence[str], *, batch_size: int, beam: int, threads: int) -> None:
        self._reader = reader
        self._paths = paths
        self._batch_size = batch_size
        self._beam = beam
        self._threads = threads

    def __call__(self) -> dict[str, float]:
        """`READ_UNITS` of a picture, mean over all.

        Whole as `Reader.read` does it, which prepares pictures while the model works; then the parts one by one.
        What an ONNX file does is one part, and not among them.
        """
        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            started = time.perf_counter()
            self._reader.read(self._paths, batch_size=self._batch_size, beam=self._beam)
            whole = time.perf_counter() - started
            seconds = self._parts()
        finally:
            torch.set_num_threads(before)
        count = len(self._paths)
        parts = {part: 1000 * each / count for part, each in seconds.items()}
        return {"read a picture": 1000 * whole / count, "pictures a second": count / whole, **parts}

    def _parts(self) -> dict[str, float]:
        description = self._reader.description
        laps = Laps(_device_of(self._reader))
        alike: dict[int, list[Prepared]] = {}  # as in `Reader`, only pictures of one width are read together
        for path in self._paths:
            prepared = prepare(open_sample(path, path), description.preprocessing)
            alike.setdefault(prepared[0].shape[2], []).append(prepared)
        laps.end("prepare a picture")
        if self._reader.backend.recognizer is None:
            return laps.seconds
        recognizer = self._reader.recognizer
        trim = not description.model.encoder.mixes_views
        for group in alike.values():
            for start in range(0, len(group), self._batch_size):
                images, view_mask = _stacked(group[start : start + self._batch_size], trim=trim)
                read_batch(recognizer, images, view_mask, laps, max_length=description.max_length, beam=self._beam)
        return laps.seconds


def _stacked(prepared: Sequence[Prepared], *, trim: bool) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, V, 3, H, W) and view_mask (N, V), without the views that none has if they can be left out."""
    view_mask = np.stack([mask for _, mask in prepared])
    views = int(np.flatnonzero(view_mask.any(0)).max()) + 1 if trim else view_mask.shape[1]
    images = np.stack([pixels[:views] for pixels, _ in prepared])  # (N, V, H, W, 3)
    return torch.from_numpy(images).permute(0, 1, 4, 2, 3), torch.from_numpy(view_mask[:, :views].copy())


@torch.inference_mode()
def read_batch(
    recognizer: Recognizer, images: Tensor, view_mask: Tensor, laps: Laps, *, max_length: int, beam: int
) -> int:
    """Read a batch as `Reader` does; returns the steps that the search took, and adds to the laps.

    Args:
        recognizer: The network.
        images: uint8 (N, V, 3, H, W).
        view_mask: bool (N, V).
        laps: For the parts ``encoder`` and ``decoder``.
        max_length: Most characters.
        beam: Width of the search.
    """
    device = next(recognizer.parameters()).device
    laps.begin()
    memory = recognizer.encode(normalise(images.to(device)), view_mask.to(device))
    laps.end("encoder")
    found = search(recognizer, memory, max_length=max_length, beam=beam)
    laps.end("decoder")
    return found.tokens.shape[1]


def _device_of(reader: Reader) -> torch.device:
    """Where PyTorch computes; what else runs a network waits for itself."""
    return torch.device("cpu" if reader.backend.recognizer is None else reader.backend.device)


def _loaded(model: Path, device: str, threads: int | None = None) -> Reader:
    """Return the reader of a model, in PyTorch but for files; ONNX Runtime is told its threads when it begins."""
    if model.suffix == ".onnx":
        return Reader(OnnxBackend.load(model, device=device, threads=threads))
    return Reader.load(model, device=device, backend="torch")


def _loading(model: Path, device: str) -> dict[str, float]:
    started = time.perf_counter()
    _loaded(model, device)
    return {"load the model": 1000 * (time.perf_counter() - started)}


def bench_read(
    models: Sequence[Path],
    images: Sequence[str],
    *,
    batch_sizes: Sequence[int],
    beams: Sequence[int],
    threads: Sequence[int],
    device: str,
    repeats: int,
) -> Benchmark:
    """All of it: every combination of model, batch size, beam and threads, the first what the others are compared to.

    Args:
        models: Released names, model folders, training runs, which PyTorch runs, or ONNX files.
        images: Pictures, folders, globs; taken again from the first until they fill the largest batch.
        batch_sizes: Texts at a time.
        beams: Widths of the search.
        threads: Of PyTorch or ONNX Runtime; empty: as many as PyTorch takes by itself.
        device: As `Reader.load` takes it.
        repeats: Rounds.

    Raises:
        CrnnOcrError: A model cannot be loaded, or a picture cannot be read.
    """
    circumstances = Circumstances()
    counts = threads or [torch.get_num_threads()]
    readers = {(model, count): _loaded(model, device, count) for model in models for count in counts}
    paths = find_pictures(images)
    for reader, path in itertools.product(readers.values(), paths):
        prepare(open_sample(path, path), reader.description.preprocessing)
    filled = list(itertools.islice(itertools.cycle(paths), max(len(paths), *batch_sizes)))
    several = len(models) > 1
    variants: dict[str, Work] = {
        f"{model}, " * several + f"batch {size}, beam {beam}, threads {count}": ReadBenchmark(
            readers[model, count], filled, batch_size=size, beam=beam, threads=count
        )
        for size, beam, count, model in itertools.product(batch_sizes, beams, counts, models)
    }
    loads: dict[str, Work] = {str(model) * several: partial(_loading, model, device) for model in models}
    measured = compared(side_by_side(loads, repeats=repeats), {"load the model": "ms"})
    measured += compared(side_by_side(variants, repeats=repeats), READ_UNITS)
    reader = readers[models[0], counts[0]]
    settings = {
        "model": reader.description.name,
        "step": reader.description.step,
        "device": reader.backend.device,
        "pictures": len(paths),
        "read at a repeat": len(filled),
        "repeats": repeats,
    }
    return Benchmark(f"reading with {' and '.join(map(str, models))}", settings, measured, circumstances)
