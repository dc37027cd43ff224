"""Where nodes go: distances on paper like distances in the graph, then boxes and lines are pushed apart.

Arrays in, arrays out; equal input gives equal output, nothing is drawn by lot. Knows nothing of text or colours.

Source: stress majorization, Gansner, Koren, North, Graph Drawing by Stress Majorization (2004), here in its local form:
each node moves to where its springs to all others would have it.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

STEPS: Final = 160
PUSHES: Final = 160
GAP: Final = 16.0
"""Pixels between two boxes."""

CLEAR: Final = 7.0
"""Pixels between a box and a line that passes it."""

WIDE: Final = 1.3
"""Labels are wide and screens are: x is stretched by this."""

TAILS: Final = 0.8
"""Long ways are drawn shorter than they are, to this power, so that a tail leaves no picture empty."""

_GOLDEN: Final = math.pi * (3 - math.sqrt(5))


def place(sizes: Floats, edges: Ints, lengths: Floats) -> Floats:
    """Return the centre of each box, so that no two overlap.

    Args:
        sizes: Width and height of each box in pixels, `(n, 2)`.
        edges: Two nodes each, `(m, 2)`.
        lengths: That each edge would like to have, in pixels, `(m,)`.

    Returns:
        Centres, `(n, 2)`, around 0.
    """
    count = len(sizes)
    if count == 0:
        return np.zeros((0, 2))
    step = float(lengths.mean()) if len(lengths) else 160.0
    far = step * (distances(count, edges, lengths) / step) ** TAILS
    at = _relaxed(_spiral(count, step), far)
    at[:, 0] *= WIDE
    at = _pushed(at, sizes, edges)
    at = _apart(at, sizes)
    return at - (at.min(axis=0) + at.max(axis=0)) / 2


def distances(count: int, edges: Ints, lengths: Floats) -> Floats:
    """Return the shortest way between each two nodes, `(n, n)`; parts that do not hang together lie side by side."""
    far = np.full((count, count), np.inf)
    np.fill_diagonal(far, 0.0)
    for (one, other), length in zip(edges, lengths, strict=True):
        far[one, other] = far[other, one] = min(far[one, other], length)
    for middle in range(count):
        np.minimum(far, far[:, middle, None] + far[None, middle, :], out=far)
    known = far[np.isfinite(far)]
    apart = max(260.0, 0.75 * float(known.max()))
    far[~np.isfinite(far)] = apart
    return far


def overlapping(at: Floats, sizes: Floats, gap: float = 0.0) -> bool:
    """Return whether any two boxes touch."""
    deep = (sizes[:, None] + sizes[None]) / 2 + gap - np.abs(at[:, None] - at[None])
    hit = np.triu((deep > 1e-6).all(axis=2), 1)
    return bool(hit.any())


def _spiral(count: int, step: float) -> Floats:
    """Begin with the first in the middle and the others around it; no two at one place, no two on one line."""
    index = np.arange(count)
    radius, turn = step * 0.6 * np.sqrt(index), index * _GOLDEN
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


def _relaxed(at: Floats, far: Floats) -> Floats:
    weights = np.where(far > 0, 1 / np.maximum(far, 1.0) ** 2, 0.0)
    total = np.maximum(weights.sum(axis=1), 1e-12)[:, None]
    for step in range(STEPS):
        apart = at[:, None] - at[None]
        length = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-9)
        wanted = at[None] + apart * (far / length)[..., None]
        at = at + (0.9 if step % 2 else 0.6) * ((weights[..., None] * wanted).sum(axis=1) / total - at)
    return at


def _pushed(at: Floats, sizes: Floats, edges: Ints) -> Floats:
    """Push boxes off each other and off the lines of others, a little at a time."""
    for step in range(PUSHES):
        at = at + 0.5 * _from_boxes(at, sizes, GAP)
        if len(edges) and step < PUSHES * 3 // 4:
            at = at + 0.35 * _from_lines(at, sizes, edges)
    return at


def _from_boxes(at: Floats, sizes: Floats, gap: float) -> Floats:
    """Return where overlapping boxes would go: along the axis in which they overlap less."""
    apart = at[:, None] - at[None]
    deep = (sizes[:, None] + sizes[None]) / 2 + gap - np.abs(apart)
    hit = (deep[..., 0] > 0) & (deep[..., 1] > 0) & ~np.eye(len(at), dtype=np.bool_)
    # Two at one place part by their order.
    order = np.sign(np.arange(len(at))[:, None] - np.arange(len(at))[None])[..., None]
    sign = np.where(apart == 0, order, np.sign(apart))
    axis = np.eye(2)[(deep[..., 1] < deep[..., 0]).astype(np.int64)]
    return (hit[..., None] * axis * sign * deep).sum(axis=1) / 2


def _from_lines(at: Floats, sizes: Floats, edges: Ints) -> Floats:
    """Return where boxes would go that lie on the line between two others."""
    start, along = at[edges[:, 0]], at[edges[:, 1]] - at[edges[:, 0]]
    square = np.maximum((along**2).sum(axis=1), 1e-9)
    off = at[None] - start[:, None]
    share = (off * along[:, None]).sum(axis=2) / square[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.sqrt(square)[:, None]
    side = (off * normal[:, None]).sum(axis=2)
    reach = (np.abs(normal)[:, None] * sizes[None]).sum(axis=2) / 2 + CLEAR
    deep: Floats = reach - np.abs(side)
    hit = (deep > 0) & (share > 0) & (share < 1)
    rows = np.arange(len(edges))
    hit[rows, edges[:, 0]] = hit[rows, edges[:, 1]] = False
    push = np.where(hit, np.copysign(deep, side), 0.0)[..., None] * normal[:, None]
    moved = push.sum(axis=0)
    back = -0.25 * push.sum(axis=1)
    np.add.at(moved, edges[:, 0], back)
    np.add.at(moved, edges[:, 1], back)
    longest = np.maximum(np.sqrt((moved**2).sum(axis=1)), 1e-9)[:, None]
    return moved * np.minimum(1.0, 60.0 / longest)


def _apart(at: Floats, sizes: Floats) -> Floats:
    """Make sure that no two boxes touch: pushed as long as that helps, then everything moves outwards."""
    for _ in range(200):
        if not overlapping(at, sizes, GAP / 2):
            return at
        at = at + _from_boxes(at, sizes, GAP)
    while overlapping(at, sizes, GAP / 2):
        at = at * 1.05
    return at
