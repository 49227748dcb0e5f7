"""What is handed out: an sdist and a wheel, built from this tree and installed into an empty environment."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import crnn_seq2seq_ocr

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "crnn_seq2seq_ocr"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run(*arguments: str, **environment: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, env=os.environ | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this tree and the wheel made of it."""
    pytest.importorskip("setuptools", reason="building without the network needs setuptools at hand")
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "src"):
        run("cp", "-r", str(ROOT / name), str(source))
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source))
    return folder


@pytest.mark.slow
def test_both_hold_every_file_of_the_package(built: Path) -> None:
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    ours = {
        str(path.relative_to(ROOT / "src"))
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    with zipfile.ZipFile(wheel) as opened:
        assert ours <= set(opened.namelist())
    with tarfile.open(sdist) as packed:
        names = {name.partition("/src/")[2] for name in packed.getnames()}
    assert ours <= names


@pytest.mark.slow
def test_the_wheel_reads_in_an_empty_environment(built: Path, pictures: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel))
    # The dependencies are those of this environment; the package itself is only in the new one.
    (path,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (path / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    code = "import crnn_seq2seq_ocr as package; print(package.__file__, package.__version__)"
    shown = run(python, "-c", code, PYTHONPATH="")
    place, version = shown.rsplit(maxsplit=1)
    assert Path(place).is_relative_to(tmp_path)
    assert version == crnn_seq2seq_ocr.__version__
    command = str(tmp_path / "venv" / "bin" / "crnn-ocr")
    read = run(command, "read", "words", str(pictures / "000.png"), PYTHONPATH="")  # the model came in the wheel
    assert read.startswith(f"{pictures / '000.png'}\t")


def test_the_version_stands_in_one_place() -> None:
    assert PROJECT["dynamic"] == ["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == crnn_seq2seq_ocr.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## (Unreleased|{re.escape(crnn_seq2seq_ocr.__version__)})", changes, re.MULTILINE)


def test_the_repository_has_one_address() -> None:
    address = PROJECT["urls"]["Homepage"]
    assert PROJECT["urls"]["Issues"] == f"{address}/issues"
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["repository-code"] == address
    links = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf-8"))
    assert all(link["url"].startswith(address) for link in links["contact_links"])
    assert f"repo_url: {address}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(link.startswith(address) for name, link in PROJECT["urls"].items() if name != "Documentation")
    _, _, host, owner, name = address.split("/")
    assert PROJECT["urls"]["Documentation"] == f"https://{owner}.{host.replace('.com', '.io')}/{name}"
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.*")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert all(link.startswith(address) for link in re.findall(rf"https://[\w.]+/{owner}[\w/-]*", text)), page
