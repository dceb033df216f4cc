"""Problems that no setting was chosen on: a change has to help the main ones and not hurt these.

Formulas of other shapes than those of the main problems, networks and pipelines made up here, and
draws from random models (forests, waves, pairs of choices). The optimum of a draw is the least
value that a long search found.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
from problems import Parameter, Problem, Space, branches, floats, network, vector


def _turned(count, seed):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((count, count)))[0]
    return turn, rng.uniform(-3, 3, count)


def ackley():
    _, centre = _turned(6, 11)

    def score(v):
        x = vector(v) - centre
        bowl = -20 * math.exp(-0.2 * math.sqrt((x**2).mean()))
        return bowl - math.exp(np.cos(2 * math.pi * x).mean()) + 20 + math.e

    return Problem("ackley6", "continuous", Space(floats(6, -10, 10)), score, 0.0)


def levy():
    def score(v):
        w = 1 + (vector(v) - 1) / 4
        inner = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
        last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
        return float(math.sin(math.pi * w[0]) ** 2 + inner.sum() + last)

    return Problem("levy8", "continuous", Space(floats(8, -10, 8)), score, 0.0)


def schwefel():
    """Separable; the second-best valleys lie far from the best."""

    def score(v):
        x = vector(v)
        return float(418.9828872724339 * len(x) - (x * np.sin(np.sqrt(np.abs(x)))).sum())

    return Problem("schwefel4", "continuous", Space(floats(4, -500, 500)), score, 0.0)


def styblinski():
    def score(v):
        x = vector(v)
        return float(0.5 * (x**4 - 16 * x**2 + 5 * x).sum())

    return Problem(
        "styblinski6", "continuous", Space(floats(6, -5, 5)), score, -39.16616570377142 * 6
    )


def michalewicz():
    """Separable, with narrow valleys in flat land."""

    def score(v):
        x = vector(v)
        steep = np.sin(np.arange(1, len(x) + 1) * x**2 / math.pi) ** 20
        return float(-(np.sin(x) * steep).sum())

    return Problem("michalewicz5", "continuous", Space(floats(5, 0, math.pi)), score, -4.687658)


def terraces():
    """A turned bowl in steps: no slope anywhere."""
    turn, centre = _turned(5, 12)

    def score(v):
        z = turn @ (vector(v) - centre) * 10.0 ** (0.5 * np.arange(5) / 4)
        z = np.where(np.abs(z) > 0.5, np.round(z), np.round(10 * z) / 10)
        return float((np.array([1, 3, 10, 30, 100]) / 10 * z**2).sum())

    return Problem("terraces5", "continuous", Space(floats(5, -5, 5)), score, 0.0)


def powers():
    turn, centre = _turned(7, 13)

    def score(v):
        z = np.abs(turn @ (vector(v) - centre))
        return float(np.sqrt((z ** (2 + 4 * np.arange(7) / 6)).sum()))

    return Problem("powers7", "continuous", Space(floats(7, -5, 5)), score, 0.0)


def sharp():
    """A ridge: steep to its sides, slow along it."""
    turn, centre = _turned(8, 14)

    def score(v):
        z = turn @ (vector(v) - centre)
        return float(z[0] ** 2 + 20 * math.sqrt((z[1:] ** 2).sum()))

    return Problem("sharp8", "continuous", Space(floats(8, -5, 5)), score, 0.0)


def hartmann():
    a = np.array([1, 1.2, 3, 3.2])
    wide = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
    at = 1e-4 * np.array(
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    )

    def score(v):
        return float(-(a * np.exp(-(wide * (vector(v) - at) ** 2).sum(1))).sum())

    return Problem("hartmann3", "continuous", Space(floats(3, 0, 1)), score, -3.86278214782076)


# -- draws from random models ----------------------------------------------------------------------


class _Waves:
    """A smooth function of numbers and choices: a sum of cosines, as a Gaussian process is."""

    def __init__(self, params, seed, *, lengths, choices=1.0, count=200):
        rng = np.random.default_rng(seed)
        self._params = params
        size = sum(len(p.choices) or 1 for p in params)
        scale = []
        for p in params:
            scale += [choices] * len(p.choices) or [1 / rng.choice(lengths)]
        # Student frequencies: the spectrum of a Matérn kernel of smoothness 5/2.
        wide = np.sqrt(5 / rng.chisquare(5, (count, 1)))
        self._w = rng.standard_normal((count, size)) * np.array(scale) * wide
        self._b = rng.uniform(0, 2 * math.pi, count)
        self._a = rng.standard_normal(count) * math.sqrt(2 / count)

    def __call__(self, values):
        x = []
        for p in self._params:
            v = values[p.name]
            if p.kind == "cat":
                x += [float(v == c) for c in p.choices]
            elif p.log:
                x.append(math.log(v / p.lo) / math.log(p.hi / p.lo))
            else:
                x.append((v - p.lo) / (p.hi - p.lo))
        return float(self._a @ np.cos(self._w @ np.array(x) + self._b))


def waves():
    kinds = ("a", "b", "c", "d")
    params = (
        *floats(4, -1, 1),
        Parameter("size", "int", 1, 64, True),
        Parameter("first", "cat", choices=kinds[:3]),
        Parameter("second", "cat", choices=kinds),
    )
    f = _Waves(params, 21, lengths=(0.25, 0.5, 1.0, 4.0))
    return Problem("waves7", "mixed", Space(params), f, WAVES)


def forest():
    """A sum of random trees: cliffs and plateaus, as tabulated data have."""
    params = (
        *floats(3, 0, 1),
        Parameter("rate", "float", 1e-4, 1.0, True),
        Parameter("n", "int", 1, 12),
        Parameter("kind", "cat", choices=("a", "b", "c", "d")),
        Parameter("flag", "cat", choices=(True, False)),
    )
    rng = np.random.default_rng(22)
    trees = [_tree(params, rng, 5) for _ in range(30)]
    bowl = _Waves(params, 23, lengths=(1.0, 2.0))

    def score(v):
        return bowl(v) + sum(_leaf(tree, v) for tree in trees) / 8

    return Problem("forest7", "mixed", Space(params), score, FOREST)


def _tree(params, rng, depth):
    if depth == 0:
        return float(rng.standard_normal())
    p = params[rng.integers(len(params))]
    low, high = _tree(params, rng, depth - 1), _tree(params, rng, depth - 1)
    return p, p.at(float(rng.random())), low, high


def _leaf(tree, values):
    while isinstance(tree, tuple):
        p, border, low, high = tree
        v = values[p.name]
        tree = low if (v == border if p.kind == "cat" else v <= border) else high
    return tree


def pairs():
    """Choices only: each has an effect, and so has each pair."""
    rng = np.random.default_rng(24)
    counts = (2, 3, 3, 4, 4, 5, 5, 6)
    params = tuple(Parameter(f"c{i}", "cat", choices=tuple(range(k))) for i, k in enumerate(counts))
    single = [rng.standard_normal(k) for k in counts]
    double = {
        (i, j): 0.6 * rng.standard_normal((counts[i], counts[j]))
        for i in range(8)
        for j in range(i)
    }

    def score(v):
        at = [v[p.name] for p in params]
        return float(
            sum(s[a] for s, a in zip(single, at, strict=True))
            + sum(t[at[i], at[j]] for (i, j), t in double.items())
        )

    return Problem("pairs8", "mixed", Space(params), score, PAIRS)


def counts():
    """Whole numbers only, with dents."""
    highs = (4, 7, 10, 15, 20, 30)
    params = tuple(Parameter(f"x{i}", "int", 0, high) for i, high in enumerate(highs))
    best = np.array([1, 5, 3, 11, 6, 22])

    def score(v):
        z = (vector(v) - best) / np.array(highs) * 3
        return float((z**2 + 0.6 * (1 - np.cos(2 * math.pi * 1.5 * z))).sum())

    return Problem("counts6", "mixed", Space(params), score, 0.0)


def rough_network():
    """The made-up network with the luck of its training: the same for the same values."""
    inner = network()

    def score(v):
        luck = zlib.crc32(repr(sorted(v.items())).encode()) / 2**32
        return inner.score(v) + 0.01 * luck

    return Problem("rough_network6", "mixed", inner.space, score, inner.fstar)


# -- conditional -----------------------------------------------------------------------------------


def layers():
    """One to four layers, each with a width of its own; an optimiser with or without momentum."""
    kinds = ("sgd", "adam")
    params = (
        Parameter("depth", "cat", choices=(1, 2, 3, 4)),
        *(
            Parameter(f"width{i}", "int", 8, 512, True, when=("depth", tuple(range(i, 5))))
            for i in range(1, 5)
        ),
        Parameter("optimizer", "cat", choices=kinds),
        Parameter("rate", "float", 1e-5, 1.0, True),
        Parameter("momentum", "float", 0.0, 0.99, when=("optimizer", ("sgd",))),
    )

    def score(v):
        widths = np.array([math.log2(v[f"width{i}"]) for i in range(1, v["depth"] + 1)])
        miss = ((widths - np.array([8.0, 7.0, 6.0, 4.5])[: v["depth"]]) ** 2).mean() / 30
        rate = math.log10(v["rate"])
        if v["optimizer"] == "sgd":
            away = rate + 1.5 + 2 * max(v["momentum"] - 0.5, 0)
            step, bonus = away**2 / 8, 0.03 * (v["momentum"] - 0.9) ** 2
        else:
            step, bonus = (rate + 2.8 + 0.2 * v["depth"]) ** 2 / 8, 0.02
        return 0.1 + min(miss, 0.5) + min(step, 0.8) + bonus + 0.03 * abs(v["depth"] - 3)

    return Problem("layers8", "conditional", Space(params), score, 0.1)


def pipelines():
    """Five models, each a random smooth function of two to four hyperparameters of its own."""
    names, sizes = ("a", "b", "c", "d", "e"), (2, 3, 4, 2, 3)
    params, inner = [Parameter("model", "cat", choices=names)], {}
    rng = np.random.default_rng(25)
    for name, size in zip(names, sizes, strict=True):
        own = [
            Parameter(f"{name}{i}", "float", 1e-3, 1e3, True, when=("model", (name,)))
            for i in range(size)
        ]
        if size > 2:
            own[-1] = Parameter(f"{name}k", "cat", choices=("x", "y", "z"), when=("model", (name,)))
        params += own
        inner[name] = (
            rng.normal(0, 0.3),
            _Waves(own, int(rng.integers(1e6)), lengths=(0.3, 0.6, 2.0)),
        )

    def score(v):
        base, waves = inner[v["model"]]
        return base + waves(v)

    return Problem("pipelines15", "conditional", Space(tuple(params)), score, PIPELINES)


WAVES, FOREST, PAIRS, PIPELINES = -2.66604, -3.82696, -14.13064, -2.74228

HELD_OUT = {
    "ackley6": ackley,
    "levy8": levy,
    "schwefel4": schwefel,
    "styblinski6": styblinski,
    "michalewicz5": michalewicz,
    "terraces5": terraces,
    "powers7": powers,
    "sharp8": sharp,
    "hartmann3": hartmann,
    "waves7": waves,
    "forest7": forest,
    "pairs8": pairs,
    "counts6": counts,
    "network6": network,
    "rough_network6": rough_network,
    "branches7": branches,
    "layers8": layers,
    "pipelines15": pipelines,
}
