"""One program, many trials: whole searches beside keras-tuner, compile time included.

    python benchmarks/programs.py [--only mlp ...] [--peer PYTHON] [--trials-of-peer 6]

`--peer` names an interpreter that has keras-tuner. Each search runs in a process of its own, one
after the other, on scikit-learn's digits. CPU seconds are of the whole process but for imports and
loading; a peer's cost for each trial is the same from first to last, so fewer of its trials are run
and multiplied. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# name → (model, image side, widths are searched, trials, epochs)
SEARCHES = {
    "mlp": ("mlp", 8, False, 64, 5),
    "mlp256": ("mlp", 8, False, 256, 5),
    "cnn8": ("cnn", 8, False, 40, 5),
    "cnn8-widths": ("cnn", 8, True, 40, 5),
    "cnn28": ("cnn", 28, False, 20, 3),
}
MARK = "RESULT "


def data(side: int) -> Any:
    """Digits as images, `(1797, side, side, 1)`, and labels."""
    import numpy as np
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / 16).astype("float32")
    if side != 8:
        images = zoom(images, (1, side / 8, side / 8), order=1).astype("float32")
    order = np.random.RandomState(0).permutation(len(images))
    return images[order][..., None], digits.target[order].astype("int32")


def builder(kind: str, side: int, widths: bool) -> Any:
    """A model-building function; guide 001's space for `cnn` with widths."""
    import keras
    from keras import layers

    def build(hp: Any) -> Any:
        def width(name: str, low: int, high: int, step: int, fixed: int) -> int:
            return hp.Int(name, low, high, step=step) if widths else fixed

        def dropout(name: str) -> Any:
            return layers.Dropout(hp.Float(name, 0.05, 0.5))

        model = keras.Sequential([keras.Input((side, side, 1))])
        if kind == "cnn":
            for index, (low, fixed) in enumerate([(8, 16), (8, 32)]):
                filters = width(f"filters_{index}", low, 64, 8, fixed)
                model.add(layers.Conv2D(filters, 5, padding="same", activation="relu"))
                model.add(layers.MaxPooling2D())
                model.add(dropout(f"dropout_{index}"))
        model.add(layers.Flatten())
        for index in range(1 if kind == "cnn" else 2):
            model.add(layers.Dense(width(f"units_{index}", 32, 128, 32, 64), activation="relu"))
            model.add(dropout(f"dropout_dense_{index}"))
        model.add(layers.Dense(10, activation="softmax"))
        optimizer = keras.optimizers.AdamW(
            hp.Float("rate", 1e-4, 1e-2, sampling="log"),
            weight_decay=hp.Float("decay", 1e-5, 1e-2, sampling="log"),
        )
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    return build


def work(library: str, name: str, trials: int) -> None:
    """Run one search and print what it cost."""
    import importlib

    kind, side, widths, _, epochs = SEARCHES[name]
    tuners = importlib.import_module(library)
    importlib.import_module("keras")
    x, y = data(side)
    build = builder(kind, side, widths)
    with tempfile.TemporaryDirectory() as folder:
        for run in ("first", "second"):
            wall, cpu = time.perf_counter(), time.process_time()
            tuner = tuners.RandomSearch(
                build, "val_accuracy", max_trials=trials, seed=1, directory=folder, overwrite=True
            )
            tuner.search(
                x[:1437],
                y[:1437],
                validation_data=(x[1437:], y[1437:]),
                epochs=epochs,
                batch_size=64,
                verbose=0,
            )
            cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
            print(MARK + json.dumps({"run": run, **cost}), flush=True)
            if library != "luthier":
                return


def measured(python: str, backend: str, library: str, name: str, trials: int) -> list[dict]:
    """Run one search in a process of its own."""
    command = [python, __file__, "--worker", library, name, str(trials)]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        raise SystemExit(done.stderr[-2000:])
    return [json.loads(line.removeprefix(MARK)) for line in lines]


def compare(name: str, peer: str, of_peer: int) -> str:
    """A row of the table."""
    trials = SEARCHES[name][3]
    ours = measured(sys.executable, "jax", "luthier", name, trials)
    cells = [name, str(trials)]
    cells += [f"{run['cpu']:.1f} / {run['wall']:.1f}" for run in ours]
    for backend in ("jax", "tensorflow"):
        (one,) = measured(peer, backend, "keras_tuner", name, of_peer)
        whole = {unit: one[unit] / of_peer * trials for unit in ("cpu", "wall")}
        ratios = [whole[unit] / ours[0][unit] for unit in ("cpu", "wall")]
        cells.append(f"{whole['cpu']:.0f} / {whole['wall']:.0f}")
        cells.append(f"{ratios[0]:.1f} / {ratios[1]:.1f}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(SEARCHES), choices=list(SEARCHES))
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--trials-of-peer", type=int, default=6)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        library, name, trials = arguments.worker
        work(library, name, int(trials))
        return
    print("CPU / wall seconds; keras-tuner's multiplied from", arguments.trials_of_peer, "trials\n")
    print("| search | trials | Luthier, JAX | again | keras-tuner, JAX | × | TensorFlow | × |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in arguments.only:
        print(compare(name, arguments.peer, arguments.trials_of_peer), flush=True)


if __name__ == "__main__":
    main()
