"""Views of a plate: camera, wall or pole, light, and all that makes a view hard to read."""

from dataclasses import dataclass

import cv2
import numpy as np

from crnn_seq2seq_ocr.data.synthetic import sign_degradations, textures
from crnn_seq2seq_ocr.data.synthetic.plates import WIDTH

VIEW = 150
"""Side of a view in pixels."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What all views of a sign share."""

    mount: str
    """``wall``, ``pole`` or ``fence``: what the plate is fixed to."""
    texture: tuple[str, int]
    tint: np.ndarray
    """Of the wall, float32 (3,), 1 leaves it light grey."""
    spread: float
    """Pixels of the plate that one pixel of the wall's texture covers."""
    offset: np.ndarray
    light: float
    """Exposure, 1 is as the colours say."""
    warmth: float
    turn: float
    """Of the plate itself, in degrees."""
    features: tuple[tuple[float, ...], ...]
    """Rectangles on the wall (corners, ledges, windows): left, top, right, bottom in plate widths, shade."""
    dapple: float
    """Strength of the shadow of leaves or of a building on the plate."""
    pole: tuple[float, float, float]
    """Its place across the plate, its width (both in plate widths) and its shade."""
    sharp: int
    """The view that is always easy."""


def draw_scene(rng: np.random.Generator, views: int, difficulty: float) -> Scene:
    """Draw what the views of one sign share."""
    draw = rng.random()
    mount = "wall" if draw < 0.60 else "pole" if draw < 0.90 else "fence"
    kind = textures.WALLS[int(rng.integers(len(textures.WALLS)))] if mount == "wall" else "foliage"
    dark = rng.random() < 0.22
    light = rng.uniform(0.42, 0.75) if dark else rng.uniform(0.75, 1.25)
    warm = rng.random()
    brightness = rng.uniform(0.35, 1.3)
    tint = brightness * np.array((1 + 0.12 * warm, 1 + 0.03 * warm, 1 - 0.25 * warm * rng.random()), np.float32)
    if rng.random() < 0.12:
        tint = brightness * np.array((1.3, 0.85, 0.75), np.float32)
    return Scene(
        mount=mount,
        texture=(kind, int(rng.integers(textures.VARIANTS))),
        tint=tint,
        spread=float(rng.uniform(1.3, 2.6)),
        offset=rng.uniform(-200, 200, 2),
        light=1 + (float(light) - 1) * difficulty,
        warmth=float(rng.normal(0, 0.05)) * difficulty,
        turn=float(rng.normal(0, 1.5)) * difficulty,
        features=_features(rng) if rng.random() < 0.55 * difficulty else (),
        dapple=float(rng.uniform(0.3, 0.7)) if rng.random() < 0.08 * difficulty else 0.0,
        pole=(float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.1, 0.32)), float(rng.uniform(60, 235))),
        sharp=int(rng.integers(views)),
    )


def draw_view(
    plate: np.ndarray, scene: Scene, rng: np.random.Generator, difficulty: float, *, easy: bool
) -> np.ndarray:
    """One view, RGB uint8 (VIEW, VIEW, 3)."""
    camera = _camera(plate, scene, rng, difficulty, easy=easy)
    view = _surroundings(scene, camera, rng, difficulty)
    if scene.mount == "wall" and difficulty > 0:
        _cast_shadow(view, plate, camera, rng, difficulty)
    sign = cv2.warpPerspective(plate, camera, (VIEW, VIEW), flags=cv2.INTER_LINEAR)
    free = cv2.cvtColor(255 - cv2.extractChannel(sign, 3), cv2.COLOR_GRAY2RGB)
    # The plate's colours are multiplied by its alpha already.
    view = cv2.add(cv2.multiply(view, free, scale=1 / 255), cv2.cvtColor(sign, cv2.COLOR_RGBA2RGB))
    if scene.dapple:
        view = sign_degradations.dapple(view, rng, scene.dapple)
    return sign_degradations.spoil(view, rng, difficulty, light=scene.light, warmth=scene.warmth, easy=easy)


# Camera


