"""Quality of suggestions: Luthier's samplers and installed peers on problems with known optima.

    python benchmarks/quality/run.py
    python benchmarks/quality/run.py --problems DIR --seeds 10 --peer optuna_tpe=PYTHON

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
from problems import Collection


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
    return {"y": true, "told": told if noise else [], "cpu_ms": spent}


def measure(args, name, collection):
    """Run one optimizer on all problems and seeds that are not recorded yet."""
    label = name + (f"_w{args.workers}" if args.workers > 1 else "")
    label += f"_noise{args.noise:g}" if args.noise else ""
    path = args.out / f"{label}.jsonl"
    done = {(run["problem"], run["seed"]) for run in report.load([args.out]) if run["opt"] == label}
    for seed in range(args.seeds):
        for problem_name in args.only or collection.names:
            if (problem_name, seed) in done:
                continue
            problem = collection.get(problem_name)
            noise = args.noise * _quartile_range(collection.yardsticks[problem_name])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                optimizer = optimizers.create(name, problem.space, seed, args.budget)
                found = search(
                    optimizer, problem, args.budget, workers=args.workers, noise=noise, seed=seed
                )
            line = {"opt": label, "problem": problem_name, "seed": seed, "budget": args.budget}
            with path.open("a") as file:
                file.write(json.dumps({**line, **found}) + "\n")
            print(f"{label} {problem_name} seed {seed}: best {min(found['y']):.5g}", flush=True)


def _quartile_range(scores):
    return float(np.subtract(*np.quantile(scores, [0.75, 0.25])))


def overhead(args, collection):
    """CPU of ask + tell after so many random trials, median of eight; milliseconds."""
    for name in args.optimizers:
        for problem_name in args.only or collection.names[-2:]:
            problem = collection.get(problem_name)
            for count in (100, 1_000, 5_000):
                optimizer = optimizers.create(name, problem.space, 0, count + 20)
                optimizer.preload(problem, count)
                spent = search(optimizer, problem, 9)["cpu_ms"][1:]
                line = f"{name:10s} {problem_name:16s} after {count:5d}: {np.median(spent):6.1f} ms"
                print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problems", type=Path, help="a directory; the built-in ones if left out")
    parser.add_argument("--only", nargs="*", help="names of problems")
    parser.add_argument("--optimizers", nargs="*", default=["auto", "tpe", "random"])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME[=PYTHON]")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1, help="simulated, side by side")
    parser.add_argument("--noise", type=float, default=0.0, help="as a share of the quartile range")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--points", nargs="*", type=int, default=[25, 50, 100])
    parser.add_argument("--show", nargs="*", help="optimizers in table and plot; all if left out")
    parser.add_argument("--overhead", action="store_true", help="CPU of long histories only")
    parser.add_argument("--only-measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    collection = Collection(args.problems)
    if args.overhead:
        overhead(args, collection)
        return
    for name in args.optimizers:
        measure(args, name, collection)
    for peer in args.peer:
        name, _, python = peer.partition("=")
        if python:
            _elsewhere(python, name)
        elif optimizers.is_installed(name):
            measure(args, name, collection)
        else:
            print(f"{name} is not installed here; give --peer {name}=PYTHON")
    if not args.only_measure:
        write(args, collection)


def _elsewhere(python, name):
    """The same run under another interpreter, of one peer alone."""
    rest = [a for a in sys.argv[1:] if not a.startswith(f"{name}=")]
    rest = [a for a in rest if a != "--peer"]
    subprocess.run(
        [python, __file__, *rest, "--optimizers", "--peer", name, "--only-measure"], check=True
    )


def write(args, collection):
    """The table and the plot of all that is recorded."""
    folders = [args.out] + ([args.problems / "results"] if args.problems else [])
    runs = [run for run in report.load(folders) if not args.show or run["opt"] in args.show]
    data = report.collect(runs, collection, args.budget)
    points = [n for n in args.points if n <= args.budget]
    text = report.table(data, points, report.cpu(runs))
    text += "\n\n" + report.by_problem(data, points)
    (args.out / "table.md").write_text(text)
    report.plot(data, args.out / "plot.png", args.budget)
    print(text)


if __name__ == "__main__":
    main()
