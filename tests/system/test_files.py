"""Writing: whole files or none, and refusals in plain words."""

import errno
import re
import sys
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.errors import DownloadError, StorageError
from crnn_seq2seq_ocr.system.files import read_ordinary, replacing, whole_folder, writing
from tests.conftest import python


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path) -> None:
    path.write_text("half")
    raise ZeroDivisionError


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        _write_half(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"/deep/data could not be written \(the system's words, \d+ MB free\): free some space"),
        (errno.EDQUOT, "could not be written .*free some space"),
        (errno.EROFS, "could not be written .*change its permissions"),
        (errno.EACCES, "could not be written .*change its permissions"),
        (errno.ENOTDIR, "could not be written .*a file has the name of a folder there"),
    ],
)
def test_refusals_become_clear_errors(tmp_path: Path, number: int, message: str) -> None:
    folder = tmp_path / "deep" / "data"
    with pytest.raises(StorageError, match=message) as caught, writing(folder):
        raise OSError(number, "the system's words")
    assert re.search(re.escape(str(folder)), str(caught.value))


def test_errors_of_this_package_pass() -> None:
    with pytest.raises(DownloadError, match=r"^ours$"), writing(Path("x")):
        raise DownloadError("ours")


@pytest.mark.slow
def test_a_folder_that_is_written_anew_is_there_at_every_moment(tmp_path: Path) -> None:
    """Another process looks for it as fast as it can."""
    folder = tmp_path / "model"
    looking = (
        "import os, sys\nprint('looks', flush=True)\nwhile not os.path.exists(sys.argv[2]):\n"
        "    if not os.path.exists(sys.argv[1]): sys.exit('it was away')\n"
    )

    def write(text: str) -> None:
        with whole_folder(folder) as partial:
            (partial / "model.json").write_text(text)

    write("0")
    with python("-c", looking, str(folder / "model.json"), str(tmp_path / "end")) as child:
        assert child.stdout is not None
        child.stdout.readline()
        for number in range(1000):
            write(str(number))
        (tmp_path / "end").touch()
        _, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (0, "")
    assert (folder / "model.json").read_text() == "999"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="files that the kernel makes up are Linux's")
def test_a_file_that_the_kernel_makes_up_is_empty() -> None:
    assert read_ordinary(Path("/proc/kmsg")) == b""