def _camera(plate: np.ndarray, scene: Scene, rng: np.random.Generator, difficulty: float, *, easy: bool) -> np.ndarray:
    """Homography from the plate's pixels to the view's."""
    ease = 0.5 if easy else 1.0
    yaw = np.radians(np.clip(rng.normal(0, 26), -58, 58)) * difficulty * ease
    pitch = np.radians(rng.normal(4, 8)) * difficulty * ease
    roll = rng.normal(scene.turn, 3.5)
    if rng.random() < 0.05:
        roll += rng.uniform(-42, 42)
    height = plate.shape[0]
    box = np.array([(0, 0), (WIDTH, 0), (WIDTH, height), (0, height)], np.float64)
    distance = float(rng.uniform(2.0, 6.0))
    flat = _project(box - (WIDTH / 2, height / 2), yaw, pitch, np.radians(roll * difficulty), distance)
    extent = np.ptp(flat, axis=0)
    share = rng.uniform(0.56, 0.9) if rng.random() < 0.88 else rng.uniform(0.42, 0.6)
    share = max(0.6 if easy else 0.4, 0.88 + (share - 0.88) * difficulty)
    scale = min(share * VIEW / extent[0], 0.92 * VIEW / extent[1])
    flat = flat * scale
    room = (VIEW - np.ptp(flat, axis=0)) / 2
    shift = np.clip(rng.normal(0, 0.25, 2), -1, 1) * room * difficulty
    if not easy and rng.random() < 0.06 * difficulty:
        # Partly out of the picture.
        shift = np.sign(shift) * (room + rng.uniform(0, 0.2, 2) * np.ptp(flat, axis=0) * rng.permutation((0.2, 1.0)))
    middle = (flat.min(0) + flat.max(0)) / 2
    corners = flat - middle + VIEW / 2 + shift
    return cv2.getPerspectiveTransform(box.astype(np.float32), corners.astype(np.float32))


def _project(points: np.ndarray, yaw: float, pitch: float, roll: float, distance: float) -> np.ndarray:
    """Points (n, 2) of a plane turned about its centre, seen from so many plate widths away."""
    cos_y, sin_y, cos_p, sin_p = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    x, y = points[:, 0], points[:, 1]
    depth = 1 + (x * sin_y + y * sin_p) / (distance * WIDTH)
    # A camera below a level sign sees its lines fall: the shear that goes with yaw and pitch.
    across, down = x * cos_y / depth, (y * cos_p + x * sin_y * sin_p) / depth
    cos_r, sin_r = np.cos(roll), np.sin(roll)
    return np.stack((across * cos_r - down * sin_r, across * sin_r + down * cos_r), 1)


# Surroundings


