"""Loops beside what they replace: seconds of one training of the same model on the same data.

    KERAS_BACKEND=tensorflow python benchmarks/loops.py [--epochs 5 10 50] [--repeats 5]

Regression on scikit-learn's diabetes data with L2, SGD and batches of 32, as the books do it. Three
ways, in turn, in one process: `Step` and `Loop`; Keras's `fit`; and, on TensorFlow, the loop that
the books write by hand, without a `tf.function`. Each trains a new model, tracing and compiling
included. The table has the smallest of the repeats, in CPU seconds and by the clock, and how many
times what `Loop` takes.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

import luthier

BATCH = 32
X, Y = (scale(part)[:331].astype("float32") for part in load_diabetes(return_X_y=True))
Y = Y[:, None]


def network():
    l2 = keras.regularizers.L2(0.05)
    hidden = keras.layers.Dense(
        30, activation="elu", kernel_initializer="he_normal", kernel_regularizer=l2
    )
    return keras.Sequential([hidden, keras.layers.Dense(1, kernel_regularizer=l2)])


def by_loop(epochs: int) -> None:
    step = luthier.Step(network(), "mse", keras.optimizers.SGD(0.01), metrics=["mae"])
    luthier.Loop(step, epochs=epochs, batch_size=BATCH, draw="replacement").fit(X, Y)


def by_fit(epochs: int) -> None:
    model = network()
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    rows = len(X) // BATCH * BATCH  # as many steps, all of one size
    model.fit(X[:rows], Y[:rows], batch_size=BATCH, epochs=epochs, verbose=0)


def by_hand(epochs: int) -> None:
    import tensorflow as tf

    model, optimizer = network(), keras.optimizers.SGD(0.01)
    mean_loss, error = keras.metrics.Mean(name="loss"), keras.metrics.MeanAbsoluteError()
    screen = io.StringIO()
    steps = len(X) // BATCH
    for _ in range(epochs):
        for step in range(1, steps + 1):
            rows = np.random.randint(len(X), size=BATCH)
            with tf.GradientTape() as tape:
                outputs = model(X[rows], training=True)
                loss = tf.reduce_mean(keras.losses.mean_squared_error(Y[rows], outputs))
                loss = tf.add_n([loss, *model.losses])
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean_loss(loss)
            error(Y[rows], outputs)
            numbers = " - ".join(f"{m.name}: {m.result():.4f}" for m in (mean_loss, error))
            screen.write(f"\r{step}/{steps} - {numbers}")
        mean_loss.reset_state()
        error.reset_state()


def measured(train: Callable[[int], None], epochs: int) -> tuple[float, float]:
    keras.utils.set_random_seed(0)
    cpu, clock = time.process_time(), time.perf_counter()
    train(epochs)
    return time.process_time() - cpu, time.perf_counter() - clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, nargs="+", default=[5, 10, 50])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    ways: dict[str, Callable[[int], None]] = {"Loop": by_loop, "fit": by_fit}
    if keras.backend.backend() == "tensorflow":
        ways["by hand"] = by_hand
    for train in ways.values():  # what is done once in a process
        train(1)
    print("| backend | epochs | way | CPU s | clock s | times Loop, CPU | times Loop, clock |")
    print("|---|---|---|---|---|---|---|")
    for epochs in given.epochs:
        rounds = [{w: measured(t, epochs) for w, t in ways.items()} for _ in range(given.repeats)]
        best = {way: [min(r[way][i] for r in rounds) for i in (0, 1)] for way in ways}
        for way, (cpu, clock) in best.items():
            ratios = f"{cpu / best['Loop'][0]:.2f} | {clock / best['Loop'][1]:.2f}"
            name = keras.backend.backend()
            print(f"| {name} | {epochs} | {way} | {cpu:.3f} | {clock:.3f} | {ratios} |")


if __name__ == "__main__":
    main()
