"""Encoded pictures from anywhere: what their bytes really hold, found out before a decoder sees them."""

from crnn_seq2seq_ocr.data.encoded.examine import FORMATS, examine
from crnn_seq2seq_ocr.data.encoded.structure import DamagedError, Encoded, SizeError

__all__ = ["FORMATS", "DamagedError", "Encoded", "SizeError", "examine"]
