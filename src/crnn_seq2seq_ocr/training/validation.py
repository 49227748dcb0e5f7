"""The look at a model between two stretches of training."""

from dataclasses import dataclass

from accelerate import Accelerator

from crnn_seq2seq_ocr import metrics
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.data.sample import Source
from crnn_seq2seq_ocr.errors import DataError
from crnn_seq2seq_ocr.inference.reader import Reader, samples_of
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.processes import gathered, share_of


@dataclass(frozen=True)
class Validation:
    """What a validation found.

    Attributes:
        values: ``samples`` read, ``unreadable`` ones left out, ``sequence_accuracy`` and ``cer`` (both strict).
        examples: Some (reference, prediction) pairs.
    """

    values: dict[str, float]
    examples: list[tuple[str, str]]


def validate(
    recognizer: Recognizer, description: Description, source: Source, most: int, accelerator: Accelerator
) -> Validation:
    """Read the first `most` samples of a source; each process reads its share, all get the same result.

    Raises:
        DataError: None of them can be read.
    """
    training = recognizer.training
    recognizer.eval()
    indices = share_of(min(most, len(source)))
    with accelerator.autocast():
        readings = Reader(TorchBackend(recognizer, description)).stream(samples_of(source, indices))
        read = [_Read(index, each.text, each.error) for index, each in zip(indices, readings, strict=True)]
    recognizer.train(training)
    read = gathered(read, lambda each: each.index)
    good = [each for each in read if each.error is None]
    if not good:
        first = read[0].error if read else "there are none"
        raise DataError(f"no sample for validation can be read ({source.description}): {first}")
    pairs = [(source.text(each.index), each.text) for each in good]
    references = [metrics.strict(reference) for reference, _ in pairs]
    predictions = [metrics.strict(prediction) for _, prediction in pairs]
    values = {
        "samples": float(len(pairs)),
        "unreadable": float(len(read) - len(pairs)),
        "sequence_accuracy": metrics.sequence_accuracy(references, predictions),
        "cer": metrics.cer(references, predictions),
    }
    return Validation(values, pairs[:5])


@dataclass(frozen=True)
class _Read:
    """One sample of a validation, without its pictures."""

    index: int
    text: str
    error: str | None
