"""A small search on each backend beside KerasTuner's: CPU and wall seconds a trial, as ratios.

    python benchmarks/backends.py --peer PYTHON [--backends tensorflow torch] [--trials 40]
        [--epochs 5] [--model convnet] [--runs 1]

`--peer` is a Python interpreter that has keras-tuner and the backends. Each search runs in a
process of its own, Luthier's and the peer's by turns; only making the tuner and searching are
timed, not importing frameworks. The data are scikit-learn's digits, the hyperparameters numbers
(dropout, L2, learning rate, Adam's beta, label smoothing), batches of 64.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
MODELS = ("mlp", "convnet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="a Python interpreter that has keras-tuner")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--model", choices=MODELS, default="convnet")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--child", choices=("luthier", "keras_tuner"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(search(arguments)))
        return
    print(f"{arguments.model}, {arguments.trials} trials × {arguments.epochs} epochs")
    print()
    print(
        "| backend | tuner | CPU s | wall s | CPU s a trial | CPU × | wall × | first trial CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for backend in arguments.backends:
        compare(backend, arguments)


def compare(backend: str, arguments: argparse.Namespace) -> None:
    """Run both by turns and print a row for each."""
    tuners = {"luthier": sys.executable}
    if arguments.peer:
        tuners["keras_tuner"] = arguments.peer
    found: dict[str, list[dict[str, float]]] = {name: [] for name in tuners}
    for _ in range(arguments.runs):
        for name, python in tuners.items():
            found[name].append(child(python, name, backend, arguments))
    times = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in found.items()
    }
    mine = times["luthier"]
    for name, one in times.items():
        print(
            f"| {backend} | {name} | {one['cpu']:.1f} | {one['wall']:.1f} "
            f"| {one['cpu'] / arguments.trials:.2f} | {one['cpu'] / mine['cpu']:.2f} "
            f"| {one['wall'] / mine['wall']:.2f} | {one['first']:.2f} |",
            flush=True,
        )


def child(python: str, name: str, backend: str, arguments: argparse.Namespace) -> dict[str, float]:
    """One search in a process of its own."""
    command = [python, __file__, "--child", name, "--model", arguments.model]
    command += ["--trials", str(arguments.trials), "--epochs", str(arguments.epochs)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.setdefault("JAX_PLATFORMS", "cpu")
    environment.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stderr[-2000:]}")
    result: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return result


def search(arguments: argparse.Namespace) -> dict[str, float]:
    """The search itself: seconds of CPU and of the clock, and what the first trial took."""
    tuners = importlib.import_module(arguments.child)
    import keras
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32").reshape(-1, 8, 8, 1)
    y = keras.utils.to_categorical(y, 10)
    keras.ops.ones(1) + 1  # what a framework loads with its first operation
    firsts: list[float] = []

    class Watched(tuners.RandomSearch):  # type: ignore[misc, name-defined]
        def on_trial_end(self, trial: object) -> None:
            super().on_trial_end(trial)
            if not firsts:
                firsts.append(time.process_time() - cpu)

    def build(hp):
        return network(keras, hp, arguments.model)

    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        tuner = Watched(
            build, "val_loss", max_trials=arguments.trials, seed=1, directory=Path(folder)
        )
        tuner.search(
            x[:1400],
            y[:1400],
            validation_data=(x[1400:], y[1400:]),
            epochs=arguments.epochs,
            batch_size=64,
            verbose=0,
        )
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "first": firsts[0]}


def network(keras, hp, kind: str):
    layers = keras.layers
    decay = keras.regularizers.L2(hp.Float("l2", 1e-6, 1e-2, sampling="log"))
    body = {
        "mlp": [layers.Flatten(), layers.Dense(64, activation="relu", kernel_regularizer=decay)],
        "convnet": [
            layers.Conv2D(16, 3, activation="relu", kernel_regularizer=decay),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
        ],
    }[kind]
    head = [layers.Dropout(hp.Float("dropout", 0.1, 0.6)), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([layers.Input((8, 8, 1)), *body, *head])
    smoothing = hp.Float("smoothing", 0.01, 0.2)
    model.compile(
        keras.optimizers.Adam(
            hp.Float("lr", 1e-4, 1e-2, sampling="log"), beta_1=hp.Float("beta_1", 0.8, 0.95)
        ),
        keras.losses.CategoricalCrossentropy(label_smoothing=smoothing),
        metrics=["accuracy"],
    )
    return model


if __name__ == "__main__":
    main()
