"""Reading within Ray Data, which spreads pictures over a cluster: what its `map_batches` calls. Ray is not imported."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crnn_seq2seq_ocr.bulk.table import to_table
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader, as_sample

if TYPE_CHECKING:
    import pyarrow

PICTURES = ("bytes", "image", "path")
"""Columns that pictures are taken from, the first that is there: files, RGB pixels, or paths to open."""


class ReadPictures:
    """Reads batches of pictures; each worker makes one and keeps its model.

    Example:
        >>> pictures = ray.data.read_binary_files("photos/", include_paths=True)  # doctest: +SKIP
        >>> workers = ray.data.ActorPoolStrategy(size=2)  # doctest: +SKIP
        >>> readings = pictures.map_batches(  # doctest: +SKIP
        ...     ReadPictures, fn_constructor_args=("words",), compute=workers, batch_size=64
        ... )

    Args:
        model: As for `Reader.load`.
        device: As for `Reader.load`.
        precision: As for `Reader.load`.
        beam: Width of the search.
    """

    def __init__(
        self, model: str | Path, *, device: str = "auto", precision: Literal["fp32", "bf16"] = "fp32", beam: int = 1
    ) -> None:
        self._reader = Reader.load(model, device=device, precision=precision)
        self._beam = beam

    def __call__(self, batch: dict[str, Any]) -> "pyarrow.Table":
        """Return the readings of a batch, in order, with the columns of `table.to_table`.

        A picture that cannot be read has an error, and the rest go on.

        Args:
            batch: ``bytes`` or ``image``, with or without ``path``, which then names the reading; or ``path`` alone.

        Raises:
            DataError: There is no such column.
        """
        column = next((name for name in PICTURES if name in batch), None)
        if column is None:
            raise DataError(f"a batch must have one of the columns {', '.join(PICTURES)}, not only {', '.join(batch)}")
        samples = [as_sample(picture, number) for number, picture in enumerate(batch[column])]
        readings = [reading.to_dict() for reading in self._reader.stream(samples, beam=self._beam)]
        names = batch.get("path", [reading["name"] for reading in readings])
        return to_table([reading | {"name": str(name)} for reading, name in zip(readings, names, strict=True)])
