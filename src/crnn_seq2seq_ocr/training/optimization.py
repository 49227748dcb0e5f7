"""What joins data and model in training: sampling masks, losses, optimiser, schedule and averaging.

N batch, L target length.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn

from crnn_seq2seq_ocr.config import OptimizerSettings, Recipe, TeacherForcing, TrainingSettings
from crnn_seq2seq_ocr.errors import CrnnOcrError, DeviceError
from crnn_seq2seq_ocr.model.loss import count_losses, ctc_losses, loss_divisor, token_losses
from crnn_seq2seq_ocr.model.recognizer import normalise
from crnn_seq2seq_ocr.system.processes import on_cpu
from crnn_seq2seq_ocr.system.torch_private import forget_accelerator, move_towards, processor_has_bf16, skip_unless
from crnn_seq2seq_ocr.text import BOS_ID, UNK_ID
from crnn_seq2seq_ocr.training.batches import Batch

PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def with_precision(recipe: Recipe) -> Recipe:
    """Return the recipe with the precision that ``auto`` means here: bf16, but fp32 where it would be imitated.

    PyTorch computes bf16 on any processor, on one without instructions for it at a tenth of the speed of fp32.
    """
    if recipe.training.precision != "auto":
        return recipe
    precision = "bf16" if _computes_bf16() else "fp32"
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"precision": precision})})


def _computes_bf16() -> bool:
    if on_cpu():
        return processor_has_bf16()
    return not torch.cuda.is_available() or torch.cuda.is_bf16_supported(including_emulation=False)


def make_accelerator(settings: TrainingSettings) -> Accelerator:
    """Devices and processes as `accelerate launch`, `torchrun` or a plain start give them.

    Raises:
        DeviceError: The device cannot compute in this precision.
    """
    assert settings.precision != "auto", "`with_precision` has said what it means"
    # Steps that leave out the decoder give its weights no gradients, which several processes must be ready for.
    unused = DistributedDataParallelKwargs(find_unused_parameters=settings.loss.letters_first > 0)
    forget_accelerator()
    try:
        precision = PRECISIONS[settings.precision]
        accelerator = Accelerator(mixed_precision=precision, cpu=on_cpu(), kwargs_handlers=[unused])
    except ValueError as error:
        raise DeviceError(f"training.precision {settings.precision} cannot be used here: {error}") from None
    if settings.precision == "fp16" and accelerator.device.type == "cpu":  # Accelerate would take fp32 silently
        raise DeviceError("training.precision fp16 cannot be used on the CPU: take bf16 or fp32")
    return accelerator


def agree(accelerator: Accelerator, values: Sequence[float | Tensor], error: Exception | None = None) -> list[float]:
    """Sum over all processes; an error of one of them ends all, so that none waits for it for ever.

    Raises:
        Exception: `error`; where it is another process's, a `CrnnOcrError` that says so.
    """
    if accelerator.num_processes == 1:
        if error is not None:
            raise error
        return [float(value) for value in values]
    numbers = [
        torch.as_tensor(value, dtype=torch.float32, device=accelerator.device) for value in (*values, error is not None)
    ]
    sums: list[float]
    *sums, failures = accelerator.reduce(torch.stack(numbers), reduction="sum").tolist()
    if error is not None:
        raise error
    if failures:
        raise CrnnOcrError("another process has failed and this one stops too: its message says why")
    return sums


def seed_step(seed: int, step: int, process: int) -> None:
    """Make all that is random in a step a function of (seed, step, process): resuming needs no random state."""
    torch.manual_seed((seed * 1_000_003 + step) * 4_099 + process)


def forced_tokens(shape: tuple[int, int], settings: TeacherForcing, progress: float) -> Tensor | None:
    """Bool (N, L): which true tokens are fed, drawn for a share `progress` of the training done; None: all."""
    probability = settings.start + (settings.end - settings.start) * progress
    draws = torch.rand(shape if settings.per == "token" else (shape[0], 1))
    forced = draws < probability
    return None if forced.all() else forced.expand(shape)


def fed_tokens(targets: Tensor, wrong: float) -> Tensor:
    """Ids (N, L) that are fed: begin, then the targets without their last, a share `wrong` of them drawn from all."""
    inputs = torch.cat([torch.full_like(targets[:, :1], BOS_ID), targets[:, :-1]], 1)
    characters = targets[targets > UNK_ID]
    if not wrong or not len(characters):
        return inputs
    drawn = characters[torch.randint(len(characters), inputs.shape)]  # (N, L)
    replaced = torch.rand(inputs.shape) < wrong
    replaced[:, 0] = False
    return torch.where(replaced.to(inputs.device), drawn, inputs)


def batch_loss(
    model: nn.Module, batch: Batch, forced: Tensor | None, settings: TrainingSettings, *, letters_only: bool = False
) -> Tensor:
    """Sum of the token losses of a batch; the caller divides by the global `loss_divisor`.

    Args:
        model: A `Recognizer`, possibly wrapped for several processes.
        batch: On any device; it is moved to the model's.
        forced: bool (N, L), or None.
        settings: For the loss and the memory layout.
        letters_only: The second output's loss alone, which then has all the weight.
    """
    device = next(model.parameters()).device
    targets = batch.targets.to(device, non_blocking=True)
    inputs = fed_tokens(targets, settings.teacher_forcing.wrong)
    images = normalise(batch.images.to(device, non_blocking=True))
    view_mask = batch.view_mask.to(device, non_blocking=True)
    forced = None if forced is None else forced.to(device, non_blocking=True)
    logits = model(images, view_mask, inputs, forced, letters_only=letters_only)
    ctc, counts = settings.loss.ctc, settings.loss.counts
    if letters_only:
        ctc, counts = ctc / (ctc + counts), counts / (ctc + counts)
        loss = images.new_zeros(())
    else:
        loss = (1 - ctc - counts) * token_losses(logits.steps, targets, settings.loss).sum()
    if ctc and logits.cells is not None:
        loss = loss + ctc * ctc_losses(logits.cells, targets).sum()
    if counts and logits.cells is not None:
        loss = loss + counts * count_losses(logits.cells, logits.mask, targets, view_mask.sum(1)).sum()
    return loss


def global_divisor(batches: Sequence[Batch], settings: TrainingSettings) -> Tensor:
    """Return what this process adds to the divisor of the global batch's loss."""
    return sum((loss_divisor(batch.targets, settings.loss) for batch in batches), torch.zeros(()))


