"""What learns: a network, its optimiser, the average of its weights, and how far they have come."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from crnn_seq2seq_ocr.config import TrainingSettings
from crnn_seq2seq_ocr.errors import CheckpointError
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from crnn_seq2seq_ocr.system.signals import StopRequest
from crnn_seq2seq_ocr.training import optimization
from crnn_seq2seq_ocr.training.batches import Batch


@dataclass
class Progress:
    """Where a training stands; all of it is in a checkpoint."""

    step: int = 0
    validated: int = 0
    best: float = -1.0
    validations_since_best: int = 0
    skipped_steps: int = 0
    dropped_samples: int = 0


def _no_lap(part: str) -> None:
    """Nothing is timed."""


class Learner:
    """A network in training.

    Args:
        recognizer: The network, with the weights to begin with.
        settings: How it learns.
        accelerator: Where, and with how many other processes.

    Attributes:
        recognizer: The network.
        optimizer: Its optimiser, as `Accelerator.prepare` returned it.
        progress: Where it stands.
        rate: The learning rate of the last step.
    """

    def __init__(self, recognizer: Recognizer, settings: TrainingSettings, accelerator: Accelerator) -> None:
        self._settings, self._accelerator = settings, accelerator
        if settings.channels_last:
            recognizer = recognizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if settings.compile:
            recognizer.encoder.compile()
        optimizer = optimization.make_optimizer(recognizer, settings.optimizer, device=accelerator.device)
        self._model, self.optimizer = accelerator.prepare(recognizer, optimizer)
        self.recognizer: Recognizer = accelerator.unwrap_model(self._model)
        average = settings.optimizer.average
        self._average = optimization.WeightAverage(self.recognizer, average) if average else None
        self.progress = Progress()
        self.rate = 0.0

    @property
    def evaluated(self) -> Recognizer:
        """The network to evaluate and to keep: that of the averaged weights, where they are averaged."""
        return self.recognizer if self._average is None else self._average.module  # type: ignore[return-value]

    def is_finite(self) -> bool:
        """Whether all weights to keep are numbers."""
        return all(bool(tensor.isfinite().all()) for tensor in self.evaluated.state_dict().values())

    def learn(
        self, parts: list[Batch], divisor: float, stop: StopRequest, *, lap: Callable[[str], object] = _no_lap
    ) -> Tensor:
        """Make one update, which is left to the device.

        Args:
            parts: The batches of this process.
            divisor: Of the loss of the global batch, see `optimization.global_divisor`.
            stop: Whether this process wants to end.
            lap: Called at the end of each part: ``forward`` and ``backward`` of each batch, ``update``.

        Returns:
            float32 (3,): the loss, 1 if it was finite (else the network is as before), how many processes want to end.
        """
        step, accelerator = self.progress.step, self._accelerator
        self.rate = optimization.learning_rate(step, self._settings.optimizer, self._settings.steps)
        optimization.set_learning_rate(self.optimizer, self.rate)
        # Here, where the data is at hand: starting the workers draws from the same generator.
        optimization.seed_step(self._settings.seed, step, accelerator.process_index)
        self._model.train()
        if self._settings.freeze_norm:
            optimization.freeze_norms(self._model)
        running = [(buffer, buffer.clone()) for buffer in self._model.buffers()]
        total = self._gradients(parts, divisor, lap)
        clip = self._settings.optimizer.clip
        norm = accelerator.clip_grad_norm_(self._model.parameters(), float("inf") if clip is None else clip)
        wanted = torch.tensor(float(stop.requested)).to(accelerator.device, non_blocking=True)
        result: Tensor = accelerator.reduce(torch.stack([total, wanted]), reduction="sum")
        finite = torch.isfinite(result[0]) & torch.isfinite(norm)
        optimization.update_weights(self.optimizer, finite, precision=self._settings.precision)
        for buffer, before in running:
            buffer.copy_(torch.where(finite, buffer, before))
        self.optimizer.zero_grad()
        if self._average is not None:
            self._average.update(self.recognizer, finite=finite.float())
        self.progress.step += 1
        lap("update")
        return torch.stack([result[0], finite.float(), result[1]])

    def _gradients(self, parts: list[Batch], divisor: float, lap: Callable[[str], object]) -> Tensor:
        """Those of the global batch's loss; returns this process's part of it, a scalar on the device."""
        total = torch.zeros((), device=self._accelerator.device)
        done = self.progress.step / self._settings.steps
        letters_only = self.progress.step < self._settings.loss.letters_first
        for number, part in enumerate(parts, 1):
            samples, length = part.targets.shape
            forced = optimization.forced_tokens((samples, length), self._settings.teacher_forcing, done)
            with contextlib.nullcontext() if number == len(parts) else self._accelerator.no_sync(self._model):
                loss = optimization.batch_loss(self._model, part, forced, self._settings, letters_only=letters_only)
                loss = loss / divisor
                lap("forward")
                # Gradients are averaged over the processes: the factor makes it their sum.
                self._accelerator.backward(loss * self._accelerator.num_processes)
                lap("backward")
            total += loss.detach()
        return total

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        scaler = self._accelerator.scaler
        return {
            "progress": vars(self.progress).copy(),
            "model": self.recognizer.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self._average.state_dict() if self._average is not None else None,
            "scaler": scaler.state_dict() if scaler is not None else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave.

        Raises:
            CheckpointError: It is of another network.
        """
        scaler = self._accelerator.scaler
        try:
            self.recognizer.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self._average is not None and state["average"] is not None:
                self._average.load_state_dict(state["average"])
            if scaler is not None and state["scaler"] is not None:
                scaler.load_state_dict(state["scaler"])
            self.progress = Progress(**state["progress"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"the checkpoint to resume from does not fit this recipe: {error}") from None
