"""The network's input: the original's validation pipeline to the bit, views, masks, padding."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.config import Augmentation, Preprocessing
from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.data.transforms import prepare, readable, resize_view
from crnn_seq2seq_ocr.errors import DataError, PictureError

FSNS = Preprocessing(views=4)


def picture(height: int, width: int, seed: int = 1) -> np.ndarray:
    """A smooth picture that does not look like noise."""
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8), (width, height))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, (height, width, 3), dtype=np.uint8)


def sample(*pictures: np.ndarray | bytes, views: int | None = None) -> Sample:
    return Sample("s", pictures, "Rue", views)


def test_equals_the_originals_validation() -> None:
    golden = np.load(Path(__file__).parents[1] / "fixtures" / "validation_pipeline.npz")
    for place, (total, values) in enumerate(zip(golden["image_sum"], golden["image_slice"], strict=True)):
        pixels, _ = prepare(sample(golden[f"png_{place}"].tobytes()), FSNS)
        strip = pixels.transpose(3, 1, 0, 2).reshape(3, 128, 512)  # (V, H, W, C) -> (C, H, V*W)
        image = 2 * (strip.astype(np.float64) / 255) - 1
        assert np.array_equal(image.reshape(-1)[::997].astype(np.float32), values)
        assert image.sum() == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("width", [600, 601])
def test_strips_are_resized_whole(width: int) -> None:
    strip = picture(150, width)
    pixels, mask = prepare(sample(strip, views=3), FSNS)
    whole = cv2.resize(strip, (512, 128), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(np.hstack(list(pixels)), whole)
    assert mask.tolist() == [True, True, True, False]


def test_noise_is_masked_but_kept() -> None:
    strip = np.hstack([picture(150, 150), picture(150, 150, seed=2), noise(150, 300)])
    pixels, mask = prepare(sample(strip), FSNS)
    assert mask.tolist() == [True, True, False, False]
    assert pixels[3].std() > 20


def test_a_single_picture_is_one_view() -> None:
    pixels, mask = prepare(sample(picture(150, 200)), FSNS)
    assert mask.tolist() == [True, False, False, False]
    assert pixels[0].any()
    assert not pixels[1:].any()


def test_several_pictures_are_one_view_each() -> None:
    first, second = picture(60, 100), picture(200, 150, seed=2)
    pixels, mask = prepare(sample(first, second), FSNS)
    assert mask.tolist() == [True, True, False, False]
    assert np.array_equal(pixels[1], resize_view(second, FSNS))


@pytest.mark.parametrize("count", [0, 5])
def test_wrong_number_of_pictures(count: int) -> None:
    with pytest.raises(DataError, match=f"^s: it has {count} pictures"):
        prepare(sample(*[picture(50, 50)] * count), FSNS)


def test_broken_pictures_are_named() -> None:
    with pytest.raises(PictureError, match=r"^s: "):
        prepare(sample(b"broken"), FSNS)


def test_one_view_takes_the_whole_picture() -> None:
    strip = picture(150, 600)
    pixels, mask = prepare(sample(strip), Preprocessing(height=32, width=256))
    assert pixels.shape == (1, 32, 256, 3)
    assert mask.tolist() == [True]


def test_padding_keeps_the_aspect() -> None:
    settings = Preprocessing(height=32, width=200, resize="pad")
    word = np.full((64, 100, 3), 10, np.uint8)
    word[:, -2:] = 90
    pixels, _ = prepare(sample(word), settings)
    assert (pixels[0, :, 50:] == pixels[0, 0, 199]).all()  # 100 x 64 becomes 50 x 32
    assert pixels[0, 0, 199, 0] > 45
    assert (pixels[0, :, :45] == 10).all()


def test_padding_below() -> None:
    settings = Preprocessing(height=100, width=100, resize="pad")
    pixels, _ = prepare(sample(picture(20, 200)), settings)
    assert (pixels[0, 10:] == np.median(pixels[0, 9], axis=0).astype(np.uint8)).all()


@pytest.mark.parametrize("resize", ["stretch", "pad"])
def test_augmentation_has_the_same_shapes_and_is_repeatable(resize: str) -> None:
    settings = Preprocessing.model_validate({"views": 4, "height": 48, "width": 64, "resize": resize})

    def drawn(seed: int) -> np.ndarray:
        rng = np.random.default_rng([seed, 3])
        pixels, mask = prepare(
            sample(picture(150, 600), views=2), settings, augmentation=Augmentation(blur=1, noise=1), rng=rng
        )
        assert mask.tolist() == [True, True, False, False]
        return pixels

    assert drawn(1).shape == (4, 48, 64, 3)
    assert drawn(1).dtype == np.uint8
    assert np.array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


@pytest.mark.parametrize(
    ("size", "inner", "outer"),
    [((32, 50), 50, 64), ((64, 50), 25, 32), ((16, 64), 128, 128), ((32, 900), 128, 128), ((90, 1), 1, 32)],
)
def test_fitted_widths_follow_the_picture(size: tuple[int, int], inner: int, outer: int) -> None:
    settings = Preprocessing(height=32, width=128, resize="fit", width_step=32)
    word = np.full((*size, 3), 10, np.uint8)
    word[:, -1:] = 10 if size[1] > 1 else 77
    pixels, mask = prepare(sample(word), settings)
    assert pixels.shape == (1, 32, outer, 3)
    assert mask.tolist() == [True]
    assert (pixels[0, :, inner:] == pixels[0, 0, inner - 1]).all()
    rng = np.random.default_rng(1)
    changed, _ = prepare(sample(word), settings, augmentation=Augmentation(perspective=0.1), rng=rng)
    assert changed.shape == pixels.shape


def test_stretching_changes_fitted_widths_only() -> None:
    word, rng = sample(np.full((32, 200, 3), 10, np.uint8)), np.random.default_rng(1)
    fitted = Preprocessing(height=32, width=448, resize="fit", width_step=1)
    changed = Augmentation(stretch=0.2)
    widths = [prepare(word, fitted, augmentation=changed, rng=rng)[0].shape[2] for _ in range(100)]
    assert 160 <= min(widths) < 170
    assert 230 < max(widths) <= 240
    padded = Preprocessing(height=32, width=448)
    assert prepare(word, padded, augmentation=changed, rng=rng)[0].shape == (1, 32, 448, 3)


@pytest.mark.parametrize("wrong", [{"views": 4}, {"width": 100}])
def test_fitting_needs_one_view_and_whole_steps(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="resize 'fit' needs one view, and a width that is a multiple of width_step"):
        Preprocessing.model_validate({"height": 32, "width": 128, "resize": "fit", **wrong})


def test_samples_that_can_be_read_come_with_the_networks_input(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture(20, 80))
    (tmp_path / "b.png").write_bytes(b"broken")
    (tmp_path / "labels.tsv").write_text("a.png\tRue\nb.png\tAvenue\nc.png\tQuai\n", encoding="utf-8")
    source = Folder(tmp_path)
    found = list(readable(source, FSNS))
    assert [each.text for each, _ in found] == ["Rue", "Quai"]
    for each, (views, view_mask) in found:
        expected = prepare(each, FSNS)
        assert np.array_equal(views, expected[0])
        assert np.array_equal(view_mask, expected[1])
