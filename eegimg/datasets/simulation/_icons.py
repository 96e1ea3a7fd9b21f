"""Pictures for simulated experiments: ten concepts drawn as icons, every other attribute independent of them.

A real set of photographs ties colour to category (oranges are orange), so that a decoder of colour passes for
a decoder of concepts. Here hue, background, size, position and rotation are drawn independently of the
concept.
"""

import colorsys
import math

import numpy as np
import pandas as pd

from ..._checks import check_number, check_option
from ._icon_shapes import CONCEPTS, SHAPES

FEATURE_NAMES = tuple(f"concept_{concept}" for concept in CONCEPTS) + (
    "hue_cos",
    "hue_sin",
    "background_hue_cos",
    "background_hue_sin",
    "x",
    "y",
    "size",
)
SUPERSAMPLING = 4  # the picture is drawn this many times larger and averaged down
X_RANGE, Y_RANGE = 0.14, 0.12  # largest shift of the centre, in picture widths
SIZE_RANGE = (0.52, 0.78)  # diameter of the icon, in picture widths
ROTATION_RANGE = 14.0  # degrees
SATURATION_RANGE = (0.12, 0.4)  # of the pastel background


def make_icons(n_images=40, random_state=0):
    """Draw the attributes of a set of icons from a seed.

    Concepts alternate, so that every ten images hold each concept once; image k is the same whatever
    ``n_images``.

    Parameters
    ----------
    n_images : int
        How many images.
    random_state : int
        Seed.

    Returns
    -------
    icons : pandas.DataFrame, n_images rows
        Columns image (name, such as ``sun_001``), concept, hue and background_hue and saturation (0 to 1),
        size, x, y (picture widths; x to the right, y upwards), rotation (degrees) and variant (0 or 1), the
        attributes that :func:`draw_icon` takes, and split, see :func:`split_icons`.

    Raises
    ------
    TypeError, ValueError
        If ``n_images`` or ``random_state`` is no integer, or too small.
    """
    check_number("n_images", n_images, "make_icons", at_least=1, integer=True)
    check_number("random_state", random_state, "make_icons", at_least=0, integer=True)
    rows = []
    for index in range(n_images):
        rng = np.random.default_rng([random_state, index, 0])
        concept = CONCEPTS[index % len(CONCEPTS)]
        rows.append(
            {
                "image": f"{concept}_{index // len(CONCEPTS) + 1:03d}",
                "concept": concept,
                "hue": rng.uniform(),
                "background_hue": rng.uniform(),
                "saturation": rng.uniform(*SATURATION_RANGE),
                "size": rng.uniform(*SIZE_RANGE),
                "x": rng.uniform(-X_RANGE, X_RANGE),
                "y": rng.uniform(-Y_RANGE, Y_RANGE),
                "rotation": rng.uniform(-ROTATION_RANGE, ROTATION_RANGE),
                "variant": int(rng.integers(2)),
            }
        )
    icons = pd.DataFrame(rows)
    icons["split"] = split_icons(icons)
    return icons


def split_icons(icons, test_fraction=0.2):
    """Say which images are held out with all their trials: the last fifth of each concept's images.

    Parameters
    ----------
    icons : pandas.DataFrame
        Needs the column concept.
    test_fraction : float
        Share of each concept's images in the test set, at least one image where the concept has two or more.

    Returns
    -------
    split : list of str
        ``"train"`` or ``"test"`` per row.
    """
    rank = icons.groupby("concept").cumcount()
    count = icons.groupby("concept")["concept"].transform("size")
    held_out = (count * test_fraction).round().clip(lower=1).where(count > 1, 0)
    return np.where(rank >= count - held_out, "test", "train").tolist()


