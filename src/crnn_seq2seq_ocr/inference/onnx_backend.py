"""Networks in ONNX files, run by ONNX Runtime: no PyTorch is needed, nor imported."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crnn_seq2seq_ocr.checkpoint.digests import check_onnx
from crnn_seq2seq_ocr.checkpoint.folders import DESCRIPTION, ONNX, check_digest
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.pretrained import pretrained_models
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.inference.onnx_constraint import OUTPUT, constrained
from crnn_seq2seq_ocr.inference.onnx_isolated import IsolatedSession
from crnn_seq2seq_ocr.inference.onnx_metadata import metadata_of
from crnn_seq2seq_ocr.inference.onnx_session import LocalSession, Session
from crnn_seq2seq_ocr.inference.onnx_steps import Steps, steps_of
from crnn_seq2seq_ocr.inference.providers import automatic_device, check_device
from crnn_seq2seq_ocr.model.constraint import Constraint, check_length
from crnn_seq2seq_ocr.model.outputs import FILE_OUTPUTS, Outputs
from crnn_seq2seq_ocr.system.files import read_ordinary
from crnn_seq2seq_ocr.system.parsing import parse_json
from crnn_seq2seq_ocr.text import SPECIAL_COUNT

if TYPE_CHECKING:
    from crnn_seq2seq_ocr.model.recognizer import Recognizer

DESCRIPTION_KEY = "crnn-seq2seq-ocr"
"""The entry of the file's metadata that holds the description, as JSON."""

LARGEST = 1 << 31
"""Bytes of a file, as protocol buffers limit them."""

_EXTERNAL = b"\x0a\x08location\x12"
"""How a file says where other files with numbers of it are: the entry ``location`` of a tensor."""


class OnnxBackend:
    """A network of ``crnn-ocr export``.

    It reads greedily, also within a `Pattern` or a `Lexicon`: a beam needs PyTorch. For either of them the network is
    loaded once more when the first one comes, with the constraint in its loop.

    Args:
        session: Runs it.
        open_constrained: Makes the session that takes a kind of constraint; None where there can be none.
        description: What the file says of itself.
        where: Its name, for messages.
        device: Where the session runs.
        concurrency: How many batches may be read at the same time, each called for by a thread of its own.
    """

    can_search = False
    recognizer: "Recognizer | None" = None

    def __init__(
        self,
        session: Session,
        open_constrained: Callable[[Steps], Session] | None,
        description: Description,
        *,
        where: str = "the network",
        device: str = "cpu",
        concurrency: int = 1,
    ) -> None:
        self._session = session
        self._open_constrained = open_constrained
        self._constrained: dict[str, Session] = {}
        self._opening = threading.Lock()
        self._where = where
        self._classes = SPECIAL_COUNT + len(description.charset)
        self.device = device
        self.description = description
        self.concurrency = concurrency

    @classmethod
    def load(
        cls, path: Path, *, device: str = "auto", threads: int | None = None, concurrency: int = 1
    ) -> "OnnxBackend":
        """Load the network of a file.

        Args:
            path: The file.
            device: cpu, or another of `providers.PROVIDERS` that is installed; auto takes cuda or else cpu.
            threads: How many it runs on; None: as many as the environment's ``OMP_NUM_THREADS`` says, which PyTorch
                obeys too, else one for each core; the callers of several batches at once are counted in.
            concurrency: How many batches will be read at the same time. An accelerator reads one.

        Raises:
            CheckpointError: It is no such file, damaged, or of another version.
            DeviceError: The device cannot be used.
        """
        if not path.is_file():
            raise CheckpointError(f"{path} is not there: give a file that `crnn-ocr export` wrote")
        if path.name == ONNX and path.with_name(DESCRIPTION).is_file():
            check_digest(path.parent, ONNX)
        try:
            content = read_ordinary(path, most_bytes=LARGEST)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read ({error.strerror or error}): check the path") from None
        isolated = path.parent not in pretrained_models().values()
        return cls.of(
            content, where=str(path), device=device, threads=threads, concurrency=concurrency, isolated=isolated
        )

    @classmethod
    def of(
        cls,
        content: bytes,
        *,
        where: str,
        device: str = "cpu",
        threads: int | None = None,
        concurrency: int = 1,
        isolated: bool = False,
    ) -> "OnnxBackend":
        """Load the network of the content of a file; `where` names it in messages, all else is as in `load`.

        With `isolated` it runs in a process of its own, with a limit of time and memory: a file of others is a program.
        """
        check_onnx(content, where)
        if _EXTERNAL in content:
            raise CheckpointError(
                f"{where} keeps numbers in other files, which is not read: give one that `crnn-ocr export` wrote"
            )
        description = _description(content, where)
        device = automatic_device() if device == "auto" else device
        check_device(device)
        concurrency = concurrency if device == "cpu" else 1
        each = _threads_of_processes(concurrency) if isolated else _threads(concurrency)
        each = each if threads is None else threads

        def opened(network: bytes) -> Session:
            if isolated:
                return IsolatedSession(network, where, device=device, threads=each, processes=concurrency)
            return LocalSession(network, where, device=device, threads=each)

        def open_constrained(steps: Steps) -> Session:
            try:
                return opened(constrained(content, steps))
            except ValueError as error:
                raise CheckpointError(
                    f"{where} cannot read within a pattern or a lexicon ({error}): load the model that it was exported "
                    "from, with the backend torch"
                ) from None

        session = opened(content)
        takes_none = OUTPUT in session.outputs
        return cls(
            session,
            None if takes_none else open_constrained,
            description,
            where=where,
            device=device,
            concurrency=concurrency,
        )

    def read(
        self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: Constraint | None = None
    ) -> Outputs:
        """Read the texts of images uint8 (N, V, H, W, 3) with view_mask (N, V) bool, greedily.

        Raises:
            ValueError: A beam is given.
            CheckpointError: The file has a constraint of its own, or is of a layout that takes none.
            DataError: No text of the pattern or the lexicon is as short as the model's longest.
        """
        if beam > 1:
            raise ValueError("the network of an ONNX file takes no beam")
        pictures = np.ascontiguousarray(images.transpose(0, 1, 4, 2, 3))  # (N, V, 3, H, W)
        inputs = {"images": pictures, "view_mask": view_mask}
        if lexicon is None:
            names = [*FILE_OUTPUTS, *([OUTPUT] if OUTPUT in self._session.outputs else [])]
            outputs = Outputs(*self._session.run(names, inputs))
        else:
            check_length(lexicon, self.description.max_length)
            steps, arrays = steps_of(lexicon)
            outputs = Outputs(*self._within(steps).run(list(Outputs._fields), inputs | arrays))
        if not _is_of_reader(outputs, len(images), self._classes, most_tokens=self.description.max_length + 1):
            raise CheckpointError(
                f"{self._where} gives other numbers than a reader does: give a file that `crnn-ocr export` wrote"
            )
        return outputs

    def _within(self, steps: Steps) -> Session:
        if self._open_constrained is None:
            raise CheckpointError("the ONNX file has a constraint of its own: take the one it was made of")
        with self._opening:
            if steps.name not in self._constrained:
                self._constrained[steps.name] = self._open_constrained(steps)
            return self._constrained[steps.name]


