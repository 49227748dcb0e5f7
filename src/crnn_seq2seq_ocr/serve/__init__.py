"""The service: a reader behind HTTP, and a page to try it on."""

from crnn_seq2seq_ocr.serve.app import create_app
from crnn_seq2seq_ocr.serve.settings import ServeSettings

__all__ = ["ServeSettings", "create_app"]
