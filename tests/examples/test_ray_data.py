"""The example of Ray Data, on a Ray of two workers on this machine; its model is a file that loads quickly."""

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import TEXTS, python

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "examples" / "ray_data.py"


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'crnn-seq2seq-ocr[ray]'")
def test_it_reads_a_folder_with_two_workers(exported: Path, pictures: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    folder, out = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(pictures, folder)
    (folder / "broken.png").write_bytes(b"no picture")
    # Names of its sockets must be short; what it leaves in a home is left here.
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as place:
        environment = {
            "HOME": place,
            "RAY_TMPDIR": place,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ADDRESS": "",
            "RAY_worker_niceness": "0",  # otherwise anything else on the machine goes before its workers
        }
        with python(str(SCRIPT), str(exported), str(folder), str(out), **environment) as child:
            _, errors = child.communicate(timeout=300)
    assert child.returncode == 0, errors
    rows = sorted(parquet.read_table(out).to_pylist(), key=lambda row: row["name"])
    assert [row["name"] for row in rows] == [str(path) for path in sorted(folder.glob("*.png"))]
    assert [row["text"] for row in rows] == [*TEXTS, None]
    assert "of no known format" in rows[-1]["error"]