def _description(content: bytes, where: str) -> Description:
    """Read what a file says of itself."""
    try:
        written = metadata_of(content).get(DESCRIPTION_KEY)
    except UnicodeDecodeError as error:
        raise CheckpointError(f"the metadata of {where} is damaged ({error}): export it again") from None
    except ValueError as error:
        raise CheckpointError(f"{where} is no ONNX file ({error}): give one that `crnn-ocr export` wrote") from None
    if written is None:
        raise CheckpointError(
            f"{where} is an ONNX file, but not of a reader of this package: give one that `crnn-ocr export` wrote"
        )
    try:
        return Description.from_dict(parse_json(written), where)
    except ValueError as error:
        raise CheckpointError(f"the metadata of {where} is damaged ({error}): export it again") from None


def _is_of_reader(outputs: Outputs, count: int, classes: int, *, most_tokens: int) -> bool:
    """Whether these are the numbers of a reader of `count` pictures: shapes, kinds and ranges."""
    tokens, lengths, allowed = outputs.tokens, outputs.lengths, outputs.allowed
    length = min(tokens.shape[-1], most_tokens) if tokens.ndim else 0
    texts = (count, length)
    log_probs = [outputs.log_probs, outputs.likely_log_probs, *([] if allowed is None else [allowed])]
    return (
        tokens.shape == texts
        and outputs.log_probs.shape == texts
        and lengths.shape == (count,)
        and (allowed is None or allowed.shape == texts)
        and outputs.attention.ndim == 5
        and outputs.attention.shape[:2] == texts
        and outputs.likely.ndim == 3
        and outputs.likely.shape[:2] == texts
        and outputs.likely_log_probs.shape == outputs.likely.shape
        and all(each.dtype == np.int64 for each in (tokens, lengths, outputs.likely))
        and all(each.dtype == np.float32 for each in (outputs.attention, *log_probs))
        and bool(np.isfinite(outputs.attention).all())
        # Minus infinity is the logarithm of what a constraint excludes; a comparison with NaN is false.
        and all(bool((each < np.inf).all()) for each in log_probs)
        and (not lengths.size or 0 <= lengths.min() <= lengths.max() <= length)
        and all(not each.size or 0 <= each.min() <= each.max() < classes for each in (tokens, outputs.likely))
    )


def _threads_of_processes(processes: int) -> int:
    """Those of each of several processes, which share as many as the environment says; 0 is one for each core."""
    return _threads(1) if processes == 1 else max(1, (_threads(1) or _cores()) // processes)


def _threads(concurrency: int) -> int:
    """Those of the session that, with the callers, make as many as the environment says; 0 is one for each core.

    Each caller is a thread that works too; one is counted by ONNX Runtime itself.
    """
    said = os.environ.get("OMP_NUM_THREADS", "")
    wanted = int(said) if said.isdecimal() else 0
    return wanted if concurrency == 1 else max(1, (wanted or _cores()) - concurrency + 1)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