def draw_icon(
    concept,
    *,
    hue=0.1,
    background_hue=0.6,
    saturation=0.25,
    size=0.65,
    x=0.0,
    y=0.0,
    rotation=0.0,
    variant=0,
    size_px=64,
):
    """Draw one icon.

    Parameters
    ----------
    concept : str
        One of ``CONCEPTS``.
    hue, background_hue : float
        Colour of the icon and of the background, 0 to 1 round the colour circle.
    saturation : float
        Of the background, a pastel gradient from top to bottom.
    size : float
        Diameter of the icon in picture widths.
    x, y : float
        Centre of the icon in picture widths from the middle, to the right and upwards.
    rotation : float
        Degrees, anticlockwise.
    variant : int
        Shape variant, 0 or 1.
    size_px : int
        Width and height of the picture in pixels.

    Returns
    -------
    picture : PIL.Image.Image
        RGB.
    features : numpy.ndarray, shape (17,)
        See :func:`icon_features`.

    Raises
    ------
    ValueError
        If the concept is not known.
    """
    from PIL import Image, ImageDraw

    check_option("concept", concept, CONCEPTS, "draw_icon")
    width = int(size_px) * SUPERSAMPLING
    top, bottom = (_rgb(background_hue, saturation * weight, 0.97) for weight in (0.6, 1.4))
    ramp = np.linspace(0.0, 1.0, width)[:, np.newaxis, np.newaxis]
    gradient = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    canvas = Image.fromarray(np.broadcast_to(gradient.round(), (width, width, 3)).astype(np.uint8))
    tones = {
        "dark": _rgb(hue, 0.75, 0.5),
        "mid": _rgb(hue, 0.72, 0.78),
        "light": _rgb(hue, 0.45, 0.95),
        "white": (250, 250, 246),
        "black": (40, 36, 44),
    }
    angle = math.radians(rotation)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centre = np.array([0.5 + x, 0.5 - y]) * width
    pen = ImageDraw.Draw(canvas)
    for points, tone in SHAPES[concept](int(variant)):
        # shapes stand in a box from -1 to 1 with y upwards; pixels count downwards
        placed = (np.asarray(points) @ turn) * (1, -1) * (size / 2 * width) + centre
        pen.polygon([tuple(point) for point in placed.tolist()], fill=tones[tone])
    table = pd.DataFrame(
        {"concept": [concept], "hue": hue, "background_hue": background_hue, "x": x, "y": y, "size": size}
    )
    return canvas.reduce(SUPERSAMPLING), icon_features(table)[0]


def icon_features(icons):
    """Describe images by the numbers that the simulated brain responds to.

    The concept is coded one-hot minus 0.1; the others (cosine and sine of both hues, x, y, size) are scaled
    to mean 0 and standard deviation 1 over the distribution they are drawn from, not over the images at hand.

    Parameters
    ----------
    icons : pandas.DataFrame
        As from :func:`make_icons`.

    Returns
    -------
    features : numpy.ndarray, shape (n_images, 17)
        Columns in the order of ``FEATURE_NAMES``.
    """
    concept = icons["concept"].to_numpy()[:, np.newaxis] == np.array(CONCEPTS)
    columns = [concept - 1.0 / len(CONCEPTS)]
    for name in ("hue", "background_hue"):
        angle = 2 * np.pi * icons[name].to_numpy(dtype=float)
        columns += [math.sqrt(2) * np.cos(angle), math.sqrt(2) * np.sin(angle)]
    middle, width = sum(SIZE_RANGE) / 2, SIZE_RANGE[1] - SIZE_RANGE[0]
    columns += [
        icons["x"].to_numpy(dtype=float) * math.sqrt(3) / X_RANGE,
        icons["y"].to_numpy(dtype=float) * math.sqrt(3) / Y_RANGE,
        (icons["size"].to_numpy(dtype=float) - middle) * math.sqrt(12) / width,
    ]
    return np.column_stack(columns)


def write_icons(icons, folder, size_px=64):
    """Draw a set of icons as PNG files ``<folder>/<image>.png``.

    Parameters
    ----------
    icons : pandas.DataFrame
        As from :func:`make_icons`.
    folder : path-like
        Created where missing.
    size_px : int
        Width and height in pixels.

    Returns
    -------
    paths : list of pathlib.Path
    """
    from pathlib import Path

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    attributes = ["hue", "background_hue", "saturation", "size", "x", "y", "rotation", "variant"]
    paths = []
    for row in icons.to_dict("records"):
        picture, _ = draw_icon(row["concept"], size_px=size_px, **{name: row[name] for name in attributes})
        paths.append(folder / f"{row['image']}.png")
        picture.save(paths[-1], format="PNG")
    return paths


def _rgb(hue, saturation, value):
    """Turn hue, saturation and value (0 to 1) into three bytes."""
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1.0, min(saturation, 1.0), value))