def _surroundings(scene: Scene, camera: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    if scene.mount == "wall":
        view = _wall(scene, camera)
    else:
        view = _distance(scene, rng)
        if scene.mount == "fence":
            _add_bars(view, camera, rng)
        else:
            _add_pole(view, scene, camera)
    if difficulty < 1:
        mean = view.mean(axis=(0, 1), keepdims=True)
        view = textures.as_pixels(mean + (view - mean) * difficulty)
    return view


def _wall(scene: Scene, camera: np.ndarray) -> np.ndarray:
    """Draw the wall in the plate's plane, with its features."""
    half = textures.SIZE * scene.spread / 2
    left, top = np.array((WIDTH / 2, 90)) - half + scene.offset
    place = np.array([[scene.spread, 0, left], [0, scene.spread, top], [0, 0, 1]])
    view = cv2.warpPerspective(
        textures.texture(*scene.texture),
        camera @ place,
        (VIEW, VIEW),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    view = cv2.cvtColor(view, cv2.COLOR_RGBA2RGB)
    for left, top, right, bottom, shade in scene.features:
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)[None] * WIDTH
        area = cv2.perspectiveTransform(corners, camera)[0]
        _shade(view, area, shade)
    return cv2.LUT(view, _curve(scene.tint))


def _shade(view: np.ndarray, area: np.ndarray, shade: float) -> None:
    """Multiplies the pixels of a polygon."""
    mask = np.zeros(view.shape[:2], np.uint8)
    points = np.clip(np.round(area * 8), -30000, 30000).astype(np.int32)
    cv2.fillConvexPoly(mask, points, 255, cv2.LINE_AA, 3)
    cv2.copyTo(cv2.LUT(view, textures.as_pixels(np.arange(256) * shade)), mask, view)


def _curve(gains: np.ndarray) -> np.ndarray:
    """Look-up table uint8 (256, 1, 3) that multiplies each colour."""
    return textures.as_pixels(np.arange(256)[:, None, None] * gains)


def _distance(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Draw what is far behind: another cut for every view."""
    kind, variant = scene.texture
    if rng.random() < 0.5:
        kind = textures.DISTANCES[int(rng.integers(len(textures.DISTANCES)))]
    scale, turn = float(rng.uniform(0.5, 1.6)), float(rng.normal(0, 4))
    place = cv2.getRotationMatrix2D((0, 0), turn, scale)
    place[:, 2] = -rng.uniform(0, np.maximum(1, textures.SIZE * scale - VIEW), 2)
    view = cv2.warpAffine(textures.texture(kind, variant), place, (VIEW, VIEW), borderMode=cv2.BORDER_REFLECT_101)
    gain = float(rng.uniform(0.45, 1.15))
    view = cv2.cvtColor(view, cv2.COLOR_RGBA2RGB)
    return cv2.LUT(view, _curve(gain * (1 + 0.3 * (scene.tint / scene.tint.mean() - 1))))


def _add_pole(view: np.ndarray, scene: Scene, camera: np.ndarray) -> None:
    place, wide, shade = scene.pole
    slices = 5
    for part in range(slices):
        left = (place - wide / 2 + wide * part / slices) * WIDTH
        right = left + wide * WIDTH / slices + 1
        top = -WIDTH * 0.12 if shade > 150 else -2 * WIDTH
        corners = np.array([(left, top), (right, top), (right, 3 * WIDTH), (left, 3 * WIDTH)], np.float32)
        area = cv2.perspectiveTransform(corners[None], camera)[0]
        tone = shade * (1 - 0.12 * abs(part - 1.2))
        points = np.clip(np.round(area * 8), -30000, 30000).astype(np.int32)
        cv2.fillConvexPoly(view, points, (tone, tone, tone * 1.01), cv2.LINE_AA, 3)


def _add_bars(view: np.ndarray, camera: np.ndarray, rng: np.random.Generator) -> None:
    step, tone = float(rng.uniform(0.12, 0.4)), float(rng.uniform(10, 70))
    for x in np.arange(-1.5, 2.5, step):
        ends = np.array([[(x * WIDTH, -1.5 * WIDTH), (x * WIDTH, 2.5 * WIDTH)]], np.float32)
        start, end = np.clip(cv2.perspectiveTransform(ends, camera)[0], -2000, 2000).astype(int)
        cv2.line(view, start.tolist(), end.tolist(), (tone, tone * 1.05, tone), int(2 + 8 * step), cv2.LINE_AA)


def _features(rng: np.random.Generator) -> tuple[tuple[float, ...], ...]:
    """Draw a corner, a ledge, a window or a board: rectangles that leave the plate's place free."""
    found = []
    for _ in range(int(rng.integers(1, 3))):
        shade = float(rng.uniform(0.35, 0.9)) if rng.random() < 0.8 else 1.5
        draw, gap = rng.random(), float(rng.uniform(0.05, 0.35))
        if draw < 0.3:
            found.append((-3.0, -3.0, -gap, 3.0, shade))
        elif draw < 0.6:
            found.append((1 + gap, -3.0, 4.0, 3.0, shade))
        elif draw < 0.8:
            found.append((-3.0, -gap - float(rng.uniform(0.04, 0.6)), 4.0, -gap, shade))
        else:
            found.append((-3.0, 0.75 + gap, 4.0, 0.75 + gap + float(rng.uniform(0.04, 0.4)), shade))
    return tuple(found)


def _cast_shadow(
    view: np.ndarray, plate: np.ndarray, camera: np.ndarray, rng: np.random.Generator, difficulty: float
) -> None:
    """Darken a rim below the plate."""
    height, drop = plate.shape[0], float(rng.uniform(0, 9))
    corners = np.array([(2, 4), (WIDTH, 4), (WIDTH + drop / 2, height + drop), (drop / 2, height + drop)], np.float32)
    _shade(view, cv2.perspectiveTransform(corners[None], camera)[0], 1 - float(rng.uniform(0.1, 0.5)) * difficulty)
