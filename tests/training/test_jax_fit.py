"""`fit` in shared programs is Keras's own: the same losses, weights and logs, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalRuntimeError
from luthier.training import Sharing, share_programs

pytestmark = pytest.mark.jax

RANDOM = np.random.default_rng(0)
X = RANDOM.random((70, 5))
LABELS = RANDOM.integers(0, 3, 70)
Build = Callable[[float], Any]


def dense(value: float, **compiled: Any) -> Any:
    """Dropout, a regularizer, weight decay: numbers of several kinds."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(value / 9)),
            layers.Dropout(value),
            layers.Dense(3, activation="softmax"),
        ]
    )
    settings = {"metrics": ["accuracy"]} | compiled
    loss = compiled.pop("loss", keras.losses.CategoricalCrossentropy(label_smoothing=value))
    model.compile(
        keras.optimizers.AdamW(value / 30, weight_decay=value), **(settings | {"loss": loss})
    )
    return model


ONE_HOT = np.eye(3)[LABELS]


def compared(
    build: Build,
    *args: Any,
    values: tuple[float, ...] = (0.3, 0.2),
    tolerance: float = 1e-5,
    sharing: Sharing | None = None,
    **kwargs: Any,
) -> list[dict[str, Any]]:
    """Train with shared programs and with Keras alone, make sure that both are the same; what was
    told of each.
    """
    import keras

    from luthier.training._keras_model import reset_names

    sharing = sharing or Sharing()
    told = []
    for seed, value in enumerate(values):
        histories, weights = [], []
        for shares in (True, False):
            keras.utils.set_random_seed(seed)
            reset_names()
            model, info = build(value), {}
            if shares:
                share_programs(model, sharing, info)
                told.append(info)
            fresh = {
                name: given() if name == "callbacks" else given for name, given in kwargs.items()
            }
            data = [one() if callable(one) else one for one in args]
            history = model.fit(*data, **({"epochs": 2, "verbose": 0, "batch_size": 35} | fresh))
            histories.append((history.epoch, history.history))
            weights.append([np.asarray(v) for v in (*model.variables, *model.optimizer.variables)])
        (epochs, ours), (their_epochs, theirs) = histories
        assert epochs == their_epochs
        assert list(ours) == list(theirs)
        for name, expected in theirs.items():
            np.testing.assert_allclose(
                ours[name], expected, rtol=tolerance, atol=tolerance, err_msg=name
            )
        for one, other in zip(*weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=10 * tolerance, atol=10 * tolerance)
    return told


def test_all_that_fit_takes_for_arrays() -> None:
    told = compared(
        dense,
        X,
        ONE_HOT,
        batch_size=32,
        validation_split=0.2,
        sample_weight=np.linspace(0.5, 2, 70),
        validation_batch_size=6,
    )
    assert [info["ran"] for info in told] == ["compiled once"] * 2


def test_class_weights_and_validation_data_of_another_size() -> None:
    compared(
        lambda v: dense(v, loss="sparse_categorical_crossentropy", metrics=["accuracy"]),
        X.astype("float32"),
        LABELS,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5},
        validation_data=(X[:9], LABELS[:9], np.linspace(0, 1, 9)),
        validation_freq=2,
        shuffle=False,
        values=(0.3,),
    )


def test_steps_per_epoch_and_validation_steps() -> None:
    compared(
        dense,
        X,
        ONE_HOT,
        batch_size=10,
        steps_per_epoch=2,
        epochs=3,
        validation_data=(X, ONE_HOT),
        validation_steps=1,
        values=(0.3,),
    )


