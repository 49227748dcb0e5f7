"""The documentation: every public name, setting and command is in it, and it builds without a warning."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import crnn_seq2seq_ocr
from crnn_seq2seq_ocr.config import Recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pages from which the site is built."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    script = str(ROOT / "docs" / "site.py")
    done = subprocess.run([sys.executable, script, str(folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_has_exactly_the_public_names() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: crnn_seq2seq_ocr\.(\w+)$", text, re.MULTILINE)
    assert sorted([*named, "__version__"]) == sorted(crnn_seq2seq_ocr.__all__)


def test_the_reference_has_every_setting_with_a_line_on_it(pages: Path) -> None:
    text = (pages / "reference" / "recipes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (.*?) \|$", text, re.MULTILINE)
    assert len(rows) > 50
    assert not [name for name, line in rows if line.endswith("| ")]
    for section in set(Recipe.model_fields) - {"name"}:
        assert f"## `{section}`" in text


def test_the_reference_has_every_command(pages: Path) -> None:
    text = (pages / "reference" / "cli.md").read_text(encoding="utf-8")
    for command in ("read", "train", "evaluate", "serve", "data check", "bench train"):
        assert re.search(rf"^#+ crnn-ocr {command}$", text, re.MULTILINE)
    assert "| `--lexicon` |" in text


def test_every_page_is_in_the_navigation_and_the_other_way_round(pages: Path) -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = re.findall(r"[\w/-]+\.md", str(nav))
    assert sorted(listed) == sorted(path.relative_to(pages).as_posix() for path in pages.rglob("*.md"))


def test_every_link_leads_somewhere(pages: Path) -> None:
    """Files, and headings within them; addresses elsewhere are not looked up."""
    for page in pages.rglob("*.md"):
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if ":" in target:
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name) if name else page
            assert file.exists(), (page, target)
            if anchor and file.suffix == ".md":
                assert anchor in anchors(file), (page, target)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_links_to_files_of_the_repository_name_files_that_are_there(pages: Path) -> None:
    """Links out of the documentation become addresses of the repository."""
    found = []
    for page in pages.rglob("*.md"):
        found += re.findall(r"/blob/main/([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert found
    assert all((ROOT / name).exists() for name in found)


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    for each in ROOT.iterdir():
        if each.name not in {"build", ".git", ".venv"}:
            (tmp_path / each.name).symlink_to(each)
    (tmp_path / "mkdocs.yml").unlink()  # the site is built beside the real one
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    for command in ("docs/site.py build/docs", "-m zensical build --strict --config-file mkdocs.yml"):
        done = subprocess.run(
            [sys.executable, *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    built = (tmp_path / "build" / "site" / "reference" / "api" / "index.html").read_text(encoding="utf-8")
    assert "read_stream" in built
