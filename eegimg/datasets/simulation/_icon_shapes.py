"""Outlines of the ten concepts: lists of (points, tone), filled in order, in a box from -1 to 1, y upwards.

Tones: dark, mid and light are shades of the icon's one hue; white and black are fixed accents.
"""

import math


def _disc(x, y, width, height=None, start=0.0, stop=360.0, n_points=48):
    """Return the outline of an ellipse or of a part of it (degrees from the right, anticlockwise)."""
    height = width if height is None else height
    angles = [math.radians(start + (stop - start) * k / n_points) for k in range(n_points + 1)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


def _box(left, bottom, right, top):
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _spikes(n_spikes, inner, outer, turn=90.0):
    """Return a star-shaped outline with its first spike at ``turn`` degrees."""
    radii = (outer, inner)
    angles = [math.radians(turn + 180.0 * k / n_spikes) for k in range(2 * n_spikes)]
    return [(radii[k % 2] * math.cos(a), radii[k % 2] * math.sin(a)) for k, a in enumerate(angles)]


def _sun(variant):
    rays = _spikes(12 if variant else 9, 0.6, 1.0)
    return [(rays, "light"), (_disc(0, 0, 0.58), "mid"), (_disc(-0.12, 0.14, 0.3), "light")]


def _house(variant):
    shapes = [(_box(-0.72, -0.9, 0.72, 0.15), "light"), (_box(-0.2, -0.9, 0.2, -0.3), "dark")]
    if variant:
        shapes.append((_box(0.35, 0.3, 0.58, 0.9), "dark"))
    shapes.append(([(-1, 0.1), (1, 0.1), (0, 0.95)], "mid"))
    for x in (-0.5, 0.5):
        shapes.append((_box(x - 0.16, -0.45, x + 0.16, -0.12), "white"))
    return shapes


def _tree(variant):
    trunk = (_box(-0.13, -1, 0.13, -0.2), "black")
    if variant:
        tiers = [
            ([(-w, low), (w, low), (0, low + 0.8)], "mid")
            for w, low in ((0.8, -0.6), (0.65, -0.15), (0.45, 0.25))
        ]
        return [trunk, *tiers, ([(0, -0.6), (0.8, -0.6), (0, 0.2)], "dark")]
    crowns = [(-0.42, 0.05, "dark"), (0.42, 0.05, "mid"), (0, 0.45, "light")]
    return [trunk, *((_disc(x, y, 0.5), tone) for x, y, tone in crowns)]


def _fish(variant):
    tail = [(0.45, 0), (1, 0.5), (0.85, 0), (1, -0.5)]
    fin = [(-0.2, 0.3), (0.3, 0.75 if variant else 0.6), (0.4, 0.2)]
    return [
        (tail, "dark"),
        (fin, "dark"),
        (_disc(-0.15, 0, 0.8, 0.45), "mid"),
        (_disc(-0.15, -0.08, 0.72, 0.32, 180, 360), "light"),
        (_disc(-0.55, 0.12, 0.13), "white"),
        (_disc(-0.57, 0.12, 0.06), "black"),
    ]


def _star(variant):
    n_spikes = 6 if variant else 5
    return [(_spikes(n_spikes, 0.45, 1.0), "mid"), (_spikes(n_spikes, 0.3, 0.65), "light")]


def _boat(variant):
    sail = [(0.06, -0.25), (0.06, 0.95), (0.8, -0.25)]
    jib = [(-0.06, -0.25), (-0.06, 0.75), (-0.65, -0.25)]
    shapes = [(_box(-0.05, -0.4, 0.05, 1.0), "black"), (sail, "light")]
    if variant:
        shapes.append((jib, "white"))
    return [
        *shapes,
        ([(-1, -0.38), (1, -0.38), (0.65, -0.9), (-0.65, -0.9)], "dark"),
        (_box(-0.9, -0.5, 0.9, -0.4), "mid"),
    ]


def _flower(variant):
    n_petals = 6 if variant else 5
    turns = [math.radians(90 + 360 * k / n_petals) for k in range(n_petals)]
    petals = [(_disc(0.42 * math.cos(a), 0.3 + 0.42 * math.sin(a), 0.3), "mid") for a in turns]
    stem, leaf = _box(-0.06, -1, 0.06, 0.2), _disc(0.3, -0.62, 0.27, 0.13)
    return [
        (stem, "dark"),
        (leaf, "dark"),
        *petals,
        (_disc(0, 0.3, 0.24), "white"),
        (_disc(0, 0.3, 0.12), "light"),
    ]


def _mushroom(variant):
    stem = [(-0.24, 0), (0.24, 0), (0.34, -0.9), (-0.34, -0.9)]
    dots = [(-0.45, 0.3, 0.14), (0.1, 0.55, 0.16), (0.52, 0.25, 0.12)] + (
        [(-0.12, 0.18, 0.1)] if variant else []
    )
    cap = _disc(0, 0, 0.95, 0.9, 0, 180)
    return [
        (stem, "light"),
        (cap, "mid"),
        (_box(-0.95, -0.1, 0.95, 0.04), "dark"),
        *((_disc(*dot), "white") for dot in dots),
    ]


def _car(variant):
    roof = [(-0.6, 0.05), (-0.38, 0.55), (0.3, 0.55), (0.6 if variant else 0.45, 0.05)]
    shapes = [(roof, "light"), (_box(-1, -0.42, 1, 0.08), "mid"), (_box(-1, -0.42, 1, -0.28), "dark")]
    shapes += [([(-0.46, 0.08), (-0.32, 0.44), (-0.06, 0.44), (-0.06, 0.08)], "white")]
    shapes += [([(0.04, 0.08), (0.04, 0.44), (0.24, 0.44), (0.38, 0.08)], "white")]
    for x in (-0.52, 0.52):
        shapes += [(_disc(x, -0.45, 0.25), "black"), (_disc(x, -0.45, 0.11), "white")]
    return shapes


def _heart(variant):
    angles = [2 * math.pi * k / 64 for k in range(64)]
    outline = [
        (
            math.sin(a) ** 3,
            (13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16 + 0.1,
        )
        for a in angles
    ]
    inner = [(0.55 * x, 0.55 * y + 0.05) for x, y in outline]
    return [(outline, "mid"), (inner, "dark" if variant else "light"), (_disc(-0.45, 0.45, 0.12), "white")]


SHAPES = {
    "sun": _sun,
    "house": _house,
    "tree": _tree,
    "fish": _fish,
    "star": _star,
    "boat": _boat,
    "flower": _flower,
    "mushroom": _mushroom,
    "car": _car,
    "heart": _heart,
}
CONCEPTS = tuple(SHAPES)
