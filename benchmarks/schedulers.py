"""Schedulers: what they cost on recorded learning curves, and per report.

    python benchmarks/schedulers.py curves TABLE.npz [...] [--seeds 20] [--only auto,hyperband]
    python benchmarks/schedulers.py overhead

A table holds `curves`, shape (trials, epochs, metrics), whose first metric is a loss to be
minimised. Each trial of a search is a row, in an order drawn from the seed, so that only the
scheduler differs; a row is followed epoch by epoch. Measured over the seeds:

    cost     epochs until the best value seen is within 1 % of the best of 60 fully trained rows, as
             a share of their epochs (median)
    reached  share of seeds that get there with the epochs of 60 full trainings
    final    (best seen - best of the table) / (median of full trainings - best of the table), after
             all of these epochs (mean)
    lost     share of seeds in which the best row of those begun was not followed to its best epoch

Names that begin with `optuna` need Optuna installed; tables named `late:*` are made by
`late_curves.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from late_curves import late_tables

import luthier
from luthier.abc import Sampler
from luthier.records import Decision, History, Measurement, Suggestion
from luthier.space import Int, Space

LOSS = luthier.Objective("loss", "min")
TRIALS = 60
Search = Callable[[np.ndarray, np.ndarray], Iterator[tuple[int, int, float]]]


class Rows(Sampler):
    """The rows of a table, in an order."""

    def __init__(self, order: np.ndarray) -> None:
        self._order = order

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        if history.number >= len(self._order):
            return None
        return Suggestion({"row": int(self._order[history.number])})

    @property
    def settings(self) -> dict[str, Any]:
        return {"name": "rows"}


def full(curves: np.ndarray, order: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Every row to its end."""
    for row in order:
        for epoch in range(curves.shape[1]):
            yield row, epoch, curves[row, epoch]


def ours(name: str, *, resumable: bool = True) -> Search:
    """A scheduler of Luthier's in a study."""

    def search(curves: np.ndarray, order: np.ndarray) -> Iterator[tuple[int, int, float]]:
        epochs = curves.shape[1]
        space = Space([Int("row", 0, len(curves))])
        study = luthier.Study(space, LOSS, sampler=Rows(order), scheduler=name, seed=0)
        study.horizon, study.is_resumable = epochs, resumable
        while (trial := study.ask()) is not None:
            row = trial.values["row"]
            begin = trial.measurements[-1].step + 1 if trial.measurements and resumable else 0
            values = [m.metrics["loss"] for m in trial.measurements]
            for epoch in range(begin, epochs):
                value = float(curves[row, epoch])
                yield row, epoch, value
                values.append(value)
                decision = study.report(trial, Measurement(epoch, {"loss": value}))
                if decision is not Decision.CONTINUE:
                    break
            study.tell(trial, {"loss": min(values)})

    return search


def optuna_pruner(name: str) -> Search:
    """A pruner of Optuna's, as its documentation uses it."""

    def search(curves: np.ndarray, order: np.ndarray) -> Iterator[tuple[int, int, float]]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruners = optuna.pruners
        made = {
            "median": lambda: pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
            "halving": lambda: pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
            "hyperband": lambda: pruners.HyperbandPruner(
                min_resource=1, max_resource=curves.shape[1], reduction_factor=3
            ),
        }[name]()
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=made)
        for row in order:
            trial = study.ask()
            best, state = np.inf, optuna.trial.TrialState.COMPLETE
            for epoch in range(curves.shape[1]):
                yield row, epoch, curves[row, epoch]
                best = min(best, curves[row, epoch])
                trial.report(min(curves[row, epoch], 1e30), epoch + 1)
                if trial.should_prune():
                    state = optuna.trial.TrialState.PRUNED
                    break
            values = min(best, 1e30) if state is optuna.trial.TrialState.COMPLETE else None
            study.tell(trial, values, state=state)

    return search


SEARCHES: dict[str, Search] = {
    "full training": full,
    "auto": ours("auto"),
    "halving": ours("halving"),
    "asha": ours("asha"),
    "hyperband": ours("hyperband"),
    "median": ours("median"),
    "auto, stopping": ours("auto", resumable=False),
    "asha, stopping": ours("asha", resumable=False),
    "optuna median": optuna_pruner("median"),
    "optuna halving": optuna_pruner("halving"),
    "optuna hyperband": optuna_pruner("hyperband"),
}


