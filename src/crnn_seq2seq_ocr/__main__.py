"""``python -m crnn_seq2seq_ocr`` is ``crnn-ocr``."""

from crnn_seq2seq_ocr.cli import main

if __name__ == "__main__":
    main()
