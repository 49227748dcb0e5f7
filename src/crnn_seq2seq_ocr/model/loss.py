"""What training minimises.

N batch, L target length, T memory cells, K tokens.
"""

from torch import Tensor
from torch.nn import functional

from crnn_seq2seq_ocr.config import LossSettings
from crnn_seq2seq_ocr.text import EOS_ID, PAD_ID


def token_losses(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Negative log-likelihoods (N, L) of targets (N, L) under logits (N, L, K); 0 at masked padding."""
    return functional.cross_entropy(
        logits.flatten(0, 1),
        targets.flatten(),
        ignore_index=PAD_ID if settings.padding == "masked" else -100,
        label_smoothing=settings.label_smoothing,
        reduction="none",
    ).view_as(targets)


def ctc_losses(cells: Tensor, targets: Tensor) -> Tensor:
    """Connectionist temporal classification: negative log-likelihoods (N,) of targets (N, L) under cells (N, T, K).

    Summed over all ways to write the targets' characters into the cells, which are columns from left to right;
    padding, which no target holds, is the blank. 0 where the text does not fit. Graves et al., 2006.
    """
    lengths = (targets != PAD_ID).sum(1) - 1  # without the end
    return functional.ctc_loss(
        cells.log_softmax(2).transpose(0, 1),  # (T, N, K)
        targets,
        lengths.new_full(lengths.shape, cells.shape[1]),
        lengths,
        blank=PAD_ID,
        reduction="none",
        zero_infinity=True,
    )


def count_losses(cells: Tensor, mask: Tensor, targets: Tensor, views: Tensor) -> Tensor:
    """Compute the aggregation cross-entropy (Xie et al., 2019, arXiv 1904.08364): (N,), 0 where counts agree.

    The mean of the probabilities of all cells is compared with the text's characters, each as often as it occurs,
    in each view; the remaining cells are blank, which is padding. Order and place are left open. The
    divergence is multiplied by the cells of a view, so that it weighs like a sum over characters.

    Args:
        cells: (N, T, K) logits.
        mask: (N, T) bool, False in missing views.
        targets: (N, L).
        views: (N,) how many views are not missing.
    """
    weights = mask.float()
    found = (cells.softmax(2) * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)  # (N, K)
    size = weights.sum(1) / views  # (N,) cells of a view
    held = functional.one_hot(targets, cells.shape[2]).sum(1).float()  # (N, K)
    held[:, EOS_ID] = 0
    held[:, PAD_ID] = 0
    held[:, PAD_ID] = (size - held.sum(1)).clamp(min=0)
    wanted = held / held.sum(1, keepdim=True)
    divergence = functional.kl_div(found.clamp(min=1e-8).log(), wanted, reduction="none").sum(1)
    return divergence * size


def loss_divisor(targets: Tensor, settings: LossSettings) -> Tensor:
    """Return what the sum of `token_losses` is divided by: real tokens, or samples where padding is counted.

    The original's loss is the mean over the batch of each step, summed over the steps.
    """
    if settings.padding == "masked":
        return (targets != PAD_ID).sum()
    return targets.new_tensor(targets.shape[0])
