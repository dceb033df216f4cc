"""Problems to minimise whose optimum is known: a few formulas here, more from a directory.

A problem is called with a dict of the active values. It has a `space` (`params`, each with `name`,
`kind` of "float", "int" or "cat", `lo`, `hi`, `log`, `choices`, and `when`: None or
`(parent, values)`; `sample(rng)`) and the optimum `fstar`. A directory of problems holds
`problems.py` with the list `MAIN`, `get(name)` and `refs()` (sorted scores of many random draws of
each problem), and possibly `results/*.jsonl`, recorded runs of other optimizers.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DRAWS = 30_000
_THIS = sys.modules[__name__]


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    lo: float = 0.0
    hi: float = 1.0
    log: bool = False
    choices: tuple = ()
    when: tuple | None = None

    def at(self, u):
        if self.kind == "cat":
            return self.choices[int(u * len(self.choices))]
        pad = 0.5 if self.kind == "int" else 0.0
        low, high = self.lo - pad, self.hi + pad
        x = low * (high / low) ** u if self.log else low + u * (high - low)
        return x if self.kind == "float" else int(min(max(round(x), self.lo), self.hi))


@dataclass(frozen=True)
class Space:
    params: tuple[Parameter, ...]

    def sample(self, rng):
        values = {}
        for p in self.params:
            u = rng.random()
            if p.when is None or values.get(p.when[0]) in p.when[1]:
                values[p.name] = p.at(u)
        return values


@dataclass(frozen=True)
class Problem:
    name: str
    group: str
    space: Space
    score: Callable[[dict], float]
    fstar: float

    def __call__(self, values):
        return float(self.score(values))


def floats(count, low, high):
    return tuple(Parameter(f"x{i}", "float", low, high) for i in range(count))


def vector(values):
    return np.array([values[f"x{i}"] for i in range(len(values))])


def branin():
    def score(v):
        x, y = v["x0"], v["x1"]
        bowl = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
        return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10

    params = (Parameter("x0", "float", -5, 10), Parameter("x1", "float", 0, 15))
    return Problem("branin", "continuous", Space(params), score, 0.39788735772973816)


def ridge():
    """A curved valley in six dimensions: Rosenbrock's."""

    def score(v):
        x = vector(v)
        return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())

    return Problem("valley6", "continuous", Space(floats(6, -2, 2)), score, 0.0)


def ripples():
    """A bowl with many small dents, off the middle, turned: Rastrigin's."""
    rng = np.random.default_rng(3)
    turn, centre = np.linalg.qr(rng.standard_normal((4, 4)))[0], rng.uniform(-2.5, 2.5, 4)

    def score(v):
        x = turn @ (vector(v) - centre)
        return float(40 + (x**2 - 10 * np.cos(2 * math.pi * x)).sum())

    return Problem("ripples4", "continuous", Space(floats(4, -5, 5)), score, 0.0)


def network():
    """Like a network: rate and width on log scales, a wrong activation hurts, deep needs norm."""
    params = (
        Parameter("rate", "float", 1e-5, 1.0, True),
        Parameter("width", "int", 8, 1024, True),
        Parameter("depth", "int", 1, 6),
        Parameter("activation", "cat", choices=("relu", "gelu", "tanh", "sigmoid")),
        Parameter("norm", "cat", choices=("none", "batch", "layer")),
        Parameter("dropout", "float", 0.0, 0.8),
    )

    def score(v):
        best_rate = -2.2 - 0.25 * v["depth"] - 0.2 * (math.log2(v["width"]) - 7)
        miss = math.log10(v["rate"]) - best_rate
        fit = 0.08 * min(miss**2, 4.0) + 0.02 * max(miss, 0.0) ** 3
        small = 0.15 * math.exp(-0.5 * (math.log2(v["width"]) - 3)) + 0.2 / (1 + v["depth"])
        kind = {"relu": 0.01, "gelu": 0.0, "tanh": 0.03, "sigmoid": 0.12}[v["activation"]]
        deep = {"none": 0.03, "batch": 0.005, "layer": 0.0}[v["norm"]] * v["depth"]
        size = math.log2(v["width"] * v["depth"])
        return fit + small + kind + deep + 0.1 * (v["dropout"] - 0.06 * max(size - 7, 0)) ** 2

    return Problem("network6", "mixed", Space(params), score, _minimum(network_grid(score)))


