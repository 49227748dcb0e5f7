"""Single pictures: decoding to RGB pixels, encoding, and the one way in which all are resized."""

import io
import warnings

import cv2
import numpy as np
from PIL import Image, ImageOps

from crnn_seq2seq_ocr.errors import PictureError

MOST_PIXELS = 64_000_000
"""Pictures that claim more pixels than this are refused before they are decoded (decompression bombs)."""

_REMEDY = "replace the picture or take it out of the data"


def decode_picture(picture: bytes | np.ndarray, *, name: str) -> np.ndarray:
    """Pixels of a picture, RGB uint8 (H, W, 3), turned upright as its EXIF data say.

    Grey pictures and those of 16 bits a channel are converted; transparent ones are laid on white.

    Args:
        picture: An encoded picture (PNG, JPEG, WebP, TIFF, BMP, GIF) or pixels that are uint8 (H, W),
            (H, W, 3) or (H, W, 4).
        name: What the messages call it.

    Raises:
        PictureError: It is empty, damaged, no picture at all, or larger than `MOST_PIXELS`.
    """
    if isinstance(picture, np.ndarray):
        return _rgb(picture, name)
    transparent = _look_at_header(picture, name)
    if transparent:
        return _decode_transparent(picture, name)
    try:
        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise PictureError(f"{name}: the picture cannot be decoded ({error.err}): {_REMEDY}") from None
    if pixels is None:
        raise PictureError(f"{name}: the picture is damaged or cut short: {_REMEDY}")
    return pixels


def encode_picture(pixels: np.ndarray, *, format: str = "png", quality: int = 95) -> bytes:
    """RGB uint8 (H, W, 3) as a PNG (lossless, packed for speed) or a JPEG file.

    Raises:
        PictureError: The picture is too large for the format.
    """
    # Level 1 takes a fifth of the default's time; photographs barely shrink further.
    options = {"png": [cv2.IMWRITE_PNG_COMPRESSION, 1], "jpg": [cv2.IMWRITE_JPEG_QUALITY, quality]}
    done, data = cv2.imencode(f".{format}", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options[format])
    if not done:
        height, width = pixels.shape[:2]
        raise PictureError(f"a picture of {height} x {width} pixels cannot be written as {format}")
    return data.tobytes()


def picture_format(data: bytes) -> str | None:
    """``png`` or ``jpg`` by the file's first bytes; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "jpg" if data.startswith(b"\xff\xd8\xff") else None


def resize(pixels: np.ndarray, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Pixels stretched to a size (height, width).

    What shrinks to less than half is first averaged down to twice the size, since an interpolation
    that looks at two pixels in each direction would skip the others.
    """
    height, width = size
    halfway = min(pixels.shape[0], 2 * height), min(pixels.shape[1], 2 * width)
    if halfway != pixels.shape[:2]:
        pixels = cv2.resize(pixels, halfway[::-1], interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, (width, height), interpolation=interpolation)


def _rgb(pixels: np.ndarray, name: str) -> np.ndarray:
    """Pixels of any accepted shape as RGB."""
    if pixels.dtype != np.uint8 or pixels.size == 0:
        raise PictureError(f"{name}: pixels must be uint8 and at least one, here are {pixels.dtype} {pixels.shape}")
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] not in (3, 4)):
        raise PictureError(f"{name}: pixels must have the shape (H, W), (H, W, 3) or (H, W, 4), not {pixels.shape}")
    if pixels.shape[0] * pixels.shape[1] > MOST_PIXELS:
        raise _too_large(name, pixels.shape[1], pixels.shape[0])
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return pixels if pixels.shape[2] == 3 else _on_white(pixels)


def _look_at_header(data: bytes, name: str) -> bool:
    """Whether the picture has transparent parts; nothing is decoded.

    Raises:
        PictureError: No picture, or too large a one.
    """
    if not data:
        raise PictureError(f"{name}: the picture is empty (0 bytes): {_REMEDY}")
    try:
        with warnings.catch_warnings():
            # Our limit is below the one that the library warns of; damaged metadata are no harm.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as header:
                width, height = header.size
                # Grey of 16 bits: the library makes all of it white when it lays it on white.
                see_through = "transparency" in header.info and not header.mode.startswith("I")
                transparent = header.mode in {"RGBA", "LA", "PA"} or see_through
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError):
        raise PictureError(f"{name}: this is no picture in a known format: {_REMEDY}") from None
    if width * height > MOST_PIXELS:
        raise _too_large(name, width, height)
    return transparent


def _too_large(name: str, width: int | None = None, height: int | None = None) -> PictureError:
    size = f" of {width} x {height} pixels" if width else ""
    return PictureError(
        f"{name}: the picture{size} is larger than {MOST_PIXELS // 1_000_000} million pixels and was not decoded: "
        "make it smaller"
    )


def _decode_transparent(data: bytes, name: str) -> np.ndarray:
    """A picture with an alpha channel or a transparent colour, laid on white."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as opened:
            warnings.simplefilter("ignore")
            return _on_white(np.asarray(ImageOps.exif_transpose(opened).convert("RGBA")))
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise PictureError(f"{name}: the picture is damaged or cut short ({error}): {_REMEDY}") from None


def _on_white(rgba: np.ndarray) -> np.ndarray:
    """RGBA uint8 (H, W, 4) over white: (H, W, 3)."""
    colour, alpha = rgba[..., :3].astype(np.uint16), rgba[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
