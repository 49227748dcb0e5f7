"""``--allow`` and ``--pattern`` as a user types them."""

from pathlib import Path

from tests.cli.conftest import Command


def test_reading_and_evaluating_within_a_pattern(command: Command, trained: Path, pictures: Path) -> None:
    answer = command("read", trained, pictures / "000.png", "--pattern", "c[ab]")
    assert answer.status == 0, answer.err
    assert answer.out.split("\t")[1] in {"ca", "cb"}
    answer = command("read", trained, pictures / "000.png", "--allow", "b")
    assert set(answer.out.split("\t")[1]) <= {"b"}
    answer = command("evaluate", trained, pictures, "--pattern", "[abc]*", "--json")
    assert '"search": "beam of 1 within the pattern [abc]*"' in answer.out


def test_mistakes_are_told(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("ab\n")
    both = command("read", trained, pictures, "--allow", "a", "--lexicon", tmp_path / "names.txt")
    assert (both.status, "leave out --allow and --pattern, or --lexicon" in both.err) == (1, True)
    assert "cannot be used" in command("read", trained, pictures, "--pattern", "[a").err