def test_callbacks_of_epochs() -> None:
    import keras

    seen: list[Any] = []

    class Reads(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((epoch, [np.asarray(w).sum() for w in self.model.get_weights()]))
            self.model.evaluate(X[:21], ONE_HOT[:21], batch_size=21, verbose=0)
            self.model.layers[-1].bias.assign_add(np.full(3, 0.01))

    told = compared(
        dense,
        X,
        ONE_HOT,
        epochs=5,
        batch_size=49,
        validation_batch_size=21,
        validation_split=0.3,
        callbacks=lambda: [
            keras.callbacks.EarlyStopping(patience=1, min_delta=0.05, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.3),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            Reads(),
        ],
        values=(0.3,),
    )
    assert told[0]["ran"] == "compiled once"
    half = len(seen) // 2
    assert half >= 2
    for (epoch, ours), (their_epoch, theirs) in zip(seen[:half], seen[half:], strict=True):
        assert epoch == their_epoch
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_callbacks_of_batches_are_told_of_each() -> None:
    import keras

    seen: list[Any] = []

    class Counts(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, float(logs["loss"])))

    compared(dense, X, ONE_HOT, callbacks=lambda: [Counts()], values=(0.3,))
    half = len(seen) // 2
    assert [batch for batch, _ in seen[:half]] == [0, 1] * 2
    np.testing.assert_allclose(seen[:half], seen[half:], rtol=1e-5)


def several(value: float) -> Any:
    """Two inputs, two outputs, weights of losses, a frozen layer, state of batches."""
    import keras
    from keras import layers

    one, two = keras.Input((5,), name="one"), keras.Input((5,), name="two")
    frozen = layers.Dense(4, trainable=False)
    hidden = layers.concatenate([layers.BatchNormalization(momentum=value)(one), frozen(two)])
    hidden = layers.GaussianNoise(value)(hidden)
    a = layers.Dense(3, activation="softmax", name="a")(hidden)
    b = layers.Dense(1, name="b")(hidden)
    model = keras.Model({"one": one, "two": two}, {"a": a, "b": b})
    model.compile(
        keras.optimizers.SGD(0.1, momentum=value),
        {"a": "categorical_crossentropy", "b": "mse"},
        loss_weights={"a": 1.0, "b": value},
        metrics={"a": ["accuracy", "auc"], "b": ["mae"]},
    )
    return model


def test_several_inputs_and_outputs() -> None:
    compared(
        several, {"one": X, "two": X[::-1].copy()}, {"a": ONE_HOT, "b": X[:, :1]}, values=(0.3, 0.6)
    )


def test_mixed_precision() -> None:
    import keras

    def build(value: float) -> Any:
        keras.mixed_precision.set_global_policy("mixed_float16")
        try:
            return dense(value)
        finally:
            keras.mixed_precision.set_global_policy("float32")

    # Two programs that round to 16 bits at other places agree to no more.
    compared(build, X, ONE_HOT, values=(0.3,), tolerance=1e-3)


def _normalized(value: float, *, use_bias: bool) -> Any:
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((5,)), layers.Dense(8, use_bias=use_bias)])
    model.add(layers.BatchNormalization(momentum=value))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=value), "categorical_crossentropy")
    return model


def test_batch_normalization_with_an_optimizer_that_scales_gradients() -> None:
    data = {"validation_data": (X, ONE_HOT), "epochs": 3}
    compared(lambda v: _normalized(v, use_bias=False), X, ONE_HOT, values=(0.3,), **data)


def test_a_bias_before_batch_normalization_changes_nothing_that_is_learned() -> None:
    """Its gradient is zero but for rounding, which Adam scales up to whole steps: the bias, and
    with it the moving mean, wander, in Keras's own `fit` too if the data is nudged by 1e-7.
    """
    import keras

    found = []
    for shares in (True, False):
        keras.utils.set_random_seed(0)
        model = _normalized(0.3, use_bias=True)
        if shares:
            share_programs(model, Sharing(), {})
        history = model.fit(X, ONE_HOT, batch_size=35, epochs=3, verbose=0)
        wander = (model.layers[0].bias, model.layers[1].moving_mean)
        learned = [v for v in model.weights if not any(v is one for one in wander)]
        found.append((history.history["loss"], [np.asarray(v) for v in learned]))
    (ours, weights), (theirs, expected) = found
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_train_step_of_the_users_own() -> None:
    import jax
    import keras
    from keras import layers

    class Own(keras.Model):
        def __init__(self, scale: float) -> None:
            super().__init__()
            self.dense, self.scale = layers.Dense(1), scale
            self.tracker = keras.metrics.Mean(name="own")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, state: Any, data: Any) -> Any:
            weights, others, slots, counters = state
            x, y = data

            def loss_of(weights: Any) -> Any:
                predicted, _ = self.stateless_call(weights, others, x)
                return keras.ops.mean((predicted - y) ** 2) * self.scale

            loss, gradients = jax.value_and_grad(loss_of)(weights)
            weights, slots = self.optimizer.stateless_apply(slots, gradients, weights)
            return {"own": loss}, (weights, others, slots, counters)

    def build(value: float) -> Any:
        model = Own(value)
        model.compile("sgd")
        return model

    told = compared(build, X, X[:, :1], values=(0.3, 0.7))
    assert told[1]["ran"] == "compiled once"


