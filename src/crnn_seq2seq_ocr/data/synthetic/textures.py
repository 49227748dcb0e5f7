"""Textures of walls, hedges and streets, made once per process from fixed seeds; and banks of noise."""

import functools
from collections.abc import Callable

import cv2
import numpy as np

SIZE = 512
"""Side of a texture in pixels."""

_BANK = 1024


@functools.cache
def _noise_bank() -> np.ndarray:
    """Make normal noise, int16 (_BANK, _BANK, 3), of deviation 64: slices of it serve as sensor noise."""
    rng = np.random.default_rng(20161)
    return np.round(rng.standard_normal((_BANK, _BANK, 3), np.float32) * 64).astype(np.int16)


@functools.cache
def _grain_bank(coarse: bool) -> np.ndarray:
    """Cloudy noise over several scales, float32 (_BANK, _BANK), mostly between -1 and 1."""
    octaves = (4, 8, 16, 32) if coarse else (16, 48, 128, 384)
    return clouds(np.random.default_rng(20162 + coarse), _BANK, octaves)


def clouds(rng: np.random.Generator, size: int, octaves: tuple[int, ...]) -> np.ndarray:
    """Sum of smooth noises with so many cells across, each half as strong as the last; deviation 0.5."""
    total = np.zeros((size, size), np.float32)
    for place, cells in enumerate(octaves):
        noise = rng.standard_normal((cells, cells)).astype(np.float32)
        total += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC) * 0.6**place
    return np.asarray((total - total.mean()) * (0.5 / total.std()), np.float32)


def as_pixels(values: np.ndarray) -> np.ndarray:
    """Values clipped to 0-255, uint8."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def sensor_noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Cut sensor noise at random out of the noise bank, int16 (height, width, 3), deviation 64."""
    y, x = int(rng.integers(0, _BANK - height)), int(rng.integers(0, _BANK - width))
    return np.asarray(_noise_bank()[y : y + height, x : x + width])


def grain(rng: np.random.Generator, size: tuple[int, int], *, coarse: bool) -> np.ndarray:
    """Cut cloudy noise at random, float32 (height, width)."""
    bank = _grain_bank(coarse)
    y, x = int(rng.integers(0, _BANK - size[0])), int(rng.integers(0, _BANK - size[1]))
    return np.asarray(bank[y : y + size[0], x : x + size[1]])


@functools.cache
def texture(kind: str, variant: int) -> np.ndarray:
    """Draw a texture of `WALLS` or `DISTANCES`, RGB uint8 (SIZE, SIZE, 4); the fourth channel is filling.

    OpenCV warps four channels twice as fast as three.
    """
    makers = _makers()
    rng = np.random.default_rng([20163, list(makers).index(kind), variant])
    return cv2.cvtColor(makers[kind](rng), cv2.COLOR_RGB2RGBA)


VARIANTS = 8
"""How many textures there are of each kind."""

WALLS = ("plaster", "roughcast", "stones", "bricks", "blocks")
"""What plates are screwed to; light grey, to be tinted."""

DISTANCES = ("foliage", "foliage", "garden", "garden", "garden", "grass", "street")
"""What lies behind a plate on a pole; in colour. Repeated ones are more frequent."""


def _makers() -> dict[str, Callable[[np.random.Generator], np.ndarray]]:
    return {
        "plaster": _plaster,
        "roughcast": _roughcast,
        "stones": _stones,
        "bricks": _bricks,
        "blocks": _blocks,
        "foliage": _foliage,
        "grass": _grass,
        "street": _street,
        "garden": _garden,
    }


def _grey(shade: np.ndarray, tint: np.ndarray | None = None) -> np.ndarray:
    """Shade (around 1) to light grey pixels, slightly coloured by the tint (H, W, 3)."""
    pixels = 170 * shade[..., None] * (np.ones(3, np.float32) if tint is None else tint)
    return as_pixels(pixels)


def _relief(rng: np.random.Generator, octaves: tuple[int, ...], strength: float) -> np.ndarray:
    """Shade of a bumpy surface lit from the upper left, around 1."""
    bumps = clouds(rng, SIZE, octaves)
    slope = bumps - np.roll(bumps, (2, 2), (0, 1))
    return np.asarray(1 + strength * slope / max(float(slope.std()), 1e-6), np.float32)


def _plaster(rng: np.random.Generator) -> np.ndarray:
    return _grey(_relief(rng, (64, 160), 0.02) + 0.06 * clouds(rng, SIZE, (3, 6, 14)))


def _roughcast(rng: np.random.Generator) -> np.ndarray:
    return _grey(_relief(rng, (96, 200, 384), float(rng.uniform(0.06, 0.14))) + 0.05 * clouds(rng, SIZE, (3, 8)))


