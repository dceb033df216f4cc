"""Schedulers in searches that train: small Keras networks on three data sets of scikit-learn.

    KERAS_BACKEND=jax python benchmarks/real_training.py [--seeds 5] [--only auto,asha]

Twenty trials of up to 27 epochs, the same for all schedulers: values and weights come from the
seed. What full training came to is known, so that it can be said of each scheduler, over the seeds:

    cost     epochs until the best validation loss seen is within 1 % of the best of full training,
             as a share of its epochs (median; 1 where it never is)
    reached  share of seeds that get there
    epochs   all that were trained, as a share (mean)
    final    (best seen - best of full training) / (median - best of full training), after all of
             its epochs (mean)
    lost     share of seeds in which the best trial was not followed to its best epoch
    CPU s    of a search (mean): models are built too, and compiled if no earlier search did
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from sklearn import datasets

import luthier

TRIALS, EPOCHS = 20, 27
SCHEDULERS = ("never", "auto", "halving", "asha", "hyperband", "median")
Seen = list[tuple[int, int, float]]


class Watched(luthier.RandomSearch):
    """Keeps each epoch's trial, number and validation loss, in the order in which they came."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.seen: Seen = []
        super().__init__(*args, **kwargs)

    def on_epoch_end(
        self, trial: Any, model: Any, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        value = float((logs or {})["val_loss"])
        self.seen.append((int(trial.trial_id), epoch, value if np.isfinite(value) else np.inf))


def load(name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Standardised rows, two thirds to train and one to validate with."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = ((x - x.mean(0)) / (x.std(0) + 1e-9)).astype("float32")
    order = np.random.default_rng(0).permutation(len(x))
    cut = 2 * len(x) // 3
    return (x[order[:cut]], y[order[:cut]]), (x[order[cut:]], y[order[cut:]])


def build_for(features: int, classes: int) -> Any:
    """A network with one or two hidden layers, its width, regularization and optimizer searched."""

    def build(hp: Any) -> keras.Model:
        layers: list[Any] = [keras.Input((features,))]
        for _ in range(hp.Int("depth", 1, 2)):
            layers.append(keras.layers.Dense(hp.Choice("units", [16, 64]), "relu"))
            layers.append(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.6)))
        model = keras.Sequential([*layers, keras.layers.Dense(classes, "softmax")])
        rate = hp.Float("learning_rate", 1e-4, 1.0, sampling="log")
        model.compile(
            keras.optimizers.SGD(rate, momentum=hp.Float("momentum", 0.0, 0.95)),
            "sparse_categorical_crossentropy",
        )
        return model

    return build


def search(name: str, scheduler: str, seed: int, folder: str) -> tuple[Seen, float]:
    """What a search saw, and its CPU seconds; compiled programs stay in the folder."""
    (x, y), held_out = load(name)
    began = time.process_time()
    tuner = Watched(
        build_for(x.shape[1], int(y.max()) + 1),
        luthier.Objective("val_loss", "min"),
        max_trials=TRIALS,
        seed=seed,
        scheduler=scheduler,
        directory=folder,
        project_name=name,
        overwrite=True,
        keep=None,
    )
    tuner.search(x, y, validation_data=held_out, epochs=EPOCHS, batch_size=64, verbose=0)
    return tuner.seen, time.process_time() - began


def judge(seen: Seen, full: np.ndarray) -> tuple[float, float, float, bool]:
    """Cost (NaN if not reached), epochs, final regret, and whether the best trial was lost."""
    ends = full.min(1)
    best, star = ends.min(), int(ends.argmin())
    running = np.minimum.accumulate([value for _, _, value in seen])
    there = np.flatnonzero(running <= best + 0.01 * abs(best))
    cost = (there[0] + 1) / full.size if len(there) else np.nan
    followed = max((epoch for trial, epoch, _ in seen if trial == star), default=-1)
    regret = (running[-1] - best) / (np.median(ends) - best)
    return cost, len(seen) / full.size, max(regret, 0.0), followed < int(full[star].argmin())


def curves_of(seen: Seen) -> np.ndarray:
    """Validation losses, shape (trials, epochs), of a search without a scheduler."""
    curves = np.full((TRIALS, EPOCHS), np.inf)
    for trial, epoch, value in seen:
        curves[trial, epoch] = value
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default=",".join(SCHEDULERS))
    given = parser.parse_args()
    wanted = [one for one in given.only.split(",") if one != "never"]
    print(f"{keras.backend.backend()}, {TRIALS} trials of {EPOCHS} epochs, {given.seeds} seeds\n")
    print(
        "| data | scheduler | cost | reached | epochs | final | lost | CPU s |\n" + "|---" * 8 + "|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("digits", "breast_cancer", "wine"):
            compare(name, wanted, given.seeds, folder)


def compare(name: str, wanted: Sequence[str], seeds: int, folder: str) -> None:
    """Print a row a scheduler for one data set."""
    rows: dict[str, list[tuple[float, ...]]] = {"full training": [], **{w: [] for w in wanted}}
    for seed in range(seeds):
        seen, seconds = search(name, "never", seed, folder)
        full = curves_of(seen)
        rows["full training"].append((*judge(seen, full), seconds))
        for scheduler in wanted:
            seen, seconds = search(name, scheduler, seed, folder)
            rows[scheduler].append((*judge(seen, full), seconds))
    for scheduler, found in rows.items():
        table = np.array(found, float)
        reached = np.isfinite(table[:, 0])
        cost = np.median(np.where(reached, table[:, 0], 1.0))
        means = table[:, 1:].mean(0)
        print(
            f"| {name} | {scheduler} | {cost:.3f} | {reached.mean():.2f} | {means[0]:.3f} | "
            f"{means[1]:.4f} | {means[2]:.2f} | {means[3]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
