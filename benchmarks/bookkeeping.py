"""What a trial costs beside its training, against KerasTuner in the same run.

    python benchmarks/bookkeeping.py [--trials 1000 10000] [--peer PYTHON]

CPU per trial, resume (by the clock, and in CPU seconds, which a loaded machine does not change),
disk, import. `--peer` is an interpreter with keras-tuner installed; without it only Luthier is
measured. Each measurement runs in a process of its own. Six hyperparameters,
random search, one report a trial.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = """
import json, sys, time, pathlib
import luthier
from luthier.records import Measurement
count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
hp = luthier.HyperParameters()
hp.Int("units", 32, 512, step=32); hp.Float("rate", 1e-4, 1e-1, sampling="log")
hp.Float("dropout", 0.0, 0.5); hp.Choice("activation", ["relu", "tanh", "gelu"])
hp.Boolean("norm"); hp.Int("layers", 1, 5)
open_ = lambda: luthier.Study(hp, objective="val_loss", sampler="random", seed=0,
                              storage=folder / "study.sqlite")
study = open_()
spent = []
for number in range(count):
    start = time.process_time()
    trial = study.ask()
    metrics = {"val_loss": trial.values["dropout"], "loss": 0.5}
    study.report(trial, Measurement(0, metrics, 1.0))
    study.tell(trial, metrics)
    spent.append(time.process_time() - start)
study.close()
size = sum(f.stat().st_size for f in folder.iterdir())
start, begun = time.perf_counter(), time.process_time()
again = open_()
best = again.best.score
resume, resumed = time.perf_counter() - start, time.process_time() - begun
tail = spent[-max(1, count // 10):]
print(json.dumps({"cpu_ms": 1e3 * sum(spent) / count, "last_tenth_ms": 1e3 * sum(tail) / len(tail),
                  "resume_s": resume, "resume_cpu": resumed, "bytes": size / count}))
"""

THEIRS = """
import json, os, sys, time, pathlib, contextlib, io
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras_tuner as kt
count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
hp = kt.HyperParameters()
hp.Int("units", 32, 512, step=32); hp.Float("rate", 1e-4, 1e-1, sampling="log")
hp.Float("dropout", 0.0, 0.5); hp.Choice("activation", ["relu", "tanh", "gelu"])
hp.Boolean("norm"); hp.Int("layers", 1, 5)
def open_():
    oracle = kt.oracles.RandomSearchOracle(objective="val_loss", max_trials=10**6,
                                           hyperparameters=hp, seed=1)
    oracle._set_project_dir(str(folder), "project")
    oracle.verbose = 0
    return oracle
oracle = open_()
spent = []
for number in range(count):
    start = time.process_time()
    trial = oracle.create_trial("tuner0")
    metrics = {"val_loss": trial.hyperparameters.values["dropout"], "loss": 0.5}
    oracle.update_trial(trial.trial_id, metrics, step=0)
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    spent.append(time.process_time() - start)
oracle.save()
size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
start, begun = time.perf_counter(), time.process_time()
again = open_()
again.reload()
best = again.get_best_trials(1)[0].score
resume, resumed = time.perf_counter() - start, time.process_time() - begun
tail = spent[-max(1, count // 10):]
print(json.dumps({"cpu_ms": 1e3 * sum(spent) / count, "last_tenth_ms": 1e3 * sum(tail) / len(tail),
                  "resume_s": resume, "resume_cpu": resumed, "bytes": size / count}))
"""

IMPORT = """
import sys, time
start = time.perf_counter()
import luthier
print(time.perf_counter() - start)
"""


def measure(python: str, code: str, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", code, str(count), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--peer", type=Path, help="interpreter with keras-tuner")
    arguments = parser.parse_args()
    imports = [
        float(
            subprocess.run(
                [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(5)
    ]
    print(f"import luthier: {sorted(imports)[2]:.3f} s (median of 5)")
    head = f"{'':12}{'trials':>8}{'ms/trial':>10}{'last 10 %':>10}"
    head += f"{'resume s':>10}{'of it CPU':>10}{'bytes':>8}"
    print(head)
    for count in arguments.trials:
        ours = measure(sys.executable, OURS, count)
        show("luthier", count, ours)
        if arguments.peer:
            theirs = measure(str(arguments.peer), THEIRS, count)
            show("keras-tuner", count, theirs)
            print(
                f"{'ratio':12}{'':8}"
                + "".join(
                    f"{theirs[key] / ours[key]:>{width}.1f}"
                    for key, width in (
                        ("cpu_ms", 10),
                        ("last_tenth_ms", 10),
                        ("resume_s", 10),
                        ("resume_cpu", 10),
                        ("bytes", 8),
                    )
                )
            )


def show(name: str, count: int, row: dict[str, float]) -> None:
    print(
        f"{name:12}{count:>8}{row['cpu_ms']:>10.2f}{row['last_tenth_ms']:>10.2f}"
        f"{row['resume_s']:>10.2f}{row['resume_cpu']:>10.2f}{row['bytes']:>8.0f}"
    )


if __name__ == "__main__":
    main()
