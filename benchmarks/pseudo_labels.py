"""How many labels `crnn-ocr data label` gives, and how many are right: a table in Markdown, for docs/labelling.md.

    python -m benchmarks.pseudo_labels FOLDER --with words,rapidocr

The folder has pictures with their true texts (``labels.tsv``). Each reader reads every picture once; every rule is then
applied to what they said, so that rules are compared on the same readings. Apostrophes and quotation marks count as
the same whether they are curly or straight, which transcribers settle as they please.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.labelling.pseudo import Rule, judge
from crnn_seq2seq_ocr.labelling.readers import Guess, load_crop_reader
from crnn_seq2seq_ocr.text import normalize

RULES = {
    "as it stands": Rule(),
    "`--only-agreed`": Rule(alone=None),
    "`--only-agreed --agree 0.9`": Rule(alone=None, agree=0.9),
    "`--alone 0.9`": Rule(alone=0.9),
}


PLAIN = str.maketrans("‘’‚“”„ӓӧ", "'''" + '"""' + "äö")
"""Curly to straight; Cyrillic letters that some transcriptions have for the Latin ones that look the same."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--with", dest="readers", default="words,rapidocr")
    arguments = parser.parse_args()
    truths = labels(arguments.folder)
    paths = [arguments.folder / name for name in truths]
    names = arguments.readers.split(",")
    read = [list(load_crop_reader(name).read(paths)) for name in names]
    texts = list(truths.values())
    print(f"{len(texts):,} pictures\n\n| rule | labels | of all | right | right but for case and spaces |")
    print("|---|---:|---:|---:|---:|")
    for name, guesses in zip(names, read, strict=True):
        print(row(f"`{name}` alone, every text", [guess.text or None for guess in guesses], texts))
    together = list(zip(*read, strict=True))
    for title, rule in RULES.items():
        print(row(title, [judge(guesses, rule).text for guesses in together], texts))
    print_reasons(together, texts)


def labels(folder: Path) -> dict[str, str]:
    """The true text of each picture, by its name from the folder."""
    source = open_source(str(folder))
    return {source[index].name: normalize(source.text(index)) for index in range(len(source))}


def row(title: str, given: Sequence[str | None], truths: Sequence[str]) -> str:
    """A row of the table: how many labels were given, and which share of them is right."""
    pairs = [(label, truth) for label, truth in zip(given, truths, strict=True) if label is not None]
    strict = sum(label.translate(PLAIN) == truth.translate(PLAIN) for label, truth in pairs)
    folded = sum(fold(label) == fold(truth) for label, truth in pairs)
    count = max(1, len(pairs))
    shares = " | ".join(f"{100 * part / whole:.1f} %" for part, whole in
                        ((len(pairs), len(truths)), (strict, count), (folded, count)))  # fmt: skip
    return f"| {title} | {len(pairs):,} | {shares} |"


def print_reasons(together: Sequence[Sequence[Guess]], truths: Sequence[str]) -> None:
    """The same of the first rule by the reason of each label."""
    verdicts = [judge(guesses, Rule()) for guesses in together]
    for reason in sorted({verdict.reason for verdict in verdicts if verdict.text is not None}):
        print(row(f"- {reason}", [each.text if each.reason == reason else None for each in verdicts], truths))


def fold(text: str) -> str:
    """Without spaces, in small letters."""
    return "".join(text.split()).casefold().translate(PLAIN)


if __name__ == "__main__":
    main()