def network_grid(score):
    for width in np.unique(np.geomspace(8, 1024, 60).round().astype(int)):
        for depth in range(1, 7):
            best_rate = -2.2 - 0.25 * depth - 0.2 * (math.log2(width) - 7)
            dropout = min(0.06 * max(math.log2(width * depth) - 7, 0), 0.8)
            values = {"rate": 10.0 ** max(best_rate, -5), "width": int(width), "depth": depth}
            yield score({**values, "activation": "gelu", "norm": "layer", "dropout": dropout})


def _minimum(scores):
    return float(min(scores))


def branches():
    """Three models with hyperparameters of their own; the best on average is not the best."""
    when = lambda kind: ("model", (kind,))  # noqa: E731
    params = (
        Parameter("model", "cat", choices=("linear", "kernel", "trees")),
        Parameter("penalty", "float", 1e-6, 1e2, True, when=when("linear")),
        Parameter("c", "float", 1e-3, 1e3, True, when=when("kernel")),
        Parameter("gamma", "float", 1e-5, 1e1, True, when=when("kernel")),
        Parameter("leaves", "int", 2, 256, True, when=when("trees")),
        Parameter("rate", "float", 1e-3, 1.0, True, when=when("trees")),
        Parameter("share", "float", 0.2, 1.0, when=when("trees")),
    )

    def score(v):
        if v["model"] == "linear":
            return 0.30 + 0.004 * (math.log10(v["penalty"]) + 1) ** 2
        if v["model"] == "kernel":
            c, gamma = math.log10(v["c"]), math.log10(v["gamma"])
            return 0.6 - 0.42 * math.exp(-((c - 1.4) ** 2) / 2 - ((gamma + 2.2 + 0.4 * c) ** 2))
        leaves, rate = math.log2(v["leaves"]), math.log10(v["rate"])
        return (
            0.22 + 0.01 * (leaves - 5 - rate) ** 2 / 4 + 0.03 * (rate + 1) ** 2 + 0.02 * v["share"]
        )

    return Problem("branches7", "conditional", Space(params), score, 0.18)


BUILT_IN = dict(
    zip(
        ("branin", "valley6", "ripples4", "network6", "branches7"),
        (branin, ridge, ripples, network, branches),
        strict=True,
    )
)


HELD_OUT = Path(__file__).with_name("heldout.py")


class Collection:
    """The problems of a run and their yardsticks.

    Args:
        source: a directory, `HELD_OUT`, or None for the problems of this file.
    """

    def __init__(self, source: Path | None) -> None:
        self.is_held_out = source == HELD_OUT
        self._module = None
        self._made = dict(BUILT_IN)
        if self.is_held_out:
            self._made = _held_out()
        elif source is not None:
            self._module = _load(source)

    @property
    def names(self) -> list[str]:
        return list(self._made) if self._module is None else list(self._module.MAIN)

    @functools.cached_property
    def yardsticks(self) -> dict[str, np.ndarray]:
        """Sorted scores of many random draws of each problem."""
        if self._module is not None:
            return dict(self._module.refs())
        return {name: _draws(self.get(name)) for name in self.names}

    @functools.cache  # noqa: B019
    def get(self, name):
        return self._made[name]() if self._module is None else self._module.get(name)


def _held_out():
    # A directory's problems may have taken the name of this module.
    before = sys.modules.get("problems")
    sys.modules["problems"] = _THIS
    try:
        import heldout
    finally:
        if before is not None:
            sys.modules["problems"] = before
    return dict(heldout.HELD_OUT)


def _draws(problem):
    rng = np.random.default_rng(12345)
    return np.sort([problem(problem.space.sample(rng)) for _ in range(DRAWS)])


def _load(directory):
    # Its modules import each other by plain names.
    sys.path.insert(0, str(directory))
    sys.path.append(str(directory / "deps"))
    sys.modules.pop("problems", None)
    spec = importlib.util.spec_from_file_location("problems", directory / "problems.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["problems"] = module
    spec.loader.exec_module(module)
    return module
