"""What only Unix has: every module is imported without it."""

import pytest

from tests.conftest import python

pytestmark = pytest.mark.slow

HIDDEN = ("fcntl", "resource", "grp", "pwd", "termios", "syslog")

CODE = f"""
import os, pkgutil, sys
from importlib import import_module
sys.modules.update(dict.fromkeys({HIDDEN!r}))
for name in ("nice", "fork", "getuid", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
import crnn_seq2seq_ocr
for each in pkgutil.walk_packages(crnn_seq2seq_ocr.__path__, "crnn_seq2seq_ocr."):
    if not each.name.endswith("__main__"):
        import_module(each.name)
        print(each.name)
"""


def test_no_module_needs_unix_to_be_imported() -> None:
    with python("-c", CODE) as child:
        out, err = child.communicate(timeout=300)
    assert child.returncode == 0, err
    assert "crnn_seq2seq_ocr.bench.machine" in out.split()
    assert "crnn_seq2seq_ocr.bulk.results" in out.split()
