"""The source of synthetic street name signs, in the layout of FSNS."""

import functools

import numpy as np

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.synthetic.drawn import PICTURE_STREAM, TEXT_STREAM, Drawn
from crnn_seq2seq_ocr.data.synthetic.lettering import letter
from crnn_seq2seq_ocr.data.synthetic.names import StreetNames
from crnn_seq2seq_ocr.data.synthetic.plates import draw_plate
from crnn_seq2seq_ocr.data.synthetic.scenes import VIEW, draw_scene, draw_view
from crnn_seq2seq_ocr.data.synthetic.settings import SignSettings
from crnn_seq2seq_ocr.data.synthetic.sign_degradations import add_noise_strip, noise_view
from crnn_seq2seq_ocr.data.synthetic.sign_fonts import Typeface, find_typefaces

VIEWS = 4
"""Views in a picture, missing ones included."""


class SyntheticSigns(Drawn[SignSettings]):
    """Street name signs drawn on demand: a pure function of (settings, index).

    Each sample has one picture, RGB uint8 (150, 600, 3): four views side by side, the missing ones, always the
    last, filled with uniform noise. OpenCV's own threads do not help pictures so small: a process that draws only
    should call ``cv2.setNumThreads(1)``.

    Raises:
        DataError: A file of the settings cannot be used.
    """

    def __init__(self, settings: SignSettings) -> None:
        super().__init__(settings)
        # Opened now, so that a wrong file is reported before the work begins.
        self._names, self._typefaces  # noqa: B018

    @property
    def description(self) -> str:
        """What is drawn, and how many."""
        chosen = self.settings
        return (
            f"synthetic signs: {chosen.count} of the part {chosen.names!r}, seed {chosen.seed}, "
            f"difficulty {chosen.difficulty:g}, up to {chosen.views} views"
        )

    def text(self, index: int) -> str:
        """Return the name, without drawing it."""
        return self._names.draw(self.generator(index, TEXT_STREAM))

    def __getitem__(self, index: int) -> Sample:
        text = self.text(index)
        rng = self.generator(index, PICTURE_STREAM)
        difficulty = self.settings.difficulty
        views = draw_view_count(rng, self.settings.views, difficulty)
        plate = draw_plate(letter(text, rng, difficulty), self._typefaces, rng, difficulty)
        scene = draw_scene(rng, views, difficulty)
        strip = np.empty((VIEW, VIEWS * VIEW, 3), np.uint8)
        for place in range(VIEWS):
            target = strip[:, place * VIEW : (place + 1) * VIEW]
            if place >= views:
                target[:] = noise_view(rng, VIEW, VIEW)
                continue
            easy = place == scene.sharp
            target[:] = draw_view(plate, scene, rng, difficulty, easy=easy)
            if not easy and rng.random() < 0.11 * difficulty:
                add_noise_strip(target, rng)
        return Sample(name=self.name(index), images=(strip,), text=text, views=views)

    @functools.cached_property
    def _names(self) -> StreetNames:
        return StreetNames(self.settings)

    @functools.cached_property
    def _typefaces(self) -> tuple[Typeface, ...]:
        return find_typefaces(self.settings.fonts)


def draw_view_count(rng: np.random.Generator, most: int, difficulty: float) -> int:
    """Draw the number of real views: as often fewer than four as in FSNS, where one view in ten is missing."""
    draw = rng.random()
    fewer = 0 if draw >= 0.19 * difficulty else 1 if draw < 0.07 * difficulty else 2 if draw < 0.15 * difficulty else 3
    return max(1, most - fewer)


def open_signs(options: str) -> SyntheticSigns:
    """Open the source of ``seed=1&count=1000&...``: `SignSettings` has the options.

    Raises:
        DataError: Wrong options, or a file that they name cannot be used.
    """
    return SyntheticSigns(SignSettings.from_options(options))
