"""Writing ONNX files: what stays when the check fails, smaller files, and what a user can get wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file

from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.errors import CheckpointError, DataError, ExportError, StorageError
from crnn_seq2seq_ocr.export import check
from crnn_seq2seq_ocr.export.graph import Pieces, translate
from crnn_seq2seq_ocr.export.onnx_file import Exported, _content, export_onnx
from crnn_seq2seq_ocr.inference.onnx_backend import OnnxBackend
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.conftest import TEXTS
from tests.export.conftest import KINDS, save_untrained

pytestmark = pytest.mark.slow

Export = Callable[..., Exported]


@pytest.fixture
def export(trained: Path, pieces: Pieces, monkeypatch: pytest.MonkeyPatch) -> Export:
    """Exports the model of `trained` without the seconds of translation."""
    monkeypatch.setattr("crnn_seq2seq_ocr.export.onnx_file.translate", lambda *_, **__: pieces)
    return lambda out, **settings: export_onnx(trained, out, **settings)


def told(path: Path) -> dict[str, str]:
    return {each.key: each.value for each in onnx.load(path).metadata_props}


def operators(graph: onnx.GraphProto) -> set[str]:
    """The kinds of nodes, those of the loop's body too."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return {node.op_type for node in graph.node}.union(*map(operators, inner))


def test_a_failed_check_leaves_what_is_there(tmp_path: Path, export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    out = tmp_path / "abc.onnx"
    out.write_bytes(b"an earlier one")
    expected = r"First difference in a batch of 1, 1 views, 32 pixels wide: token 1 of text 1 is .* in PyTorch, "
    with pytest.raises(ExportError, match=expected) as caught:
        export(out)
    assert out.read_bytes() == b"an earlier one"
    assert "abc.failed.onnx" in str(caught.value)
    assert OnnxBackend.load(tmp_path / "abc.failed.onnx").description.charset == "abc"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abc.failed.onnx", "abc.onnx"]


def test_folders_are_made_and_a_file_is_replaced(tmp_path: Path, export: Export) -> None:
    out = tmp_path / "new" / "folder" / "abc.onnx"
    export(out)
    out.write_bytes(b"damaged since")
    export(out)
    assert OnnxBackend.load(out).description.charset == "abc"
    assert [path.name for path in out.parent.iterdir()] == ["abc.onnx"]


def test_int8(tmp_path: Path, export: Export, exported: Path, pictures: Path) -> None:
    out = tmp_path / "small.onnx"
    done = export(out, precision="int8", data=str(pictures), calibration=str(pictures), limit=10)
    whole, small = done.measured
    assert (whole.precision, small.precision) == ("fp32", "int8")
    assert whole.samples == small.samples == 10
    assert whole.sequence_accuracy == small.sequence_accuracy == small.agreement == 1.0
    assert small.megabytes == pytest.approx(out.stat().st_size / 1e6, rel=0.1)
    assert min(small.one, small.many, small.one_ratio, small.many_ratio, whole.one) > 0
    assert whole.one_ratio == whole.many_ratio == 1.0
    assert {"QLinearConv", "QuantizeLinear", "DynamicQuantizeLSTM", "MatMulInteger"} - operators(
        onnx.load(out).graph
    ) <= {"QLinearConv"}
    measured = json.loads(told(out)["measured"])
    assert (told(out)["precision"], measured["data"]) == ("int8", str(pictures))
    assert [each["precision"] for each in measured["files"]] == ["fp32", "int8"]
    assert "checked" in told(out)
    files = sorted(str(path) for path in pictures.glob("*.png"))
    assert [reading.text for reading in Reader.load(out).read(files)] == TEXTS


def test_int8_calibrates_with_drawn_pictures_unless_told(tmp_path: Path, export: Export, pictures: Path) -> None:
    done = export(tmp_path / "small.onnx", precision="int8", data=str(pictures), limit=2)
    assert done.measured[1].samples == 2


def test_fp16(tmp_path: Path, export: Export, exported: Path, pictures: Path) -> None:
    out = tmp_path / "half.onnx"
    done = export(out, precision="fp16", data=str(pictures))
    assert done.measured[1].agreement == 1.0
    assert told(out)["precision"] == "fp16"
    weights = [each for each in onnx.load(out).graph.initializer if len(each.dims) > 1]
    assert {each.data_type for each in weights} == {onnx.TensorProto.FLOAT16}
    assert out.stat().st_size < exported.stat().st_size
    files = sorted(str(path) for path in pictures.glob("*.png"))
    assert [reading.text for reading in Reader.load(out).read(files)] == TEXTS


def test_fp16_of_weights_that_are_kept_in_fp16_is_exactly_the_model(tmp_path: Path) -> None:
    folder, out = tmp_path / "half", tmp_path / "half" / "model.onnx"
    save_untrained(KINDS["fit"], tmp_path / "whole")
    save_model(*load_model(tmp_path / "whole"), folder, half=True)
    done = export_onnx(folder, out, precision="fp16")
    assert done.checked.tokens > 0
    assert not done.measured
    kept, content = onnx.load(out), load_file(folder / "model.safetensors")
    weights = {each.name: each for each in kept.graph.initializer if each.data_type == onnx.TensorProto.FLOAT16}
    convolutions = [name for name in content if name.startswith("encoder.convolutions") and content[name].ndim == 4]
    assert len(convolutions) >= 2
    for name in convolutions:
        found = numpy_helper.to_array(weights[f"encoder/recognizer.{name}_fp16"])
        np.testing.assert_array_equal(found, content[name])
    whole = translate(*load_model(folder), keep_weights=True)
    (tmp_path / "whole.onnx").write_bytes(_content(whole, load_model(folder)[1], "fp32"))
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 64, 3), np.uint8)
    one, other = (OnnxBackend.load(path).read(images, np.ones((2, 1), bool)) for path in (out, tmp_path / "whole.onnx"))
    for mine, its in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, its)
    assert Reader.load(folder, backend="onnx").description == load_model(folder)[1]


