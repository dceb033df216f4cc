"""A Keras model with a `train_step` of its own: one for every backend, tuned like any other."""

from __future__ import annotations

import argparse
from typing import Any

import keras
from sklearn.datasets import load_digits

import luthier


class Own(keras.Model):
    @luthier.train_step
    def train_step(self, data: Any) -> dict[str, Any]:
        loss, gradients = luthier.value_and_gradients(
            lambda: self.compute_loss(*data, self(data[0], training=True)), self.trainable_variables
        )
        self.optimizer.apply(gradients, self.trainable_variables)
        next(m for m in self.metrics if m.name == "loss").update_state(loss)
        return {"loss": self.get_metrics_result()["loss"]}


def build(hp: luthier.HyperParameters) -> Any:
    inputs = keras.Input((64,))
    hidden = keras.layers.Dense(hp.Int("units", 8, 64), "relu")(inputs)
    model = Own(inputs, keras.layers.Dense(10, "softmax")(hidden))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10)
    tuner = luthier.RandomSearch(build, "val_accuracy", max_trials=parser.parse_args().trials)
    tuner.search(*load_digits(return_X_y=True), validation_split=0.2, batch_size=128, epochs=2)
    print(f"best accuracy: {tuner.results.best.score:.1%}")
