"""Models that are trained on several devices: two virtual processors, in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEARCH = """
import numpy as np

seen = []


def build(hp):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Choice("rate", [0.1, 0.01])), "mse", jit_compile=False)
    return model


class Look(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        seen.append(devices_of(self.model.layers[0].kernel.value))


def search(folder, **options):
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    y = x[:, :1]
    tuner = luthier.RandomSearch(
        build, "val_loss", max_trials=1, seed=0, directory=folder, **options
    )
    fit = {"validation_data": (x, y), "batch_size": 8, "verbose": 0, "callbacks": [Look]}
    tuner.search(x, y, **fit)
    best = tuner.oracle.get_best_trials()[0]
    assert best.status == "COMPLETED", best.message
    assert seen == [2], seen
    model = tuner.get_best_models()[0]
    loss = model.evaluate(x, y, batch_size=8, verbose=0)
    assert abs(loss - best.score) < 1e-5, (loss, best.score)
    seen.clear()
"""

MIRRORED = """
import sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import luthier


def devices_of(value):
    return len(value.values)

{search}
search(sys.argv[1], distribution_strategy=tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
print("done")
"""

PARALLEL = """
import sys
import keras
import luthier


def devices_of(value):
    return len(value.devices())

{search}
parallel = keras.distribution.DataParallel(devices=keras.distribution.list_devices())
search(sys.argv[1] + "/given", distribution_strategy=parallel)
assert keras.distribution.distribution() is None
keras.distribution.set_distribution(parallel)
search(sys.argv[1] + "/set")
print("done")
"""


def _run(program: str, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program.format(search=SEARCH), str(folder)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "done"


@pytest.mark.timeout(300)
@pytest.mark.tensorflow
def test_a_strategy_of_tensorflow_is_honoured(tmp_path: Path) -> None:
    _run(MIRRORED, tmp_path)


@pytest.mark.timeout(300)
@pytest.mark.jax
def test_a_distribution_of_keras_is_honoured(tmp_path: Path) -> None:
    _run(PARALLEL, tmp_path, XLA_FLAGS="--xla_force_host_platform_device_count=2")
