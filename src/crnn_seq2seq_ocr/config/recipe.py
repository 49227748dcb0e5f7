"""A recipe: every setting of a training run, checked, with one line on each."""

from pydantic import model_validator

from crnn_seq2seq_ocr.config.base import Settings
from crnn_seq2seq_ocr.config.inputs import Augmentation, DataSettings, Preprocessing, TextSettings
from crnn_seq2seq_ocr.config.model import ModelSettings
from crnn_seq2seq_ocr.config.training import TrainingSettings


class Recipe(Settings):
    """All settings of a training run."""

    name: str
    """Names the run's folder."""
    text: TextSettings = TextSettings()
    preprocessing: Preprocessing = Preprocessing()
    augmentation: Augmentation | None = Augmentation()
    """null trains on the pictures as they are."""
    model: ModelSettings
    data: DataSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        self.model.check(self.preprocessing)
        loss, encoder = self.training.loss, self.model.encoder
        if (loss.ctc or loss.counts) and not encoder.cell_output:
            raise ValueError("training.loss.ctc and training.loss.counts need model.encoder.cell_output: true")
        rows = encoder.cells(self.preprocessing)[0]
        if loss.ctc and self.preprocessing.views != 1:
            raise ValueError(f"training.loss.ctc needs one view, preprocessing.views is {self.preprocessing.views}")
        if loss.ctc and rows != 1 and encoder.cell_rows == "each":
            raise ValueError(
                f"training.loss.ctc needs one row of cells, the stages leave {rows}: "
                "set model.encoder.cell_rows to mean or max"
            )
        if loss.counts and encoder.cell_rows != "each":
            raise ValueError("training.loss.counts needs model.encoder.cell_rows: each")
        if loss.letters_first and not (loss.ctc or loss.counts):
            raise ValueError("training.loss.letters_first needs training.loss.ctc or training.loss.counts")
        if loss.ctc + loss.counts > 1:
            raise ValueError("training.loss.ctc and training.loss.counts together are more than 1")
        return self
