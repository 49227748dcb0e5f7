"""What an ONNX file says of itself, read from the file without loading the network."""

import mmap
from pathlib import Path

from crnn_seq2seq_ocr.system.protobuf import fields

_METADATA, _KEY, _VALUE = 14, 1, 2  # fields of ModelProto and of StringStringEntryProto (onnx.proto)


def read_metadata(path: Path) -> dict[str, str]:
    """Read the entries of the file's metadata.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no protocol buffer, or its texts are no UTF-8.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return metadata_of(content)


def metadata_of(content: bytes | mmap.mmap) -> dict[str, str]:
    """Return the entries of the metadata of a file's content.

    Raises:
        ValueError: It is no protocol buffer, or its texts are no UTF-8.
    """
    entries = [
        {key: content[place] for key, place in fields(content, entry.start, entry.stop) if isinstance(place, slice)}
        for number, entry in fields(content)
        if number == _METADATA and isinstance(entry, slice)
    ]
    return {each[_KEY].decode(): each[_VALUE].decode() for each in entries if _KEY in each and _VALUE in each}