def _stones(rng: np.random.Generator) -> np.ndarray:
    """Rubble: the cells of random points, each stone of its own shade, mortar between."""
    count = int(rng.integers(60, 220))
    seeds = np.full((SIZE, SIZE), 255, np.uint8)
    squash = float(rng.uniform(1.2, 2.0))
    points = rng.integers(0, SIZE, (count, 2))
    seeds[points[:, 0], points[:, 1]] = 0
    wide = cv2.resize(seeds, (SIZE, int(SIZE * squash)), interpolation=cv2.INTER_NEAREST)
    _, labels = cv2.distanceTransformWithLabels(wide, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    labels = cv2.resize(labels.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    warp_y = (clouds(rng, SIZE, (12, 30)) * 7).astype(np.int32)
    places = np.arange(SIZE)
    labels = labels[np.clip(places[:, None] + warp_y, 0, SIZE - 1), np.clip(places[None] + warp_y.T, 0, SIZE - 1)]
    tints = _earths(rng, labels.max() + 1, 0.12)
    shades = rng.uniform(0.65, 1.15, labels.max() + 1).astype(np.float32)
    return _masonry(rng, labels, shades, tints, joint=int(rng.integers(3, 8)))


def _earths(rng: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Tints between bluish grey and ochre, float32 (count, 3)."""
    warmth = rng.normal(spread / 2, spread / 2, (count, 1))
    return (1 + warmth * (1.0, 0.1, -1.2) + rng.normal(0, 0.012, (count, 3))).astype(np.float32)


def _masonry(
    rng: np.random.Generator, labels: np.ndarray, shades: np.ndarray, tints: np.ndarray, *, joint: int
) -> np.ndarray:
    edges = (labels != np.roll(labels, 1, 0)) | (labels != np.roll(labels, 1, 1))
    mortar = cv2.GaussianBlur(cv2.dilate(edges.astype(np.float32), np.ones((joint, joint))), (0, 0), 1.5)
    shade = shades[labels] + 0.1 * clouds(rng, SIZE, (10, 40, 120))
    light = float(rng.choice((0.55, 1.15)))
    shade = shade * (1 - mortar) + light * mortar
    tint = tints[labels] * (1 - mortar[..., None]) + mortar[..., None]
    return _grey(shade * _relief(rng, (96, 256), 0.06), tint)


def _bricks(rng: np.random.Generator) -> np.ndarray:
    return _courses(rng, height=int(rng.integers(16, 26)), ratio=3.2, joint=3, spread=0.12)


def _blocks(rng: np.random.Generator) -> np.ndarray:
    return _courses(rng, height=int(rng.integers(70, 130)), ratio=float(rng.uniform(1.5, 2.5)), joint=4, spread=0.05)


def _courses(rng: np.random.Generator, *, height: int, ratio: float, joint: int, spread: float) -> np.ndarray:
    width = int(height * ratio)
    rows = np.arange(SIZE)[:, None] // height
    columns = (np.arange(SIZE)[None] + (rows % 2) * (width // 2)) // width
    labels = (rows * (SIZE // width + 2) + columns).astype(np.int32)
    shades = rng.normal(1, spread, labels.max() + 1).astype(np.float32)
    tints = _earths(rng, labels.max() + 1, spread / 2)
    return _masonry(rng, labels, shades, tints, joint=joint)


def _foliage(rng: np.random.Generator) -> np.ndarray:
    """Leaves from dark below to bright above, drawn one over the other."""
    tint = np.array(rng.uniform((0.6, 0.85, 0.3), (0.95, 1.0, 0.65)), np.float32)
    if rng.random() < 0.1:
        tint = np.array(rng.uniform((0.9, 0.5, 0.3), (1.0, 0.7, 0.5)), np.float32)
    patches = clouds(rng, SIZE, (4, 9, 24))
    bright = float(rng.uniform(0.8, 2.2))
    shade = bright * np.exp(0.9 * patches + 0.9 * clouds(rng, SIZE, (90, 200)))
    pixels = as_pixels(38 * tint * shade[..., None])
    leaf = float(rng.uniform(1.5, 4))
    count = int(2200 / leaf)
    for layer in range(4):
        places = rng.integers(0, SIZE, (count, 2))
        relief = 0.8 * patches[places[:, 1], places[:, 0]] + rng.normal(0, 0.3, count)
        lights = bright * (22 + 26 * layer) * np.exp(relief)
        colours = np.clip(lights[:, None] * tint * rng.uniform(0.8, 1.2, (count, 3)), 0, 250)
        shapes = rng.uniform((0.5, 0.3, 0), (1.6, 0.8, 360), (count, 3)) * (leaf, leaf, 1)
        for place, colour, (long, wide, turn) in zip(places.tolist(), colours.tolist(), shapes.tolist(), strict=True):
            cv2.ellipse(pixels, (place, (2 * long, 2 * wide), turn), colour, -1)
    return cv2.GaussianBlur(pixels, (0, 0), 0.6)


def _garden(rng: np.random.Generator) -> np.ndarray:
    """Draw a house wall or the sky above, bushes or grass below."""
    upper = _street(rng) if rng.random() < 0.4 else _grey(rng.uniform(0.9, 1.45) * _relief(rng, (64, 160), 0.02))
    for _ in range(int(rng.integers(0, 3))):
        x, tone = int(rng.integers(0, SIZE)), rng.uniform(30, 120) * _earths(rng, 1, 0.4)[0]
        cv2.rectangle(upper, (x, 0), (x + int(rng.integers(20, 160)), SIZE), tuple(map(float, tone)), -1)
    lower = _foliage(rng) if rng.random() < 0.5 else _grass(rng)
    edge = SIZE * rng.uniform(0.45, 0.7) + 25 * clouds(rng, SIZE, (8, 40, 90))
    mask = (np.arange(SIZE)[:, None] > edge).astype(np.uint8)
    cv2.copyTo(lower, mask, upper)
    return cv2.GaussianBlur(upper, (0, 0), 0.8)


def _grass(rng: np.random.Generator) -> np.ndarray:
    blades = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)).astype(np.float32), (0, 0), 0.8, sigmaY=3)
    shade = 1 + 0.9 * blades + 0.3 * clouds(rng, SIZE, (4, 10, 30))
    colour = rng.uniform((80, 95, 40), (130, 135, 80)).astype(np.float32)
    return as_pixels(colour * shade[..., None])


def _sky(rng: np.random.Generator) -> np.ndarray:
    fall = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    top, bottom = rng.uniform(120, 205) * np.array((0.95, 1.02, 1.2)), rng.uniform(205, 250) * np.ones(3)
    shade = top * (1 - fall) + bottom * fall + 12 * clouds(rng, SIZE, (3, 6, 12))[..., None]
    return as_pixels(shade)


def _street(rng: np.random.Generator) -> np.ndarray:
    """Houses, windows, cars and road, as shapes that are out of focus."""
    pixels = _sky(rng)
    horizon = int(SIZE * rng.uniform(0.5, 0.75))
    road = float(rng.uniform(90, 160))
    pixels[horizon:] = np.clip(road + 10 * clouds(rng, SIZE, (6, 20))[horizon:, :, None], 0, 255)
    x = 0
    while x < SIZE:
        width = int(rng.integers(60, 190))
        _house(pixels, rng, (x, int(horizon * rng.uniform(0.05, 0.6)), width, horizon))
        x += width
    for _ in range(int(rng.integers(1, 4))):
        _car(pixels, rng, horizon)
    pixels = as_pixels(pixels * (1 + 0.12 * clouds(rng, SIZE, (12, 40, 128)))[..., None])
    return cv2.GaussianBlur(pixels, (0, 0), 2.0)


def _house(pixels: np.ndarray, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    left, top, width, bottom = box
    wall = rng.uniform(110, 235) * _earths(rng, 1, 0.15)[0]
    cv2.rectangle(pixels, (left, top), (left + width, bottom), tuple(map(float, np.clip(wall, 0, 250))), -1)
    roof = tuple(map(float, rng.uniform(60, 130) * _earths(rng, 1, 0.3)[0]))
    cv2.rectangle(pixels, (left, top - int(rng.integers(10, 50))), (left + width, top), roof, -1)
    glass = tuple(map(float, rng.uniform(30, 120) * np.array((0.95, 1.0, 1.06))))
    step = int(rng.integers(38, 70))
    for x in range(left + 12, left + width - 24, step):
        for y in range(top + 15, bottom - 40, step + 12):
            cv2.rectangle(pixels, (x, y), (x + step // 2, y + int(step * 0.8)), (225, 225, 220), -1)
            cv2.rectangle(pixels, (x + 2, y + 2), (x + step // 2 - 2, y + int(step * 0.8) - 2), glass, -1)


def _car(pixels: np.ndarray, rng: np.random.Generator, horizon: int) -> None:
    x, y = int(rng.integers(0, SIZE - 120)), horizon + int(rng.integers(-10, 50))
    colour = tuple(map(float, rng.uniform(15, 235) * rng.uniform(0.85, 1.05, 3)))
    cv2.rectangle(pixels, (x, y), (x + 130, y + 36), colour, -1)
    cv2.ellipse(pixels, (x + 65, y + 2), (48, 30), 0, 180, 360, colour, -1, cv2.LINE_AA)
    cv2.ellipse(pixels, (x + 65, y + 2), (40, 23), 0, 180, 360, (60, 66, 72), -1, cv2.LINE_AA)
    for wheel in (x + 28, x + 102):
        cv2.circle(pixels, (wheel, y + 38), 14, (22, 22, 24), -1, cv2.LINE_AA)
