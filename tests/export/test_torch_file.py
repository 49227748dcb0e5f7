"""Programs of torch.export: what is in the file reads like the model."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.errors import ExportError
from crnn_seq2seq_ocr.export import check
from crnn_seq2seq_ocr.export.torch_file import export_torch
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from tests.export.conftest import KINDS
from tests.export.test_graph import SIZES, pictures

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"content"}))  # each takes long; "fit" attends by content too
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning", "ignore:.*:UserWarning")
def test_the_file_alone_reads(models: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "model.pt2"
    checked = export_torch(models / kind, out)
    assert checked.tokens > 0
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt2"]
    extra = {"crnn-seq2seq-ocr.json": "", "usage.json": ""}
    program = torch.export.load(out, extra_files=extra).module()
    assert Description.from_dict(json.loads(extra["crnn-seq2seq-ocr.json"]), "the file") == KINDS[kind]
    assert "view_mask" in json.loads(extra["usage.json"])
    backend = TorchBackend.load(models / kind, device="cpu", precision="fp32")
    for seed, (samples, views, width) in enumerate(SIZES[kind]):
        images, view_mask = pictures(samples, views, width, seed), np.ones((samples, views), bool)
        expected = backend.read(images, view_mask)
        with torch.no_grad():
            found = program(torch.from_numpy(images).permute(0, 1, 4, 2, 3), torch.from_numpy(view_mask))
        longest = expected.tokens.shape[1]
        assert found[0].shape == (samples, KINDS[kind].max_length + 1)
        np.testing.assert_array_equal(found[0][:, :longest], expected.tokens)
        assert not found[0][:, longest:].any()
        np.testing.assert_allclose(found[1][:, :longest], expected.log_probs, atol=1e-4)
        np.testing.assert_array_equal(found[2], expected.lengths)
        np.testing.assert_allclose(found[3][:, :longest], expected.attention, atol=1e-4)
    with zipfile.ZipFile(out) as parts:
        for part in (name for name in parts.namelist() if "/weights/" not in name):  # any bytes may be in these
            for told in (b".py", b"stack_trace", str(Path(check.__file__).parent).encode()):
                assert told not in parts.read(part), f"{part} tells of the machine that made it"


def test_a_failed_check_writes_nothing(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    with pytest.raises(ExportError, match="First difference"):
        export_torch(models / "position", tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


def test_the_name_of_the_file(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"give it a name that ends with \.pt2"):
        export_torch(models / "content", tmp_path / "model.onnx")
