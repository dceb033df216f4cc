"""Training loops as guides 000, 003 and 004 write them for TensorFlow, made small, and tuned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import luthier as keras_tuner
from tests.training.models import data

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.tensorflow

X, Y = data(32)
IMAGES = np.random.default_rng(0).random((32, 4, 4, 1))
LABELS = np.random.default_rng(0).integers(0, 10, (32, 1))


class MyHyperModel(keras_tuner.HyperModel):
    """Guide 000."""

    def build(self, hp: Any) -> Any:
        inputs = keras.Input(shape=(4, 4, 1))
        x = keras.layers.Flatten()(inputs)
        x = keras.layers.Dense(units=hp.Choice("units", [8, 16]), activation="relu")(x)
        outputs = keras.layers.Dense(10)(x)
        return keras.Model(inputs=inputs, outputs=outputs)

    def fit(
        self, hp: Any, model: Any, x: Any, y: Any, validation_data: Any, callbacks: Any = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        import tensorflow as tf

        batch_size = hp.Int("batch_size", 8, 16, step=8, default=16)
        train_ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)
        validation_data = tf.data.Dataset.from_tensor_slices(validation_data).batch(batch_size)
        optimizer = keras.optimizers.Adam(
            hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        )
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        epoch_loss_metric = keras.metrics.Mean()

        @tf.function
        def run_train_step(images: Any, labels: Any) -> None:
            with tf.GradientTape() as tape:
                logits = model(images)
                loss = loss_fn(labels, logits)
                if model.losses:
                    loss += tf.math.add_n(model.losses)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        @tf.function
        def run_val_step(images: Any, labels: Any) -> None:
            logits = model(images)
            loss = loss_fn(labels, logits)
            epoch_loss_metric.update_state(loss)

        for callback in callbacks:
            callback.set_model(model)
        best_epoch_loss = float("inf")
        for epoch in range(2):
            for images, labels in train_ds:
                run_train_step(images, labels)
            for images, labels in validation_data:
                run_val_step(images, labels)
            epoch_loss = float(epoch_loss_metric.result().numpy())
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"my_metric": epoch_loss})
            epoch_loss_metric.reset_state()
            best_epoch_loss = min(best_epoch_loss, epoch_loss)
        return best_epoch_loss


def test_guide_000(project: Any) -> None:
    tuner = keras_tuner.RandomSearch(
        objective=keras_tuner.Objective("my_metric", "min"),
        max_trials=1,
        hypermodel=MyHyperModel(),
        directory="results",
        project_name="custom_training",
        overwrite=True,
    )
    tuner.search(x=IMAGES, y=LABELS, validation_data=(IMAGES, LABELS))
    trial = tuner.results.trials[0]
    assert trial.score == min(one.metrics["my_metric"] for one in trial.measurements)
    model = tuner.get_best_models()[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, model(IMAGES))
    assert float(loss) == pytest.approx(trial.score, rel=1e-4)


class CustomModel(keras.Model):  # type: ignore[misc]
    """Guide 003: a `train_step` in the older spelling."""

    def train_step(self, data: Any) -> Any:
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars, strict=True))
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


@pytest.mark.filterwarnings(r"ignore:`model.compiled_(loss|metrics)\(\)` is deprecated")
def test_guide_003_with_compiled_loss_and_compiled_metrics(project: Any) -> None:
    def build(hp: Any) -> Any:
        inputs = keras.Input(shape=(3,))
        outputs = keras.layers.Dense(1)(keras.layers.Dense(hp.Int("units", 2, 8))(inputs))
        model = CustomModel(inputs, outputs)
        model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        return model

    tuner = keras_tuner.RandomSearch(build, "val_loss", max_trials=1)
    tuner.search(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    trial = tuner.results.trials[0]
    assert len(trial.measurements) == 2
    assert {"loss", "val_loss", "val_mae"} <= set(trial.measurements[0].metrics)


class ByHand(keras_tuner.HyperModel):
    """Guide 004; `reset_state` is what Keras 3 calls the guide's `reset_states`."""

    def build(self, hp: Any) -> Any:
        l2_reg = keras.regularizers.l2(hp.Float("l2", 0.01, 0.1))
        return keras.models.Sequential(
            [
                keras.layers.Dense(
                    30,
                    activation="elu",
                    kernel_initializer="he_normal",
                    kernel_regularizer=l2_reg,
                ),
                keras.layers.Dense(1, kernel_regularizer=l2_reg),
            ]
        )

    def fit(self, hp: Any, model: Any, x: Any, y: Any, callbacks: Any, **kwargs: Any) -> Any:
        import tensorflow as tf

        def random_batch(batch_size: int = 32) -> Any:
            idx = np.random.randint(len(x), size=batch_size)
            return x[idx], y[idx]

        n_steps = len(x) // 8
        optimizer = keras.optimizers.SGD(learning_rate=hp.Float("rate", 0.001, 0.05))
        mean_loss = keras.metrics.Mean(name="mean_loss")
        metrics = [keras.metrics.MeanAbsoluteError()]
        for callback in callbacks:
            callback.model = model
        for epoch in range(2):
            for _ in range(n_steps):
                x_batch, y_batch = random_batch(8)
                with tf.GradientTape() as tape:
                    y_pred = model(x_batch, training=True)
                    main_loss = tf.reduce_mean(keras.losses.mean_squared_error(y_batch, y_pred))
                    loss = tf.add_n([main_loss, *model.losses])
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
                mean_loss(loss)
                for metric in metrics:
                    metric(y_batch, y_pred)
            logs = {metric.name: metric.result() for metric in [mean_loss, *metrics]}
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs)
            for metric in [mean_loss, *metrics]:
                metric.reset_state()
        return {name: float(value) for name, value in logs.items()}


def test_guide_004(project: Any) -> None:
    objective = keras_tuner.Objective("mean_loss", "min")
    tuner = keras_tuner.RandomSearch(ByHand(), objective, max_trials=1)
    tuner.search(X, Y, verbose=0)
    trial = tuner.results.trials[0]
    assert [sorted(one.metrics) for one in trial.measurements] == 2 * [
        ["mean_absolute_error", "mean_loss"]
    ]
    assert tuner.get_best_models()[0](X).shape == (32, 1)
