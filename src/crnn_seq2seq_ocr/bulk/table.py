"""Readings as a PyArrow table: the columns of Parquet files, and what Ray Data hands on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crnn_seq2seq_ocr.system.dependencies import needing

if TYPE_CHECKING:
    import pyarrow


def to_table(readings: Sequence[dict[str, Any]]) -> "pyarrow.Table":
    """Return what `Reading.to_dict` gives, as columns.

    They are name, text, confidence, complete, characters (lists of what a `Character` has) and error; all but the name
    and the error are null where a text could not be read, and the error is null where it could.

    Raises:
        DependencyError: PyArrow is not installed.
    """
    arrow = import_pyarrow()
    alternative = arrow.struct([("text", arrow.string()), ("confidence", arrow.float32())])
    character = arrow.struct(
        [("text", arrow.string()), ("confidence", arrow.float32()), ("view", arrow.int16()),
         ("x", arrow.float32()), ("y", arrow.float32()), ("alternatives", arrow.list_(alternative))]
    )  # fmt: skip
    schema = arrow.schema(
        [("name", arrow.string()), ("text", arrow.string()), ("confidence", arrow.float32()),
         ("complete", arrow.bool_()), ("characters", arrow.list_(character)), ("error", arrow.string())]
    )  # fmt: skip
    return arrow.Table.from_pylist([as_text(each) for each in readings], schema)


def import_pyarrow() -> Any:
    """Import and return the module.

    Raises:
        DependencyError: It is not installed.
    """
    with needing("a table of readings"):
        import pyarrow
        import pyarrow.parquet
    return pyarrow


def as_text(reading: dict[str, Any]) -> dict[str, Any]:
    """Names of files may hold half characters, which no column of text takes."""
    texts = {key: value for key, value in reading.items() if key in {"name", "error"}}
    return reading | {key: value.encode(errors="backslashreplace").decode() for key, value in texts.items()}
