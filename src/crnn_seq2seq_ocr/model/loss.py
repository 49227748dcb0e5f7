"""What training minimises.

N batch, L target length, T columns of the memory, K tokens.
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


def column_losses(columns: Tensor, targets: Tensor) -> Tensor:
    """Connectionist temporal classification: negative log-likelihoods (N,) of targets (N, L) under columns (N, T, K).

    Summed over all ways to write the targets' characters into the columns; padding, which no target holds, is
    the blank. 0 where the text does not fit into the columns. Graves et al., 2006.
    """
    lengths = (targets != PAD_ID).sum(1) - 1  # without the end
    return functional.ctc_loss(
        columns.log_softmax(2).transpose(0, 1),  # (T, N, K)
        targets,
        lengths.new_full(lengths.shape, columns.shape[1]),
        lengths,
        blank=PAD_ID,
        reduction="none",
        zero_infinity=True,
    )


def loss_divisor(targets: Tensor, settings: LossSettings) -> Tensor:
    """What the sum of `token_losses` is divided by: real tokens, or samples where padding is counted.

    The original's loss is the mean over the batch of each step, summed over the steps.
    """
    if settings.padding == "masked":
        return (targets != PAD_ID).sum()
    return targets.new_tensor(targets.shape[0])
