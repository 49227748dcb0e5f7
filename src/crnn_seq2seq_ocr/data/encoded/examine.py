"""Which format a file has, by its first bytes, and whether its structure holds."""

from crnn_seq2seq_ocr.data.encoded.bmp import examine_bmp
from crnn_seq2seq_ocr.data.encoded.gif import examine_gif
from crnn_seq2seq_ocr.data.encoded.jpeg import examine_jpeg
from crnn_seq2seq_ocr.data.encoded.png import examine_png
from crnn_seq2seq_ocr.data.encoded.pnm import examine_pnm
from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, Encoded
from crnn_seq2seq_ocr.data.encoded.tiff import examine_tiff
from crnn_seq2seq_ocr.data.encoded.webp import examine_webp

FORMATS = ("PNG", "JPEG", "WebP", "TIFF", "BMP", "GIF", "PPM", "PGM")
"""The formats that are read; no decoder of another one is ever tried."""


def examine(data: bytes, *, most_pixels: int) -> Encoded:
    """Walk through a file without decoding: every length it claims is held against the bytes that are there.

    Time and memory are bounded by the size of the file. What it gives holds only what a decoder needs for the first
    picture: colour profiles, texts, previews and further pictures are left out.

    Raises:
        DamagedError: It is of no known format, cut short, or claims what it does not hold.
        SizeError: It claims more than `most_pixels`.
    """
    match data[:4]:
        case b"\x89PNG":
            return examine_png(data, most_pixels)
        case b"RIFF":
            return examine_webp(data, most_pixels)
        case b"GIF8":
            return examine_gif(data, most_pixels)
        case b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+":
            return examine_tiff(data, most_pixels)
    if data.startswith(b"\xff\xd8\xff"):
        return examine_jpeg(data, most_pixels)
    if data.startswith(b"BM"):
        return examine_bmp(data, most_pixels)
    if data.startswith((b"P2", b"P3", b"P5", b"P6")):
        return examine_pnm(data, most_pixels)
    raise DamagedError("it is of no known format")
