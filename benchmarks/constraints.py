"""What reading within a constraint costs: plain, allowed characters, a pattern, a lexicon, turn by turn in one run.

    python -m benchmarks.constraints [--count 100] [--rounds 5]

Draws labels with a batch code and a date (`benchmarks.tasks`), reads them one by one with `words`, and prints a row in
Markdown for each way: the median over the rounds of the processor time of a picture, of the reading alone.
"""

import argparse
import statistics
import time

from benchmarks.tasks import samples_of_task
from crnn_seq2seq_ocr.bench.machine import Circumstances
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.inference.readings import PreparedSample
from crnn_seq2seq_ocr.model.constraint import Constraint
from crnn_seq2seq_ocr.model.lexicon import Lexicon

PATTERN = r"LOT [A-Z]\d{5}[A-Z] EXP \d{2}\.\d{2}\.20\d{2}"
LARGE = r"(?:[A-Z0-9. ]{1,4}){1,20}"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    drawn = samples_of_task("labels", count=chosen.count, seed=5)
    print("| runs on | within | ms a picture | right |\n| --- | --- | ---: | ---: |")
    for backend in ("onnx", "torch"):
        reader = Reader.load("words", backend=backend, device="cpu")
        prepared = [reader.prepare(Sample(str(number), (pixels,), "", 1)) for number, (_, pixels) in enumerate(drawn)]
        ready = [each for each in prepared if isinstance(each, PreparedSample)]
        texts = [text for text, _ in drawn]
        ways: dict[str, Constraint | None] = {
            "anything": None,
            "`--allow 'A-Z0-9. '`": reader.constraint(allow="A-Z0-9. "),
            "`--pattern` of the labels": reader.constraint(pattern=PATTERN),
            "`--pattern` of 80 places": reader.constraint(pattern=LARGE),
        }
        if backend == "torch":
            ways["`--lexicon` of these texts"] = Lexicon(texts, reader.tokenizer)
        times: dict[str, list[float]] = {way: [] for way in ways}
        right: dict[str, int] = {}
        for _ in range(chosen.rounds):
            for way, constraint in ways.items():
                began = time.process_time()
                found = [reader.read_prepared([each], lexicon=constraint)[0].text for each in ready]
                times[way].append((time.process_time() - began) / len(ready))
                right[way] = sum(one == other for one, other in zip(found, texts, strict=True))
        for way, found_times in times.items():
            share = right[way] / len(texts)
            print(f"| {backend} | {way} | {1000 * statistics.median(found_times):.1f} | {share:.0%} |", flush=True)
    print("\n" + "\n".join(Circumstances().lines()))


if __name__ == "__main__":
    main()