def load(path: str) -> np.ndarray:
    """The losses of a table, shape (trials, epochs); what diverged is infinite."""
    curves = np.load(path)["curves"][:, :, 0].astype(float)
    curves[~np.isfinite(curves)] = np.inf
    return np.asarray(curves)


def measure(search: Search, curves: np.ndarray, seed: int) -> tuple[float, float, bool]:
    """Cost (NaN if not reached), final regret, and whether the best row was lost."""
    order = np.random.default_rng(seed).permutation(len(curves))
    epochs = curves.shape[1]
    budget = TRIALS * epochs
    target = curves[order[:TRIALS]].min()
    target += 0.01 * abs(target)
    best, cost = np.inf, np.nan
    seen: dict[int, int] = {}
    for spent, (row, epoch, value) in enumerate(search(curves, order), start=1):
        best = min(best, value)
        seen[row] = max(seen.get(row, 0), epoch + 1)
        if np.isnan(cost) and best <= target:
            cost = spent / budget
        if spent >= budget:
            break
    ends = curves.min(1)
    finals = np.where(np.isfinite(ends), ends, np.nanmax(curves[np.isfinite(curves)]))
    star = min(seen, key=lambda row: curves[row].min())
    lost = seen[star] <= int(curves[star].argmin())
    return cost, (best - finals.min()) / (np.median(finals) - finals.min()), lost


def run_curves(tables: list[str], seeds: int, only: list[str]) -> None:
    """Print one row a scheduler and table."""
    made = late_tables() if any(name.startswith("late:") for name in tables) else {}
    print("| table | scheduler | cost | reached | final | lost | CPU s |")
    print("|---" * 7 + "|")
    for table in tables:
        curves = made[table] if table in made else load(table)
        for name, search in SEARCHES.items():
            if only and name not in only:
                continue
            began = time.process_time()
            rows = np.array([measure(search, curves, seed) for seed in range(seeds)], float)
            seconds = (time.process_time() - began) / seeds
            reached = np.isfinite(rows[:, 0])
            cost = np.median(np.where(reached, rows[:, 0], 1.0))
            print(
                f"| {Path(table).stem} | {name} | {cost:.3f} | {reached.mean():.2f} | "
                f"{rows[:, 1].mean():.4f} | {rows[:, 2].mean():.2f} | {seconds:.1f} |",
                flush=True,
            )


def run_overhead(names: list[str], trials: int = 200, epochs: int = 27) -> None:
    """Print CPU milliseconds of one report with SQLite, and the part that is the scheduler's."""
    print("| scheduler | ms a report | more than without |\n|---|---|---|")
    rng = np.random.default_rng(0)
    losses = rng.random((trials, 1)) + 1 / np.arange(1, epochs + 1)
    plain = 0.0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            study = luthier.Study(
                Space([Int("row", 0, trials)]),
                LOSS,
                sampler=Rows(np.arange(trials)),
                scheduler=name,
                storage=Path(folder) / "study.sqlite",
                seed=0,
            )
            study.horizon, study.is_resumable = epochs, True
            spent, reports = 0.0, 0
            while (trial := study.ask()) is not None and reports < trials * epochs:
                begin = trial.measurements[-1].step + 1 if trial.measurements else 0
                for epoch in range(begin, epochs):
                    fact = Measurement(epoch, {"loss": float(losses[trial.values["row"], epoch])})
                    began = time.process_time()
                    decision = study.report(trial, fact)
                    spent += time.process_time() - began
                    reports += 1
                    if decision is not Decision.CONTINUE:
                        break
                study.tell(trial)
            study.close()
        each = 1000 * spent / reports
        plain = plain or each
        print(f"| {name} | {each:.3f} | {each - plain:+.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    curves = commands.add_parser("curves")
    curves.add_argument("tables", nargs="+")
    curves.add_argument("--seeds", type=int, default=20)
    curves.add_argument("--only", default="")
    overhead = commands.add_parser("overhead")
    overhead.add_argument("--only", default="never,median,patience,asha,halving,hyperband,auto")
    given = parser.parse_args()
    if given.what == "curves":
        run_curves(given.tables, given.seeds, [n for n in given.only.split(",") if n])
    else:
        run_overhead(given.only.split(","))


if __name__ == "__main__":
    main()
