"""The one thing that EXIF data are read for: how a picture is turned."""

from crnn_seq2seq_ocr.data.encoded.structure import DamagedError
from crnn_seq2seq_ocr.data.encoded.tiff_fields import ORIENTATION, read_fields, values


def orientation(exif: bytes) -> int:
    """1 to 8; damaged metadata are no harm to a picture, and turn nothing."""
    try:
        fields = read_fields(exif, strict=False)
        return valid_orientation(values(exif, fields[ORIENTATION])[0] if ORIENTATION in fields else 1)
    except DamagedError:
        return 1


def valid_orientation(number: int) -> int:
    """1 for what is none of the eight."""
    return number if 1 <= number <= 8 else 1
