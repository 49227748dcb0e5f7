"""The source of synthetic words and lines."""

import functools
from pathlib import Path

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.synthetic.backgrounds import find_backgrounds
from crnn_seq2seq_ocr.data.synthetic.drawn import PICTURE_STREAM, TEXT_STREAM, Drawn
from crnn_seq2seq_ocr.data.synthetic.pages import draw_line
from crnn_seq2seq_ocr.data.synthetic.settings import WordSettings
from crnn_seq2seq_ocr.data.synthetic.texts import WordTexts
from crnn_seq2seq_ocr.data.synthetic.word_fonts import Typefaces, find_typefaces
from crnn_seq2seq_ocr.data.synthetic.word_pictures import draw_word


class SyntheticWords(Drawn[WordSettings]):
    """Words and lines drawn on demand: a pure function of (settings, index), the fonts and files being the same.

    Each sample has one picture of one view, RGB uint8 (H, W, 3), 14 to 64 pixels high and as wide as its text is.
    A process that draws only should call ``cv2.setNumThreads(1)``.

    Raises:
        DataError: A file or folder of the settings cannot be used.
    """

    def __init__(self, settings: WordSettings) -> None:
        super().__init__(settings)
        # Opened now, so that a wrong file is reported before the work begins.
        self._texts, self._typefaces, self._photographs  # noqa: B018

    @property
    def description(self) -> str:
        """What is drawn, and how many."""
        chosen = self.settings
        return (
            f"synthetic words: {chosen.count} of the part {chosen.part!r}, seed {chosen.seed}, "
            f"difficulty {chosen.difficulty:g}, {chosen.lines:.0%} lines"
        )

    def text(self, index: int) -> str:
        """Return the text, without drawing it."""
        return self._texts.draw(self.generator(index, TEXT_STREAM))

    def __getitem__(self, index: int) -> Sample:
        text = self.text(index)
        rng = self.generator(index, PICTURE_STREAM)
        difficulty = self.settings.difficulty
        if rng.random() < page_share(text):
            image = draw_line(text, self._typefaces, lambda: self._texts.draw(rng), rng, difficulty)
        else:
            image = draw_word(text, self._typefaces, self._photographs, lambda: self._texts.draw(rng), rng, difficulty)
        return Sample(name=self.name(index), images=(image,), text=text, views=1)

    @functools.cached_property
    def _texts(self) -> WordTexts:
        return WordTexts(self.settings)

    @functools.cached_property
    def _typefaces(self) -> Typefaces:
        return find_typefaces(self.settings.fonts)

    @functools.cached_property
    def _photographs(self) -> tuple[Path, ...]:
        return find_backgrounds(self.settings.backgrounds)


def page_share(text: str) -> float:
    """How likely the text is shown on a page, not in a photograph: long lines nearly always."""
    return 0.08 if " " not in text else 0.4 if len(text) < 25 else 0.95


def open_words(options: str) -> SyntheticWords:
    """Open the source of ``seed=1&count=1000&...``: `WordSettings` has the options.

    Raises:
        DataError: Wrong options, or a file or folder that they name cannot be used.
    """
    return SyntheticWords(WordSettings.from_options(options))