def test_smaller_files_are_measured(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(ExportError, match=r"int8 changes what is read: name data to measure by how much \(--data\)"):
        export_onnx(trained, tmp_path / "abc.onnx", precision="int8")
    assert not list(tmp_path.iterdir())


def test_data_that_cannot_be_read(tmp_path: Path, export: Export, pictures: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "000.png").write_bytes(b"no picture")
    (broken / "labels.tsv").write_text("000.png\ta\n")
    with pytest.raises(DataError, match=r"none of .* can be read: name other pictures to calibrate with"):
        export(tmp_path / "a.onnx", precision="int8", data=str(pictures), calibration=str(broken))
    with pytest.raises(DataError, match=r"none of .* can be read: name data to measure the model on"):
        export(tmp_path / "a.onnx", precision="fp16", data=str(broken))
    assert not (tmp_path / "a.onnx").exists()


def test_places_that_cannot_be_written(tmp_path: Path, trained: Path, export: Export) -> None:
    with pytest.raises(ExportError, match=r"model\.bin would not be known for what it is: give it a name that ends"):
        export_onnx(trained, tmp_path / "model.bin")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"could not be written .*a file has the name of a folder"):
        export_onnx(trained, tmp_path / "file" / "model.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(StorageError, match=r"folder\.onnx is a folder: name a file"):
        export_onnx(trained, tmp_path / "folder.onnx")


def test_models_that_are_not_there(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        export_onnx(tmp_path / "none", tmp_path / "model.onnx")
    with pytest.raises(CheckpointError, match="is not a folder"):
        export_onnx(exported, tmp_path / "model.onnx")


def test_nothing_of_the_machine_that_made_it_is_in_the_file(exported: Path) -> None:
    """The translation keeps where in which file each operator comes from."""
    content = exported.read_bytes()
    for told in (b".py", b"stack_trace", str(Path(check.__file__).parent).encode()):
        assert told not in content