def _dataset() -> Any:
    import keras

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            rows = slice(index * 30, index * 30 + 30)
            return X[rows].astype("float32"), ONE_HOT[rows]

    return Batches()


def _generator() -> Any:
    for start in range(0, 10_000, 7):
        rows = np.arange(start, start + 7) % 70
        yield X[rows].astype("float32"), ONE_HOT[rows]


def _loader() -> Any:
    data = pytest.importorskip("torch.utils.data")
    return data.DataLoader(list(zip(X.astype("float32"), ONE_HOT, strict=True)), batch_size=32)


def _tf_data() -> Any:
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X.astype("float32"), ONE_HOT)).batch(32)


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        (_dataset, {}),
        (_generator, {"steps_per_epoch": 4, "shuffle": False}),
        (_loader, {"shuffle": False}),
        (_tf_data, {"shuffle": False}),
    ],
)
def test_data_that_is_no_array(data: Any, settings: dict[str, Any]) -> None:
    compared(dense, data, validation_data=(X, ONE_HOT), batch_size=None, values=(0.3,), **settings)


def test_a_batch_without_rows_teaches_nothing() -> None:
    import keras

    def trained(*lengths: int) -> Any:
        class Batches(keras.utils.PyDataset):
            def __len__(self) -> int:
                return len(lengths)

            def __getitem__(self, index: int) -> Any:
                return X[: lengths[index]], ONE_HOT[: lengths[index]]

        keras.utils.set_random_seed(3)
        model = dense(0.3)
        share_programs(model, Sharing(), {})
        history = model.fit(Batches(), epochs=2, verbose=0, shuffle=False)
        return [*model.get_weights(), np.array(history.history["loss"])]

    for one, other in zip(trained(30, 20, 0), trained(30, 20), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_last_batch_is_filled_up_where_that_costs_little() -> None:
    from luthier.training._jax_epochs import joined, runs

    def cut(rows: int, size: int) -> Any:
        x = np.arange(rows)
        return list(runs([(x[i : i + size], 2 * x[i : i + size]) for i in range(0, rows, size)]))

    one = joined(cut(70, 12))
    assert one is not None
    flags = [leaves[-1] for leaves in one.batches]
    assert flags == [False] * 5 + [True]
    x, doubled, _ = one.batches[-1]
    np.testing.assert_array_equal(x, [*range(60, 70), 60, 60])
    np.testing.assert_array_equal(doubled, 2 * x)
    for rows, size in ((70, 32), (64, 32), (10, 12), (121, 12)):
        assert joined(cut(rows, size)) is None, (rows, size)


def test_training_with_a_filled_last_batch_is_kerass_own() -> None:
    # 12 five times and 10 in training, 12 three times and 10 in validation; some traces are told.
    values = (0.3, 0.2, 0.25, 0.1, 0.15)
    data = {"validation_data": (X[:46], ONE_HOT[:46]), "batch_size": 12}
    told = compared(dense, X, ONE_HOT, values=values, **data)
    assert [info["ran"] for info in told] == ["compiled once"] * 5


def test_metrics_computed_by_the_users_own_method_are_logged_as_keras_does() -> None:
    import keras
    from keras import layers

    class Own(keras.Sequential):
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            return {name: 2 * value for name, value in results.items()}

    def build(value: float) -> Any:
        model = Own([keras.Input((5,)), layers.Dense(3, "softmax")])
        model.compile(keras.optimizers.SGD(value), "categorical_crossentropy")
        return model

    compared(build, X, ONE_HOT, validation_data=(X, ONE_HOT))


def test_the_second_trial_compiles_nothing() -> None:
    sharing = Sharing()
    for value in (0.3, 0.2, 0.25):
        model = dense(value)
        share_programs(model, sharing, {})
        model.fit(X[:32], ONE_HOT[:32], epochs=1, verbose=0)
        if value == 0.3:
            before = sharing.programs.compiles
    assert sharing.programs.compiles == before


def test_models_that_differ_in_numbers_are_traced_three_times() -> None:
    import keras

    from luthier.training._keras_model import reset_names

    sharing = Sharing()
    for value in (0.3, 0.2, 0.25):
        reset_names()
        model = dense(value)
        share_programs(model, sharing, {})
        model.fit(X, ONE_HOT, batch_size=35, validation_split=0.5, epochs=1, verbose=0)
    # One shape of batches in training, one in validation.
    assert sharing.families.traced == 3 * 2
    compared(dense, X, ONE_HOT, validation_split=0.5, values=(0.4,), sharing=sharing)
    assert sharing.families.traced == 3 * 2

    def changed(value: float) -> Any:
        model = dense(value)
        model.layers[-1].activation = keras.activations.sigmoid
        return model

    compared(changed, X, ONE_HOT, validation_split=0.5, values=(0.4,), sharing=sharing)
    assert sharing.families.traced == 4 * 2


def test_data_changed_in_place_is_seen() -> None:
    x = X.copy()
    sharing = Sharing()
    results = []
    for _ in range(2):
        model = dense(0.3)
        model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
        share_programs(model, sharing, {})
        history = model.fit(x, ONE_HOT, shuffle=False, epochs=1, verbose=0)
        results.append(history.history["loss"])
        x *= -3.0
    assert results[0] != results[1]


def test_a_build_may_return_another_model_for_the_same_values() -> None:
    import keras

    asked = iter(["tanh", "tanh", "softplus", "softplus"])

    def build(value: float) -> Any:
        model = dense(value)
        model.layers[0].activation = keras.activations.get(next(asked))
        return model

    told = compared(build, X, ONE_HOT, epochs=1, values=(0.3, 0.3))
    assert [info["ran"] for info in told] == ["compiled once"] * 2


# -- what is trained as Keras would ----------------------------------------------------------------


def _eager(value: float) -> Any:
    return dense(value, run_eagerly=True)


def _not_compiled(value: float) -> Any:
    return dense(value, jit_compile=False)


def _in_steps(value: float) -> Any:
    return dense(value, steps_per_execution=2)


def _own_function(value: float) -> Any:
    import keras

    class Own(keras.Sequential):
        def make_train_function(self, force: bool = False) -> Any:
            return super().make_train_function(force)

    model = Own([keras.Input((5,)), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


def _prints(value: float) -> Any:
    import jax
    import keras

    def loss(y: Any, p: Any) -> Any:
        jax.debug.callback(lambda *_: None, p)
        return keras.ops.mean((y - p) ** 2)

    return dense(value, loss=loss)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (_eager, "run_eagerly"),
        (_not_compiled, "jit_compile is off"),
        (_in_steps, "steps_per_execution"),
        (_own_function, "its own make_train_function"),
        (_prints, "train step: it calls back to Python"),
    ],
)
def test_what_does_not_suit_is_trained_as_keras_would_and_says_why(build: Build, why: str) -> None:
    (info,) = compared(build, X, ONE_HOT, epochs=1, values=(0.3,))
    assert info["ran"] == "plain"
    assert why in info["ran_why"]


def test_a_program_that_does_not_run_is_trained_as_keras_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no code for this machine")

    monkeypatch.setattr(Sharing, "run", fails)
    (info,) = compared(dense, X, ONE_HOT, epochs=1, values=(0.3,))
    assert info["ran_why"] == "train step: RuntimeError: no code for this machine"


def test_strict_makes_it_an_error() -> None:
    model = _eager(0.3)
    share_programs(model, Sharing(strict=True), {})
    with pytest.raises(FatalRuntimeError, match="run_eagerly"):
        model.fit(X, ONE_HOT, verbose=0)


def test_errors_of_the_user_stay_what_they_are() -> None:
    model = dense(0.3)
    share_programs(model, Sharing(), {})
    with pytest.raises(ValueError, match="is incompatible with the layer"):
        model.fit(X[:, :4], ONE_HOT, verbose=0)
