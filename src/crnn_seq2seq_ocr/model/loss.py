"""What training minimises.

N batch, L target length, K tokens.
"""

from torch import Tensor
from torch.nn import functional

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.text import PAD_ID


def token_losses(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Negative log-likelihoods (N, L) of targets (N, L) under logits (N, L, K); 0 at masked padding."""
    return functional.cross_entropy(
        logits.flatten(0, 1),
        targets.flatten(),
        ignore_index=PAD_ID if settings.padding == "masked" else -100,
        label_smoothing=settings.label_smoothing,
        reduction="none",
    ).view_as(targets)


def loss_divisor(targets: Tensor, settings: LossSettings) -> Tensor:
    """What the sum of `token_losses` is divided by: real tokens, or samples where padding is counted.

    The original's loss is the mean over the batch of each step, summed over the steps.
    """
    if settings.padding == "masked":
        return (targets != PAD_ID).sum()
    return targets.new_tensor(targets.shape[0])
