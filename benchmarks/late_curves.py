"""Learning curves made up, in which those that end best are not those that begin best.

Each table is a family: losses, shape (720, 50). The first three (`slow`, `plateau`, `cross`) were
at hand when `Auto` was made; the others were written to judge it, and nothing was chosen by them.
"""

from __future__ import annotations

import numpy as np

ROWS, EPOCHS = 720, 50
STEPS = np.arange(1, EPOCHS + 1)[None]


def late_tables() -> dict[str, np.ndarray]:
    """All families by name."""
    return {**known_families(), **held_out_families()}


def known_families() -> dict[str, np.ndarray]:
    """Slow ones end lowest; a fifth drops late; two kinds of power laws."""
    rng = np.random.default_rng(7)
    rows, epochs = 720, 50
    t = np.arange(1, epochs + 1)

    def noisy(curves: np.ndarray) -> np.ndarray:
        return np.asarray(curves * np.exp(rng.normal(0, 0.02, curves.shape)))

    quality = rng.random(rows)
    rate = np.exp(rng.normal(np.log(0.6) - 2.2 * quality, 0.25))
    floor = 0.05 + 0.5 * (1 - quality) ** 1.5 * np.exp(rng.normal(0, 0.3, rows))
    start = 2.0 + 0.5 * rng.random(rows)
    slow = floor[:, None] + (start - floor)[:, None] * np.exp(-rate[:, None] * t)

    late = rng.random(rows) < 0.2
    turn = np.where(late, rng.uniform(12, 35, rows), rng.uniform(-3, 4, rows))
    width = rng.uniform(1, 5, rows)
    end = np.where(late, 0.1, 0.35) * np.exp(rng.normal(0, 0.45, rows))
    drop = 1 + np.exp((t - turn[:, None]) / width[:, None])
    plateau = end[:, None] + (start - end)[:, None] / drop

    steep = rng.random(rows) < 0.4
    power = np.where(steep, rng.uniform(0.7, 1.1, rows), rng.uniform(0.2, 0.5, rows))
    height = np.where(steep, rng.uniform(2, 3, rows), rng.uniform(0.7, 1.5, rows))
    base = np.where(steep, 0.02 * rng.random(rows), 0.15 + 0.2 * rng.random(rows))
    cross = base[:, None] + height[:, None] * t ** -power[:, None]
    return {"late:slow": noisy(slow), "late:plateau": noisy(plateau), "late:cross": noisy(cross)}


def held_out_families() -> dict[str, np.ndarray]:
    """Written after the three above, to judge."""
    rng = np.random.default_rng(2024)
    made = {
        "stretched": _stretched(rng),
        "stuck": _stuck(rng),
        "schedule": _schedule(rng),
        "double": _double(rng),
        "tenth": _tenth(rng),
        "gradual": _gradual(rng),
    }
    return {f"late:{name}": table for name, table in made.items()}


def _spread(rng: np.random.Generator, sigma: float) -> np.ndarray:
    return np.exp(rng.normal(0, sigma, ROWS))


def _noisy(rng: np.random.Generator, curves: np.ndarray, sigma: float) -> np.ndarray:
    """Noise of one epoch that lasts into the next."""
    noise = rng.normal(0, sigma, curves.shape)
    for step in range(1, curves.shape[1]):
        noise[:, step] = 0.6 * noise[:, step - 1] + noise[:, step] * 0.8
    return np.asarray(curves * np.exp(noise))


def _stretched(rng: np.random.Generator) -> np.ndarray:
    """Small learning rates: slow (stretched exponentials), and they end lower."""
    rate = rng.uniform(0, 1, ROWS)
    time = np.exp(np.log(1.5) + 3.0 * (1 - rate) + rng.normal(0, 0.3, ROWS))
    power = rng.uniform(0.7, 1.1, ROWS)
    floor = 0.08 * np.exp(1.6 * rate) * _spread(rng, 0.25)
    fall = np.exp(-((STEPS / time[:, None]) ** power[:, None]))
    return _noisy(rng, floor[:, None] + (2.3 - floor)[:, None] * fall, 0.04)


def _stuck(rng: np.random.Generator) -> np.ndarray:
    """At chance until a random epoch, whatever the end."""
    escape = rng.exponential(14, ROWS)
    floor = 0.15 * _spread(rng, 0.6)
    rate = rng.uniform(0.15, 0.7, ROWS)[:, None]
    fall = np.exp(-rate * np.maximum(STEPS - escape[:, None], 0))
    return _noisy(rng, floor[:, None] + (2.3 - floor)[:, None] * fall, 0.015)


def _schedule(rng: np.random.Generator) -> np.ndarray:
    """A schedule lowers the learning rate at 60 % and 80 %: those it held back gain most."""
    noise = rng.uniform(0.1, 1, ROWS)[:, None]
    base = 0.1 * _spread(rng, 0.35)[:, None] + 0.12 * (1 - noise)
    held = np.where(STEPS < 0.6 * EPOCHS, 1, np.where(STEPS < 0.8 * EPOCHS, 0.2, 0.03))
    return _noisy(rng, base + 1.8 * STEPS**-0.8 + noise * 0.5 * held, 0.03)


def _double(rng: np.random.Generator) -> np.ndarray:
    """One in seven rises in the middle, and then ends lowest."""
    late = rng.random(ROWS) < 0.15
    floor = np.where(late, 0.12, 0.3) * _spread(rng, 0.35)
    rate = rng.uniform(0.2, 0.8, ROWS)
    curves = floor[:, None] + 1.5 * np.exp(-rate[:, None] * STEPS)
    height = np.where(late, rng.uniform(0.5, 1.2, ROWS), 0)[:, None]
    rise = np.exp(-0.5 * ((STEPS - rng.uniform(8, 18, ROWS)[:, None]) / 6) ** 2)
    rest = 1 / (1 + np.exp((STEPS - rng.uniform(25, 38, ROWS)[:, None]) / 2))
    return _noisy(rng, curves + height * rise + np.where(late, 0.6, 0)[:, None] * rest, 0.03)


def _tenth(rng: np.random.Generator) -> np.ndarray:
    """One in ten drops late; the others are power laws that keep their order."""
    late = rng.random(ROWS) < 0.1
    quality = rng.random(ROWS)[:, None]
    power = rng.uniform(0.6, 1.2, ROWS)[:, None]
    early = 0.2 + 0.6 * quality + (1 + quality) * STEPS**-power
    depth = rng.uniform(0.75, 1.0, ROWS)[:, None]
    drop = 1 + np.exp(-(STEPS - rng.uniform(20, 36, ROWS)[:, None]) / 1.5)
    return _noisy(rng, np.where(late[:, None], 1.1 - depth / drop, early), 0.02)


def _gradual(rng: np.random.Generator) -> np.ndarray:
    """The better, the later."""
    quality = rng.random(ROWS)
    turn = 4 + 26 * quality + rng.normal(0, 3, ROWS)
    end = 0.1 + 0.5 * (1 - quality) * _spread(rng, 0.3)
    drop = 1 + np.exp((STEPS - turn[:, None]) / (1 + 2 * rng.random(ROWS)[:, None]))
    return _noisy(rng, end[:, None] + (2 - end)[:, None] / drop, 0.05)
