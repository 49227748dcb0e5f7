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
from crnn_seq2seq_ocr.errors import CheckpointError, DeviceError
from crnn_seq2seq_ocr.inference.onnx_constraint import OUTPUT, constrained
from crnn_seq2seq_ocr.inference.providers import automatic_device, choose
from crnn_seq2seq_ocr.model.constraint import Constraint, check_length
from crnn_seq2seq_ocr.model.outputs import FILE_OUTPUTS, Outputs
from crnn_seq2seq_ocr.model.pattern import Pattern
from crnn_seq2seq_ocr.system.parsing import parse_json

if TYPE_CHECKING:
    import onnxruntime

    from crnn_seq2seq_ocr.model.recognizer import Recognizer

DESCRIPTION_KEY = "crnn-seq2seq-ocr"
"""The entry of the file's metadata that holds the description, as JSON."""

_EXTERNAL = b"\x0a\x08location\x12"
"""How a file says where other files with numbers of it are: the entry ``location`` of a tensor."""


class OnnxBackend:
    """A network of ``crnn-ocr export``.

    It reads greedily, also within a `Pattern`: a beam or a lexicon needs PyTorch. For patterns the network is loaded
    a second time when the first one comes, with the constraint in its loop.

    Args:
        session: Runs it.
        open_constrained: Makes the session that takes a pattern; None where there can be none.
        description: What the file says of itself.
        device: Where the session runs.
        concurrency: How many batches may be read at the same time, each called for by a thread of its own.
    """

    can_search = False
    recognizer: "Recognizer | None" = None

    def __init__(
        self,
        session: "onnxruntime.InferenceSession",
        open_constrained: "Callable[[], onnxruntime.InferenceSession] | None",
        description: Description,
        *,
        device: str = "cpu",
        concurrency: int = 1,
    ) -> None:
        self._session = session
        self._open_constrained = open_constrained
        self._constrained: onnxruntime.InferenceSession | None = None
        self._opening = threading.Lock()
        self._names = [each.name for each in session.get_outputs()]
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
        return cls.of(path.read_bytes(), where=str(path), device=device, threads=threads, concurrency=concurrency)

    @classmethod
    def of(
        cls,
        content: bytes,
        *,
        where: str,
        device: str = "cpu",
        threads: int | None = None,
        concurrency: int = 1,
    ) -> "OnnxBackend":
        """Load the network of the content of a file; `where` names it in messages, all else is as in `load`."""
        check_onnx(content, where)
        if _EXTERNAL in content:
            raise CheckpointError(
                f"{where} keeps numbers in other files, which is not read: give one that `crnn-ocr export` wrote"
            )
        device = automatic_device() if device == "auto" else device
        concurrency = concurrency if device == "cpu" else 1
        session = _session(content, where, device, _threads(concurrency) if threads is None else threads)
        try:
            written = session.get_modelmeta().custom_metadata_map.get(DESCRIPTION_KEY)
        except UnicodeDecodeError as error:
            raise CheckpointError(f"the metadata of {where} is damaged ({error}): export it again") from None
        if written is None:
            raise CheckpointError(
                f"{where} is an ONNX file, but not of a reader of this package: give one that `crnn-ocr export` wrote"
            )
        try:
            description = parse_json(written)
        except ValueError as error:
            raise CheckpointError(f"the metadata of {where} is damaged ({error}): export it again") from None
        outputs = {each.name for each in session.get_outputs()}
        number = _threads(concurrency) if threads is None else threads

        def open_constrained() -> "onnxruntime.InferenceSession":
            try:
                changed = constrained(content)
            except ValueError as error:
                raise CheckpointError(
                    f"{where} cannot read within a pattern ({error}): load the model that it was exported from, with "
                    "the backend torch"
                ) from None
            return _session(changed, where, device, number)

        return cls(
            session,
            None if OUTPUT in outputs else open_constrained,
            Description.from_dict(description, where),
            device=device,
            concurrency=concurrency,
        )

    def read(
        self, images: np.ndarray, view_mask: np.ndarray, *, beam: int = 1, lexicon: Constraint | None = None
    ) -> Outputs:
        """Read the texts of images uint8 (N, V, H, W, 3) with view_mask (N, V) bool, greedily.

        Raises:
            ValueError: A beam or a lexicon is given.
            CheckpointError: The file has a constraint of its own, or is of a layout that takes none.
            DataError: No text of the pattern is as short as the model's longest.
        """
        if beam > 1 or not (lexicon is None or isinstance(lexicon, Pattern)):
            raise ValueError("the network of an ONNX file takes no beam and no lexicon")
        pictures = np.ascontiguousarray(images.transpose(0, 1, 4, 2, 3))  # (N, V, 3, H, W)
        inputs = {"images": pictures, "view_mask": view_mask}
        if lexicon is None:
            names = [*FILE_OUTPUTS, *([OUTPUT] if OUTPUT in self._names else [])]
            return Outputs(*self._session.run(names, inputs))
        check_length(lexicon, self.description.max_length)
        return Outputs(*self._for_patterns().run(list(Outputs._fields), inputs | lexicon.arrays))

    def _for_patterns(self) -> "onnxruntime.InferenceSession":
        if self._open_constrained is None:
            raise CheckpointError("the ONNX file has a constraint of its own: take the one it was made of")
        with self._opening:
            if self._constrained is None:
                self._constrained = self._open_constrained()
            return self._constrained


def _session(content: bytes, where: str, device: str, threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: what it warns of is its own business
    options.intra_op_num_threads = threads
    # Where it looks for numbers kept in other files; by default in the working folder.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    provider, chosen = choose(options, device)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=chosen)
    except Exception as error:  # it raises a class of its own for each kind of failure
        reason = str(error).splitlines()[0]
        if device != "cpu":
            raise DeviceError(f"ONNX Runtime cannot read {where} with {device} ({reason}): take cpu") from None
        raise CheckpointError(
            f"{where} cannot be used by ONNX Runtime ({reason}): give a file that `crnn-ocr export` wrote, whole"
        ) from None
    if provider not in session.get_providers():  # it goes on with the next one, and warns in its log
        raise DeviceError(f"ONNX Runtime has {provider} but cannot start it here, libraries may be missing: take cpu")
    return session


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
