"""Reads with EasyOCR's English recogniser; the weights come from a package, none are downloaded."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from serve import Line, most_confident, serve

LEAST = 0.3
"""Of the confidence of a line that counts: it sinks with the line's length."""


class Easy:
    """Of words and lines only the recogniser runs; signs are read with the detector CRAFT."""

    batches = True

    def __init__(self, variant: str, kind: str, threads: int) -> None:
        import torch

        self._operators = import_torchvision()
        import easyocr
        import easyocr_en_models

        torch.set_num_threads(threads)
        self._signs = kind == "signs"
        self.batches = not self._signs
        folder = Path(easyocr_en_models.model_dir())
        self._reader = easyocr.Reader(
            ["en"], gpu=False, model_storage_directory=str(folder), download_enabled=False, detector=self._signs,
            verbose=False,
        )  # fmt: skip
        self.files = [folder / "english_g2.pth", *([folder / "craft_mlt_25k.pth"] if self._signs else [])]
        self.title = "EasyOCR english_g2"
        self.versions = f"easyocr {version('easyocr')}, torch {torch.__version__}"

    def read(self, files: Sequence[str]) -> str:
        """The text of a sample: of a sign, the most confident view."""
        if self._signs:
            return most_confident([self._lines(file) for file in files], least=LEAST)
        return " ".join(text for _, text, _ in self._reader.recognize(files[0])).strip()

    def read_batch(self, samples: Sequence[Sequence[str]], size: int) -> list[str]:
        """The texts of words or lines, those of like width together.

        On a CPU its own door takes one at a time; this is the same work through the door behind it.
        """
        from easyocr.recognition import get_text
        from easyocr.utils import get_image_list, reformat_input

        cut = []
        for files in samples:
            grey = reformat_input(files[0])[1]
            images, width = get_image_list([[0, grey.shape[1], 0, grey.shape[0]]], [], grey, model_height=64)
            cut.append((images[0], int(width)))
        order = sorted(range(len(cut)), key=lambda place: cut[place][1])
        reader, texts = self._reader, [""] * len(cut)
        ignored = "".join(set(reader.character) - set(reader.lang_char))
        for start in range(0, len(order), size):
            places = order[start : start + size]
            found = get_text(
                reader.character, 64, max(cut[place][1] for place in places), reader.recognizer, reader.converter,
                [cut[place][0] for place in places], ignored, batch_size=size, workers=0, device="cpu",
            )  # fmt: skip
            for place, (_, text, _) in zip(places, found, strict=True):
                texts[place] = text.strip()
        return texts

    def _lines(self, file: str) -> list[Line]:
        found = []
        for box, text, confidence in self._reader.readtext(file):
            heights = [float(y) for _, y in box]
            found.append(Line(text, float(confidence), min(float(x) for x, _ in box), min(heights), max(heights)))
        return found


def import_torchvision() -> object:
    """Import torchvision, also where its operators were built for another kind of PyTorch: none of them is used.

    Returns:
        What must be kept for as long as torchvision is needed.
    """
    import torch

    library = None
    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401
    return library


if __name__ == "__main__":
    serve(Easy)