FUSED_DEVICES = {"cpu", "cuda", "mps", "xpu"}
"""Where PyTorch updates all weights in one kernel; elsewhere (Ascend) it is refused."""


def make_optimizer(model: nn.Module, settings: OptimizerSettings, *, device: torch.device) -> torch.optim.AdamW:
    """AdamW for a model that will be on a device; matrices decay, vectors (biases, norms) do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        betas=settings.betas,
        eps=settings.epsilon,
        fused=device.type in FUSED_DEVICES,
    )


def learning_rate(step: int, settings: OptimizerSettings, total: int) -> float:
    """Return the learning rate of a step counted from 0: linear warm-up, then constant or a half cosine to 0."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    progress = (step - settings.warmup) / max(1, total - settings.warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class WeightAverage(nn.Module):
    """An exponential moving average of a model's weights that begins quickly: decay min(d, (1 + n) / (10 + n)).

    Running statistics are copied, not averaged. All of it is computed on the model's device without a wait.
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = copy.deepcopy(model)
        self.decay = decay
        first = next(model.parameters())
        self.register_buffer("n_averaged", torch.zeros((), dtype=torch.long, device=first.device))

    @torch.no_grad()
    def update(self, model: nn.Module, *, finite: Tensor) -> None:
        """Take in the weights after a step; nothing changes where `finite`, a scalar of 0 or 1, is 0."""
        count = self.n_averaged.float()
        # The first weights are taken whole, whatever the average began with.
        keep = torch.where(count > 0, ((1 + count) / (10 + count)).clamp(max=self.decay), 0.0)
        averages: list[Tensor] = list(self.module.parameters())
        weights: list[Tensor] = list(model.parameters())
        move_towards(averages, weights, (1 - keep) * finite)
        for average, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
            average.copy_(buffer)
        self.n_averaged += finite.long()


def update_weights(optimizer: Any, finite: Tensor, *, precision: str) -> None:
    """Make a step of the optimiser that changes nothing where `finite`, a bool scalar on its device, is False.

    Args:
        optimizer: As `Accelerator.prepare` returned it.
        finite: Whether the loss and the gradients are.
        precision: fp16's scaler looks for itself, skips and lowers its scale.
    """
    if precision != "fp16":
        if optimizer.optimizer.defaults["fused"]:
            skip_unless(optimizer.optimizer, finite)
        elif not finite:
            return
    optimizer.step()


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Set the same learning rate for all groups."""
    for group in optimizer.param_groups:
        group["lr"] = value


def freeze_norms(model: nn.Module) -> None:
    """Let batch normalisation use its running statistics and leave them as they are."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
