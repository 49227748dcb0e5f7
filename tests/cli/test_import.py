"""``crnn-ocr import-mindspore``."""

from pathlib import Path

import cv2
import numpy as np

from tests.cli.conftest import Command
from tests.model import original
from tests.model.checkpoint_file import training_checkpoint, write_checkpoint
from tests.model.original import SMALL


def test_a_checkpoint_of_the_original_becomes_a_model_that_reads(command: Command, tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path / "crnn.ckpt", training_checkpoint(original.flat_layout(SMALL)))
    entries = ["_PAD", "_GO", "_EOS", "_UNK", *map(chr, range(0x41, 0x41 + 40))]
    (tmp_path / "general_chars.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    out = tmp_path / "models" / "crnn"
    answer = command("import-mindspore", file, "--charset", tmp_path / "general_chars.txt", "--out", out)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out == f"{out}: 41 characters, texts of up to 14\n"
    strip = (original.strips(SMALL)[0].transpose(1, 2, 0) * 127.5 + 127.5).round().astype(np.uint8)
    cv2.imwrite(str(tmp_path / "sign.png"), strip)
    answer = command("read", out, tmp_path / "sign.png", "--beam", 2)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"{tmp_path / 'sign.png'}\t")
