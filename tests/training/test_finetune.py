"""Going on from a model: which characters the new one has, and what becomes of what was known of each."""

import json
from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.checkpoint.folders import checkpoints
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import build, load_model, save_model
from crnn_seq2seq_ocr.config import Recipe, TextSettings
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import CharsetError, CheckpointError, RecipeError
from crnn_seq2seq_ocr.model.recognizer import TOKEN_ROWS, Recognizer
from crnn_seq2seq_ocr.text import FSNS_CHARSET, SPECIAL_COUNT, WORDS_CHARSET, Tokenizer
from crnn_seq2seq_ocr.training.finetune import PretrainedModel, resolve_charset
from crnn_seq2seq_ocr.training.train import train
from tests.conftest import MakeRecipe, write_folder

NOTHING = open_source("synthetic:signs?count=1")


def with_cell_output(micro: MakeRecipe, **changes: object) -> Recipe:
    """A recipe whose network has everything that has rows for tokens."""
    stages = [{"channels": 8, "pool": [8, 2]}, {"channels": 8, "pool": [4, 2]}]
    return micro(model__encoder={"stages": stages, "recurrent_size": 8, "cell_output": True}, **changes)


def a_model(recipe: Recipe, charset: str, folder: Path) -> Path:
    description = Description(charset, 4, recipe.preprocessing, recipe.model)
    save_model(build(description), description, folder)
    return folder


def settings(charset: str, policy: str = "fail", classes: int | None = None) -> TextSettings:
    return TextSettings.model_validate({"charset": charset, "charset_policy": policy, "classes": classes})


def initial(charset: str) -> PretrainedModel:
    return PretrainedModel("old", torch.nn.Module(), charset)  # type: ignore[arg-type]


@pytest.mark.parametrize(("classes", "length"), [(None, 3), (10, 6)])
def test_classes_fill_the_charset(classes: int | None, length: int) -> None:
    assert resolve_charset(settings("abc", classes=classes), NOTHING) == "abc" + "\0" * (length - 3)


def test_too_few_classes_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"text.classes is 6, the charset needs 7"):
        resolve_charset(settings("abc", classes=6), NOTHING)


def test_charsets_have_names() -> None:
    assert resolve_charset(settings("fsns"), NOTHING) == FSNS_CHARSET
    assert resolve_charset(settings("words"), NOTHING) == WORDS_CHARSET


@pytest.mark.parametrize(
    ("known", "wanted", "policy", "expected"),
    [
        ("abc", "abc", "fail", "abc"),
        ("cbad", "ab", "fail", "cbad"),
        ("cbad", "ab", "union", "cbad"),
        ("cbad", "ab", "new", "ab"),
        ("cba", "aéb№", "union", "cbaé№"),
        ("cba", "aéb№", "new", "aéb№"),
        ("a\0b\0\0", "bc", "union", "a\0bc"),
        ("a\0b\0\0", "ab", "fail", "a\0b"),
        ("éa", "auto", "union", "éa'DEFGLRabcdehilnorstuvÉ "),
    ],
)
def test_the_policies(known: str, wanted: str, policy: str, expected: str) -> None:
    found = resolve_charset(settings(wanted, policy), NOTHING, initial(known))
    if wanted == "auto":
        assert found == known + "".join(sorted(set(NOTHING.text(0)) - set(known)))
    else:
        assert found == expected


def test_classes_are_filled_after_the_charsets_are_joined() -> None:
    assert resolve_charset(settings("abc", "union", classes=9), NOTHING, initial("ax\0\0\0")) == "axbc\0"
    assert resolve_charset(settings("ab", classes=9), NOTHING, initial("ab\0\0\0")) == "ab\0\0\0"
    with pytest.raises(RecipeError, match=r"text.classes is 7, the charset needs 8"):
        resolve_charset(settings("abc", "union", classes=7), NOTHING, initial("ax"))


def test_what_a_model_lacks_is_named_with_its_number_and_its_first_sample(tmp_path: Path) -> None:
    source = open_source(str(write_folder(tmp_path, ["ab", "b№", "№№é", "cab"])))
    with pytest.raises(CharsetError) as caught:
        resolve_charset(settings("auto"), source, initial("ab"))
    assert str(caught.value).splitlines() == [
        "old lacks 3 characters of this training (text.charset)",
        "  'c' (U+0063 LATIN SMALL LETTER C): in 1 texts, first of 003.png",
        "  'é' (U+00E9 LATIN SMALL LETTER E WITH ACUTE): in 1 texts, first of 002.png",
        "  '№' (U+2116 NUMERO SIGN): in 2 texts, first of 001.png",
        "text.charset_policy=union adds them to the model's, text.charset_policy=new takes exactly the training's; "
        "or name a text.charset without them, then texts that hold them are dropped",
    ]


def test_many_lacking_characters_and_broken_samples_make_no_long_message(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, ["c"])
    (folder / "000.png").unlink()
    with pytest.raises(CharsetError) as caught:
        resolve_charset(settings("abcdefghijklmnop"), open_source(str(folder)), initial("ab"))
    lines = str(caught.value).splitlines()
    assert lines[1] == "  'c' (U+0063 LATIN SMALL LETTER C): in 1 texts, first of sample 0"
    assert lines[2] == "  'd' (U+0064 LATIN SMALL LETTER D): in no text looked at"
    assert lines[11] == "  and 4 more: mnop"


