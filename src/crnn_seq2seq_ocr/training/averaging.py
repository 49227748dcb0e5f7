"""The weights of two models averaged: one that went on from the other keeps more of what both can read."""

import copy
from pathlib import Path

import torch

from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.errors import StorageError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.text import Tokenizer
from crnn_seq2seq_ocr.training.finetune import PretrainedModel


def average_models(base: Path, tuned: Path, folder: Path, *, share: float) -> None:
    """Write a model whose weights lie between those of two, as a model folder.

    The method is WiSE-FT (Wortsman et al., 2022, arXiv 2109.01903). The result has the settings and the charset of
    `tuned`; what `base` does not know of it, such as characters that were added, is that of `tuned`.

    Args:
        base: The model that the other went on from.
        tuned: A model, or a run (its best checkpoint).
        folder: The folder to write; it must not be there yet.
        share: Of `tuned`, 0 to 1.

    Raises:
        CheckpointError: There is no such model, or the two have other sizes.
        StorageError: The folder is there already, or cannot be written.
    """
    if folder.exists():
        raise StorageError(f"{folder} is there already: name a new folder")
    new, description = load_model(tuned)
    average_with(new, description, base, share=share)
    save_model(new, description, folder)


def average_with(recognizer: Recognizer, description: Description, base: Path, *, share: float) -> None:
    """Move the weights of a network towards those of the model that it went on from, as `average_models` does.

    Args:
        recognizer: The network, changed in place.
        description: What it says of itself.
        base: The model that it went on from.
        share: Of the network's own weights, 0 to 1.

    Raises:
        CheckpointError: There is no such model, or the two have other sizes.
    """
    fitted = copy.deepcopy(recognizer)
    PretrainedModel.load(base).load_into(fitted, Tokenizer(description.charset))
    state = recognizer.state_dict()
    for name, tensor in fitted.state_dict().items():
        if state[name].is_floating_point():
            state[name] = torch.lerp(tensor, state[name], share)
    recognizer.load_state_dict(state)
