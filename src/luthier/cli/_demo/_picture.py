"""The picture of a search: what each trial reached, how it learned, and which values did well.

Results and the winner's mistakes enter; one PNG leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.errors import MissingExtraError
from luthier.records import Trial
from luthier.results import Results

PAPER, INK, QUIET, FAINT = "#fbfaf7", "#1f2a44", "#8a93a6", "#dfe2e8"
LINE, WINNER = "#4c78a8", "#e4572e"
METRIC = "val_accuracy"
MOST_MISTAKES = 14
MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Test images that the winner read wrongly.

    Attributes:
        images: shape (n, 8, 8), values from 0 to 1.
        digits: what they show, shape (n,).
        read: what the winner said, shape (n,).
        total: how many test images there were.
    """

    images: NDArray[np.float32]
    digits: NDArray[np.int64]
    read: NDArray[np.int64]
    total: int

    @property
    def accuracy(self) -> float:
        """The share of test images that were read correctly."""
        return 1.0 - len(self.digits) / self.total


def draw(results: Results, mistakes: Mistakes, path: Path) -> None:
    """Draw the search and save it as PNG.

    Raises:
        MissingExtraError: without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            'The picture of the search needs matplotlib: pip install "luthier[plot]"'
        ) from error
    figure = Figure(figsize=(13, 9.5), facecolor=PAPER)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        3,
        1,
        height_ratios=[3.2, 2.2, 1.0],
        hspace=0.5,
        left=0.06,
        right=0.975,
        top=0.87,
        bottom=0.03,
    )
    scored = [trial for trial in results.trials if trial.scores]
    best = results.ranked(1)[0]
    floor = _floor(scored)
    top = grid[0].subgridspec(1, 2, wspace=0.13)
    _heading(figure, results, best, mistakes)
    _draw_scores(figure.add_subplot(top[0]), scored, best, floor)
    _draw_curves(figure.add_subplot(top[1]), scored, best, floor)
    _draw_values(figure, grid[1], results, best, floor)
    _draw_mistakes(figure, grid[2], mistakes)
    figure.savefig(path, dpi=130, facecolor=PAPER)


def _heading(figure: Any, results: Results, best: Trial, mistakes: Mistakes) -> None:
    counted = f"{len(results.trials)} networks tried"
    seconds = sum(t.seconds for t in results.trials if t.seconds == t.seconds)
    figure.text(
        0.06,
        0.955,
        f"{mistakes.accuracy:.1%} of digits the search never saw are read correctly",
        size=19,
        weight="bold",
        color=INK,
    )
    figure.text(
        0.06,
        0.922,
        f"{counted} in {seconds / 60:.1f} minutes of training; trial {best.number} won with "
        f"{best.scores[0]:.1%} on the validation images and was trained again on all but the test "
        "images.",
        size=11,
        color=QUIET,
    )


def _draw_scores(axes: Any, scored: Sequence[Trial], best: Trial, floor: float) -> None:
    numbers = np.array([trial.number for trial in scored])
    scores = np.array([trial.scores[0] for trial in scored])
    _style(axes, "Each trial, and the best so far", "trial", "validation accuracy")
    axes.step(
        [*numbers, numbers[-1] + 0.6],
        [*np.maximum.accumulate(scores), scores.max()],
        where="post",
        color=LINE,
        lw=1.8,
        alpha=0.8,
        zorder=2,
    )
    _dots(axes, numbers, scores, floor)
    if (scores < floor).any():
        axes.set_title(f"▼ below {floor:.0%}", loc="right", size=9, color=QUIET, pad=8)
    axes.plot(best.number, best.scores[0], "o", ms=11, color=WINNER, mec=PAPER, mew=1.2, zorder=4)
    axes.annotate(
        f"trial {best.number}: {best.scores[0]:.1%}",
        (best.number, best.scores[0]),
        xytext=(0, 9),
        textcoords="offset points",
        ha="center"
        if 2 < best.number < numbers[-1] - 2
        else "left"
        if best.number <= 2
        else "right",
        color=WINNER,
        weight="bold",
        size=10,
    )
    axes.set_ylim(floor, 1.0 + (1.0 - floor) * 0.08)
    axes.set_xlim(numbers[0] - 0.8, numbers[-1] + 0.8)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _draw_curves(axes: Any, scored: Sequence[Trial], best: Trial, floor: float) -> None:
    _style(axes, "How they learned", "epoch", "")
    for trial in scored:
        steps = [m.step + 1 for m in trial.measurements if m.execution == 0]
        values = [m.metrics.get(METRIC, np.nan) for m in trial.measurements if m.execution == 0]
        if trial is best:
            continue
        axes.plot(steps, values, color=LINE, lw=1.0, alpha=0.35, zorder=2)
    steps = [m.step + 1 for m in best.measurements if m.execution == 0]
    values = [m.metrics.get(METRIC, np.nan) for m in best.measurements if m.execution == 0]
    axes.plot(steps, values, color=WINNER, lw=2.6, zorder=4, solid_capstyle="round")
    axes.set_ylim(floor, 1.0 + (1.0 - floor) * 0.08)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _draw_values(figure: Any, cell: Any, results: Results, best: Trial, floor: float) -> None:
    importances = results.importances()
    parameters = [p for p in results.space if p.n_values != 1]
    row = cell.subgridspec(1, max(1, len(parameters)), wspace=0.12)
    for place, parameter in enumerate(parameters):
        axes = figure.add_subplot(row[place])
        share = importances.get(parameter.name)
        below = "" if share is None else f"explains {share:.0%} of the ranking"
        _style(axes, parameter.name, below, "validation accuracy" if place == 0 else "")
        trials = [t for t in results.trials if t.scores and parameter.name in t.values]
        values = np.array([t.values[parameter.name] for t in trials], dtype=float)
        _dots(axes, values, np.array([t.scores[0] for t in trials]), floor)
        if parameter.name in best.values:
            x = best.values[parameter.name]
            axes.plot(x, best.scores[0], "o", ms=9, color=WINNER, mec=PAPER, zorder=4)
        if getattr(parameter, "sampling", None) in ("log", "reverse_log"):
            axes.set_xscale("log")
        elif parameter.n_values <= MOST_TICKS:
            axes.set_xticks(list(parameter.values))
        axes.margins(x=0.12)
        axes.set_ylim(floor, 1.0 + (1.0 - floor) * 0.08)
        if place:
            axes.set_yticklabels([])


def _draw_mistakes(figure: Any, cell: Any, mistakes: Mistakes) -> None:
    count = min(MOST_MISTAKES, len(mistakes.digits))
    row = cell.subgridspec(1, MOST_MISTAKES, wspace=0.25)
    left, top = 0.06, cell.get_position(figure).y1
    wrong = len(mistakes.digits)
    text = (
        f"All {mistakes.total} test images were read correctly."
        if wrong == 0
        else f"The winner's mistakes: {wrong} of {mistakes.total} test images"
        + (f", {count} of them shown" if count < wrong else "")
    )
    figure.text(left, top + 0.022, text, size=11.5, weight="bold", color=INK)
    for place in range(count):
        axes = figure.add_subplot(row[place])
        axes.imshow(mistakes.images[place], cmap="gray_r", vmin=0.0, vmax=1.0)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(FAINT)
        said, truth = mistakes.read[place], mistakes.digits[place]
        axes.set_xlabel(f"a {truth}, read as {said}", size=7.5, color=QUIET, labelpad=3)


def _dots(axes: Any, x: NDArray[Any], y: NDArray[Any], floor: float) -> None:
    """Dots where the score is in the picture; a small mark at its edge where it lies below."""
    inside = y >= floor
    axes.scatter(x[inside], y[inside], s=42, color=LINE, edgecolor=PAPER, linewidth=0.9, zorder=3)
    if (~inside).any():
        axes.scatter(
            x[~inside],
            np.full((~inside).sum(), floor),
            s=36,
            marker="v",
            color=QUIET,
            clip_on=False,
            zorder=3,
        )


def _floor(scored: Sequence[Trial]) -> float:
    """Where the picture begins: hopeless trials shall not flatten the good ones."""
    scores = np.array([trial.scores[0] for trial in scored])
    best, middle = scores.max(), float(np.median(scores))
    return float(max(scores.min() - 0.01, best - max(0.05, 3.0 * (best - middle)), 0.0))


def _style(axes: Any, title: str, x: str, y: str) -> None:
    axes.set_facecolor(PAPER)
    axes.set_title(title, loc="left", size=11.5, weight="bold", color=INK, pad=8)
    axes.set_xlabel(x, color=QUIET, size=10)
    axes.set_ylabel(y, color=QUIET, size=10)
    axes.tick_params(which="both", colors=QUIET, labelsize=9, length=0, pad=6)
    axes.grid(axis="y", color=FAINT, lw=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(FAINT)