def test_weights_are_handed_over_character_by_character(micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = with_cell_output(micro)
    old = PretrainedModel.load(a_model(recipe, "ab\0c", tmp_path / "old"))
    charset = "xc\0a"
    fresh = Recognizer(recipe.model, recipe.preprocessing, SPECIAL_COUNT + len(charset))
    before = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    told = old.load_into(fresh, Tokenizer(charset))
    assert told == f"from the weights of {tmp_path / 'old'}: 3 characters, 1 of them new: x, 1 left out: b"
    known, found = old.recognizer.state_dict(), fresh.state_dict()
    assert found.keys() >= TOKEN_ROWS
    for name, tensor in found.items():
        if name not in TOKEN_ROWS:
            assert torch.equal(tensor, known[name]), name
            continue
        assert torch.equal(tensor[:4], known[name][:4])
        for row, source in enumerate([before[name][4], known[name][7], known[name][6], known[name][4]], SPECIAL_COUNT):
            assert torch.equal(tensor[row], source), (name, row)


@pytest.mark.parametrize("gained", [True, False])
def test_the_second_output_may_come_and_go(micro: MakeRecipe, tmp_path: Path, gained: bool) -> None:
    with_it = with_cell_output(micro)
    encoder = with_it.model.encoder.model_copy(update={"cell_output": False})
    without = with_it.model_copy(update={"model": with_it.model.model_copy(update={"encoder": encoder})})
    old, recipe = (without, with_it) if gained else (with_it, without)
    start = PretrainedModel.load(a_model(old, "abc", tmp_path / "old"))
    fresh = Recognizer(recipe.model, recipe.preprocessing, SPECIAL_COUNT + 3)
    before = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    start.load_into(fresh, Tokenizer("abc"))
    known = start.recognizer.state_dict()
    for name, tensor in fresh.state_dict().items():
        assert torch.equal(tensor, known.get(name, before[name])), name


def test_weights_go_on_into_a_memory_with_more_rows_and_columns(micro: MakeRecipe, tmp_path: Path) -> None:
    start = PretrainedModel.load(a_model(with_cell_output(micro), "abc", tmp_path / "old"))
    stages = [{"channels": 8, "pool": [8, 2]}, {"channels": 8}]
    encoder = {"stages": stages, "recurrent_size": 8, "cell_output": True, "cell_rows": "max"}
    recipe = micro(model__encoder=encoder)
    fresh = Recognizer(recipe.model, recipe.preprocessing, SPECIAL_COUNT + 3)
    before = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    start.load_into(fresh, Tokenizer("abc"))
    known, found = start.recognizer.state_dict(), fresh.state_dict()
    # One pooling less: what stood behind it has another number.
    for mine, theirs in {"4.weight": "4.weight", "5.weight": "6.weight", "5.running_var": "6.running_var"}.items():
        assert torch.equal(found[f"encoder.convolutions.{mine}"], known[f"encoder.convolutions.{theirs}"]), mine
    assert found["encoder.row_places"].shape == (4, 1, 16)
    assert (found["encoder.row_places"] == known["encoder.row_places"]).all()
    columns = found["encoder.column_places"]
    assert columns.shape == (16, 16)
    assert torch.equal(columns[:8], known["encoder.column_places"])
    assert torch.equal(columns[8:], before["encoder.column_places"][8:])
    assert torch.equal(found["decoder.output.weight"], known["decoder.output.weight"])


def test_other_sizes_are_refused(micro: MakeRecipe, tmp_path: Path) -> None:
    recipe = micro(model__width=32)
    start = PretrainedModel.load(a_model(micro(), "abc", tmp_path / "old"))
    fresh = Recognizer(recipe.model, recipe.preprocessing, SPECIAL_COUNT + 4)
    with pytest.raises(CheckpointError, match=r"old has other sizes than the recipe: take its preprocessing"):
        start.load_into(fresh, Tokenizer("abcd"))


@pytest.mark.parametrize(("policy", "charset"), [("union", "bacé"), ("new", "acé")])
def test_a_training_goes_on_with_other_characters_and_is_resumed(
    micro: MakeRecipe, tmp_path: Path, policy: str, charset: str
) -> None:
    data = write_folder(tmp_path / "data", ["ac", "cé", "éa", "aa"])
    changes = {"text__charset": "auto", "text__charset_policy": policy, "data__train": str(data),
               "training__save_every": 2, "training__keep_last": 9}  # fmt: skip
    old = a_model(micro(), "bac", tmp_path / "old")
    train(micro(**changes, training__steps=4), folder=tmp_path / "whole", initial=old)
    assert load_model(tmp_path / "whole")[1].charset == charset
    train(micro(**changes, training__steps=2), folder=tmp_path / "parts", initial=old)
    train(micro(**changes, training__steps=4), folder=tmp_path / "parts", resume=True)
    whole, parts = (load_model(checkpoints(tmp_path / name)[-1]) for name in ("whole", "parts"))
    assert parts[1].charset == charset
    assert parts[1].step == whole[1].step == 4
    logged = (tmp_path / "whole" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [line for line in map(json.loads, logged) if line["kind"] == "training"]


def test_what_is_resumed_does_not_look_for_the_model_again(micro: MakeRecipe, tmp_path: Path) -> None:
    old = a_model(micro(), "cab", tmp_path / "old")
    train(micro(training__steps=1), folder=tmp_path / "run", initial=old)
    outcome = train(micro(training__steps=2), folder=tmp_path / "run", resume=True, initial=tmp_path / "gone")
    assert outcome.step == 2
    assert load_model(tmp_path / "run")[1].charset == "cab"
