"""Quality of suggestions: Luthier's samplers and installed peers on problems with known optima.

    python benchmarks/quality/run.py
    python benchmarks/quality/run.py --parts all --problems DIR --seeds 10 --peer optuna_tpe=PYTHON

Runs are appended to `OUT/*.jsonl` and never repeated; seeds are the outer loop, so a run that is
stopped leaves a balanced set. Then `OUT/table.md` and `OUT/plot.png` are written from them and from
what `DIR/results` recorded. `--peer NAME=PYTHON` runs a peer under another interpreter; peers that
this interpreter can import run here. One core is enough.
"""

# Threads are limited before numpy comes in.
# ruff: noqa: E402

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import optimizers
import report
from problems import HELD_OUT, Collection


def search(optimizer, problem, budget, *, workers=1, noise=0.0, seed=0):
    """Scores in the order of asking, true scores beside noisy ones, and CPU a trial.

    With several workers all ask before the first tells, and then whoever is first tells and asks.
    """
    rng = np.random.default_rng([seed, 7])
    waiting, told, true, spent = [], [], [], []
    while len(true) < budget:
        start = time.process_time()
        try:
            values = optimizer.ask()
        except StopIteration:
            break
        asking = time.process_time() - start
        score = problem(values)
        true.append(score)
        waiting.append((values, score + noise * rng.standard_normal()))
        if len(waiting) == workers:
            start = time.process_time()
            first = waiting.pop(0)
            optimizer.tell(*first)
            told.append(first[1])
            asking += time.process_time() - start
        spent.append(round(1e3 * asking, 3))
    found = {"y": true, "cpu_ms": spent}
    if noise and workers == 1:
        found |= {"told": told, "recommended": optimizer.recommended()}
    return found


def measure(args, name, collection, *, budget=None, workers=1, noise=0.0, seeds=None):
    """Run one optimizer on all problems and seeds that are not recorded yet; its label."""
    budget = budget or args.budget
    label = name + (f"_w{workers}" if workers > 1 else "") + (f"_noise{noise:g}" if noise else "")
    path = args.out / f"{label}.jsonl"
    done = {(run["problem"], run["seed"]) for run in report.load([args.out]) if run["opt"] == label}
    for seed in range(seeds or args.seeds):
        for problem_name in args.only or collection.names:
            if (problem_name, seed) in done or problem_name not in collection.names:
                continue
            problem = collection.get(problem_name)
            deviation = noise * _quartile_range(collection.yardsticks[problem_name])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                optimizer = optimizers.create(name, problem.space, seed, budget)
                found = search(
                    optimizer, problem, budget, workers=workers, noise=deviation, seed=seed
                )
            line = {"opt": label, "problem": problem_name, "seed": seed, "budget": budget}
            with path.open("a") as file:
                file.write(json.dumps({**line, **found}) + "\n")
            print(f"{label} {problem_name} seed {seed}: best {min(found['y']):.5g}", flush=True)
    return label


def _quartile_range(scores):
    return float(np.subtract(*np.quantile(scores, [0.75, 0.25])))


def sequence(args, collection):
    """All optimizers, one trial after the other: table, plot, each problem."""
    _measure_all(args, collection)
    folders = [args.out] + ([args.problems / "results"] if args.problems else [])
    data, runs = _recorded(args, collection, folders)
    report.plot(data, args.out / "plot.png", args.budget)
    points = [n for n in args.points if n <= args.budget]
    text = report.table(data, points, report.cpu(runs))
    return f"{text}\n\n{report.by_problem(data, points)}"


def held_out(args, _):
    """The same on problems that no setting was chosen on."""
    collection = Collection(HELD_OUT)
    _measure_all(args, collection)
    data, runs = _recorded(args, collection, [args.out])
    points = [n for n in args.points if n <= args.budget]
    text = report.table(data, points, report.cpu(runs))
    return f"{text}\n\n{report.by_problem(data, points[-1:])}"


def workers(args, collection):
    """Eight workers who ask before the others have told, and one, after as many trials."""
    budget = min(96, args.budget)
    label = measure(args, "auto", collection, budget=budget, workers=8, seeds=min(args.seeds, 3))
    measure(args, "auto", collection, seeds=min(args.seeds, 3))
    runs = [run for run in report.load([args.out]) if run["opt"] in (label, "auto")]
    data = report.collect(runs, collection, budget)
    return report.table(data, [budget], report.cpu(runs))


def noise(args, collection):
    """Noise of a tenth of each problem's quartile range: the recommended point and the luckiest."""
    label = measure(args, "auto", collection, noise=0.1)
    runs = [run for run in report.load([args.out]) if run["opt"] == label]
    return report.recommendations(runs, collection)


def overhead(args, collection):
    """CPU of ask + tell after so many random trials, median of nine; milliseconds."""
    lines = ["| optimizer | problem | n = 100 | n = 1,000 | n = 5,000 |", "|" + " --- |" * 5]
    for name in args.optimizers:
        for problem_name in args.only or collection.names[-2:]:
            problem = collection.get(problem_name)
            cells = [name, problem_name]
            for count in (100, 1_000, 5_000):
                optimizer = optimizers.create(name, problem.space, 0, count + 20)
                optimizer.preload(problem, count)
                spent = search(optimizer, problem, 10)["cpu_ms"][1:]
                cells.append(f"{np.median(spent):.1f}")
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


PARTS = {
    "sequence": sequence,
    "held-out": held_out,
    "workers": workers,
    "noise": noise,
    "overhead": overhead,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problems", type=Path, help="a directory; the built-in ones if left out")
    parser.add_argument("--only", nargs="*", help="names of problems")
    parser.add_argument("--parts", nargs="*", default=["sequence"], choices=[*PARTS, "all"])
    parser.add_argument("--optimizers", nargs="*", default=["auto", "tpe", "random"])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME[=PYTHON]")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--points", nargs="*", type=int, default=[25, 50, 100])
    parser.add_argument("--show", nargs="*", help="optimizers in table and plot; all if left out")
    parser.add_argument("--only-measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    collection = Collection(args.problems)
    parts = list(PARTS) if "all" in args.parts else args.parts
    text = []
    for part in parts:
        title = PARTS[part].__doc__.split("\n")[0]
        text.append(f"## {part}\n\n{title}\n\n{PARTS[part](args, collection)}\n")
    if not args.only_measure:
        (args.out / "table.md").write_text("\n".join(text))
        print("\n".join(text))


def _measure_all(args, collection):
    """The optimizers of here, then each peer where it is installed."""
    for name in args.optimizers:
        measure(args, name, collection)
    for peer in args.peer:
        name, _, python = peer.partition("=")
        if python:
            _elsewhere(python, name, collection)
        elif optimizers.is_installed(name):
            measure(args, name, collection)
        else:
            print(f"{name} is not installed here; give --peer {name}=PYTHON")


def _elsewhere(python, name, collection):
    """The same run under another interpreter, of one peer alone."""
    part = "held-out" if collection.is_held_out else "sequence"
    rest = [a for a in sys.argv[1:] if not a.startswith(f"{name}=")]
    rest = [a for a in rest if a != "--peer"]
    options = ["--optimizers", "--peer", name, "--parts", part, "--only-measure"]
    subprocess.run([python, __file__, *rest, *options], check=True)


def _recorded(args, collection, folders):
    runs = [run for run in report.load(folders) if not args.show or run["opt"] in args.show]
    plain = [run for run in runs if "_w" not in run["opt"] and "_noise" not in run["opt"]]
    return report.collect(plain, collection, args.budget), plain


if __name__ == "__main__":
    main()
