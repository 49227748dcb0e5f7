"""Single pictures: decoding to RGB pixels, encoding, and the one way in which all are resized."""

import io
import warnings

import cv2
import numpy as np
from PIL import Image

from crnn_seq2seq_ocr.data.encoded import DamagedError, Encoded, SizeError, examine
from crnn_seq2seq_ocr.errors import PictureError

MOST_PIXELS = 64_000_000
"""Pictures that claim more pixels than this are refused before they are decoded (decompression bombs)."""

_ROWS = 64
_REMEDY = "replace the picture or take it out of the data"


def decode_picture(picture: bytes | np.ndarray, *, name: str) -> np.ndarray:
    """Pixels of a picture, RGB uint8 (H, W, 3), turned upright as its EXIF data say.

    Grey pictures and those of 16 bits a channel are converted; transparent ones are laid on white. Memory is
    bounded: nothing is decoded before the structure of the file was found to hold, nor more than `MOST_PIXELS`.

    Args:
        picture: An encoded picture (`encoded.FORMATS`) or pixels that are uint8 (H, W), (H, W, 3) or (H, W, 4).
        name: What the messages call it.

    Raises:
        PictureError: It is empty, damaged, no picture at all, or larger than `MOST_PIXELS`.
    """
    if isinstance(picture, np.ndarray):
        return _rgb(picture, name)
    encoded = _examined(picture, name)
    if encoded.format == "TIFF" and _is_float(encoded):
        raise PictureError(
            f"{name}: the pixels of this TIFF are floating-point numbers, of which none is said to be black or white: "
            "save it with 8 or 16 bits a channel"
        )
    try:
        pixels = _decode_transparent(encoded) if encoded.transparent else _decode(encoded)
    except Exception as error:  # whatever a decoder raises, be it memory: it is this picture's error
        reason = getattr(error, "err", None) or error  # of OpenCV, without the place in its source
        raise PictureError(f"{name}: the picture is damaged or cut short ({reason}): {_REMEDY}") from None
    return np.ascontiguousarray(_upright(pixels, encoded.orientation))


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


def _examined(data: bytes, name: str) -> Encoded:
    """Check the structure of a picture; nothing is decoded."""
    if not data:
        raise PictureError(f"{name}: the picture is empty (0 bytes): {_REMEDY}")
    try:
        return examine(data, most_pixels=MOST_PIXELS)
    except SizeError as error:
        raise _too_large(name, error.width, error.height) from None
    except DamagedError as error:
        raise PictureError(f"{name}: this is no picture that can be read ({error}): {_REMEDY}") from None


def _too_large(name: str, width: int, height: int) -> PictureError:
    return PictureError(
        f"{name}: the picture of {width} x {height} pixels is larger than {MOST_PIXELS // 1_000_000} million pixels "
        "and was not decoded: make it smaller"
    )


def _is_float(encoded: Encoded) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(encoded.data), formats=["TIFF"]) as opened:
                return opened.mode == "F"
    except (OSError, SyntaxError, ValueError):  # what is wrong is told when it is decoded
        return False


def _decode(encoded: Encoded) -> np.ndarray:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(encoded.data, np.uint8), flags)
    if pixels is None or pixels.shape[:2] != (encoded.height, encoded.width):
        raise ValueError("its pixels cannot be decoded")
    return pixels


def _decode_transparent(encoded: Encoded) -> np.ndarray:
    """Decode a picture with an alpha channel or a transparent colour and lay it on white."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which were checked
        with Image.open(io.BytesIO(encoded.data), formats=[encoded.format]) as opened:
            if opened.mode.startswith("I"):
                # Grey of 16 bits: the library makes all of it white when it lays it on white.
                return _decode(encoded)
            if opened.size != (encoded.width, encoded.height):
                raise ValueError("it has another size than it claims")
            return _on_white(np.asarray(opened.convert("RGBA")))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels turned as EXIF's number says: 1 is upright, even ones below 5 and odd ones above are mirrored."""
    match orientation:
        case 2 | 3 | 4:
            return pixels[:: -1 if orientation > 2 else 1, :: -1 if orientation < 4 else 1]
        case 5 | 6 | 7 | 8:
            across = pixels.transpose(1, 0, 2)
            return across[:: -1 if orientation > 6 else 1, :: -1 if orientation in (6, 7) else 1]
    return pixels


def _on_white(rgba: np.ndarray) -> np.ndarray:
    """RGBA uint8 (H, W, 4) over white: (H, W, 3)."""
    over = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), _ROWS):  # some rows at a time: numbers of 16 bits take a multiple of the memory
        rows = slice(top, top + _ROWS)
        colour, alpha = rgba[rows, :, :3].astype(np.uint16), rgba[rows, :, 3:].astype(np.uint16)
        over[rows] = (colour * alpha + 255 * (255 - alpha) + 127) // 255
    return over
