"""From recorded runs to a table and a plot: regret and random-search equivalents, with bands.

- regret: (best so far - optimum) / (median random draw - optimum), in [0, 1];
- RSE: log10 of how many random draws would be needed, in expectation, to match the best so far.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

RESAMPLES = 1_000


def load(folders):
    """Runs of all `*.jsonl` in `folders`; of the same optimizer, problem and seed the longest."""
    runs = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.jsonl")):
            for line in path.read_text().splitlines():
                run = json.loads(line)
                key = run["opt"], run["problem"], run["seed"]
                if key not in runs or len(run["y"]) > len(runs[key]["y"]):
                    runs[key] = run
    return list(runs.values())


def curves(run, problem, yardstick, budget):
    """Regret and RSE after each trial, each of shape (budget,)."""
    best = np.minimum.accumulate(np.asarray(run["y"][:budget], float))
    best = np.concatenate([best, np.full(budget - len(best), best[-1])])
    scale = np.median(yardstick) - problem.fstar
    regret = np.clip((best - problem.fstar) / scale, 0, 1)
    place = np.searchsorted(yardstick, best, side="right")
    return regret, np.log10((len(yardstick) + 1) / (place + 1))


def collect(runs, collection, budget):
    """optimizer -> problem -> (regret, RSE), each of shape (seeds, budget)."""
    found = defaultdict(lambda: defaultdict(list))
    for run in runs:
        name = run["problem"]
        if name not in collection.names or len(run["y"]) < min(budget, run.get("budget", budget)):
            continue
        if run.get("budget", budget) < budget:
            continue
        both = curves(run, collection.get(name), collection.yardsticks[name], budget)
        found[run["opt"]][name].append(both)
    return {
        opt: {name: np.swapaxes(np.array(runs), 0, 1) for name, runs in by_name.items()}
        for opt, by_name in found.items()
    }


def interval(per_problem):
    """Mean over problems of the mean over seeds, and its 95 % interval by resampling seeds.

    Args:
        per_problem: arrays of shape (seeds, ...).
    """
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        drawn = [a[rng.integers(len(a), size=len(a))].mean(0) for a in per_problem]
        means.append(np.mean(drawn, 0))
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return np.mean([a.mean(0) for a in per_problem], 0), low, high


def table(data, points, milliseconds):
    """Markdown: one row an optimizer that ran on all problems, best RSE first."""
    everything = max(len(by_name) for by_name in data.values())
    head = ["optimizer", "seeds"]
    head += [f"regret@{n}" for n in points] + [f"RSE@{n}" for n in points] + ["CPU ms a trial"]
    rows = []
    for opt, by_name in data.items():
        if len(by_name) < everything:
            continue
        regret = interval([a[0] for a in by_name.values()])
        rse = interval([a[1] for a in by_name.values()])
        cells = [opt, str(min(len(a[0]) for a in by_name.values()))]
        for (mean, low, high), digits in ((regret, 3), (rse, 2)):
            for n in points:
                value, ends = mean[n - 1], (low[n - 1], high[n - 1])
                cells.append(f"{value:.{digits}f} [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]")
        cells.append(milliseconds.get(opt, "–"))
        rows.append((-rse[0][points[-1] - 1], cells))
    lines = [head, ["---"] * len(head), *(cells for _, cells in sorted(rows))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def by_problem(data, points):
    """Markdown: RSE of each problem, one column an optimizer."""
    names = sorted({name for by_name in data.values() for name in by_name})
    opts = sorted(data)
    lines = []
    for n in points:
        lines += [f"RSE@{n}:", "", "| problem | " + " | ".join(opts) + " |"]
        lines.append("|" + " --- |" * (len(opts) + 1))
        for name in names:
            cells = [
                f"{data[opt][name][1][:, n - 1].mean():.2f}" if name in data[opt] else "–"
                for opt in opts
            ]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def recommendations(runs, collection):
    """Markdown: true regret of the recommended trial, of the luckiest score, and of the best."""
    lines = ["| problem | recommended | luckiest | best tried |", "|" + " --- |" * 4]
    every = []
    for name in collection.names:
        rows = [_chosen(run, collection) for run in runs if run["problem"] == name]
        if rows:
            every.append(np.array(rows))
            lines.append(f"| {name} | " + " | ".join(f"{v:.3f}" for v in every[-1].mean(0)) + " |")
    mean, low, high = interval(every)
    cells = [f"{m:.3f} [{a:.3f}, {b:.3f}]" for m, a, b in zip(mean, low, high, strict=True)]
    gain, low, high = interval([rows[:, 1] - rows[:, 0] for rows in every])
    lines += ["| mean | " + " | ".join(cells) + " |", ""]
    lines.append(f"The recommended trial gains {gain:.3f} [{low:.3f}, {high:.3f}].")
    return "\n".join(lines)


def _chosen(run, collection):
    problem = collection.get(run["problem"])
    true = np.asarray(run["y"])
    scale = np.median(collection.yardsticks[run["problem"]]) - problem.fstar
    chosen = np.array([true[run["recommended"]], true[np.argmin(run["told"])], true.min()])
    return (chosen - problem.fstar) / scale


def cpu(runs):
    """Median CPU milliseconds of ask and tell in the last 16 trials, by optimizer."""
    spent = defaultdict(list)
    for run in runs:
        if run.get("cpu_ms"):
            spent[run["opt"]].append(np.mean(run["cpu_ms"][-16:]))
    return {opt: f"{np.median(values):.1f}" for opt, values in spent.items()}


def plot(data, path, budget):
    """Mean regret against trials, with 95 % bands over seeds."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    everything = max(len(by_name) for by_name in data.values())
    figure, axes = pyplot.subplots(figsize=(7.2, 4.4), layout="constrained")
    trials = np.arange(1, budget + 1)
    for opt in sorted(data):
        if len(data[opt]) < everything:
            continue
        mean, low, high = interval([a[0] for a in data[opt].values()])
        ours = opt == "auto"
        (line,) = axes.plot(
            trials, mean, label=opt, lw=2.6 if ours else 1.3, zorder=3 if ours else 2
        )
        axes.fill_between(trials, low, high, color=line.get_color(), alpha=0.18, lw=0)
    axes.set(
        xlabel="trials", ylabel="regret (1: median random draw)", yscale="log", xlim=(1, budget)
    )
    axes.set_title(f"Mean over {everything} problems, with 95 % bands")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
