"""`Step`: the same updates as by hand and as `fit`, on each backend; what is refused and what is
told.
"""

from __future__ import annotations

import functools
import os
import shutil
import warnings
from typing import Any

import numpy as np
import pytest

import luthier
from luthier.errors import FatalTypeError, FatalValueError
from luthier.training import RetraceWarning
from tests.training.models import data

pytestmark = pytest.mark.keras

X, Y = data(24)
BATCHES = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, 24, 8)]


def wide_and_deep(**options: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh", name="deep", **options)(inputs)
    deep = keras.layers.Dense(1, name="deep_out")(hidden)
    wide = keras.layers.Dense(1, name="wide", **options)(inputs)
    return keras.Model(inputs, wide + deep)


def optimizers() -> dict[str, Any]:
    import keras

    return {"wide": keras.optimizers.SGD(0.1, momentum=0.9), "deep*": keras.optimizers.Adam(0.01)}


def weights(model: Any) -> list[Any]:
    return [np.array(weight) for weight in model.get_weights()]


def assert_equal(model: Any, other: Any, **tolerance: float) -> None:
    for mine, theirs in zip(weights(model), weights(other), strict=True):
        np.testing.assert_allclose(mine, theirs, **(tolerance or {"atol": 1e-6, "rtol": 0}))


def updated_by_hand(backend: str, model: Any, batch: Any, pairs: list[tuple[Any, Any]]) -> None:
    """One step with several optimizers, as one writes it for each backend."""
    import keras

    x, y = map(keras.ops.convert_to_tensor, batch)
    variables = [variable for _, several in pairs for variable in several]
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, variables)
    elif backend == "torch":
        loss = keras.ops.mean((model(x, training=True) - y) ** 2)
        loss.backward()
        gradients = [variable.value.grad.clone() for variable in variables]
    else:
        import jax

        def loss(values: Any) -> Any:
            with keras.StatelessScope(list(zip(variables, values, strict=True))):
                return keras.ops.mean((model(x, training=True) - y) ** 2)

        gradients = jax.grad(loss)([variable.value for variable in variables])
    for optimizer, several in pairs:
        optimizer.apply(gradients[: len(several)], several)
        gradients = gradients[len(several) :]
    if backend == "torch":
        model.zero_grad()


def test_two_optimizers_do_what_two_written_by_hand_do(backend: str) -> None:
    by_hand, model = wide_and_deep(), wide_and_deep()
    wide, deep = optimizers().values()
    pairs = [
        (wide, by_hand.get_layer("wide").trainable_variables),
        (deep, [v for v in by_hand.trainable_variables if "deep" in v.path]),
    ]
    step = luthier.Step(model, "mse", optimizers())
    for batch in BATCHES:
        updated_by_hand(backend, by_hand, batch, pairs)
        step.train(batch)
    assert_equal(model, by_hand)


@pytest.mark.parametrize("is_built", [False, True])
def test_a_step_does_what_fit_does(is_built: bool) -> None:
    import keras

    def build() -> Any:
        keras.utils.set_random_seed(1)
        l2 = keras.regularizers.L2(0.05)
        layers = [
            # A bias before a normalisation has a gradient of noise alone.
            keras.layers.Dense(4, kernel_regularizer=l2, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(1),
        ]
        return keras.Sequential([keras.Input((3,)), *layers] if is_built else layers)

    fitted, model = build(), build()
    fitted.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"], jit_compile=False)
    logs = fitted.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    step = luthier.Step(model, "mse", keras.optimizers.Adam(0.01), metrics=["mae"])
    for batch in BATCHES:
        step.train(batch)
    assert_equal(model, fitted, atol=2e-6, rtol=0)
    assert step.logs() == pytest.approx({name: values[0] for name, values in logs.items()})
    step.reset()
    step.test((X, Y))
    assert step.logs() == pytest.approx(model.evaluate(X, Y, verbose=0, return_dict=True))


def test_outputs_count_as_their_weights_say_and_penalties_of_any_shape_are_added() -> None:
    import keras

    class Adds(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(keras.ops.mean(x**2, axis=0))  # one a column
            return x

    def build() -> Any:
        keras.utils.set_random_seed(1)
        inputs = keras.Input((3,))
        hidden = Adds()(keras.layers.Dense(2, kernel_regularizer="l2")(inputs))
        return keras.Model(inputs, [keras.layers.Dense(1)(hidden), keras.layers.Dense(1)(hidden)])

    options = {"loss": ["mse", "mae"], "loss_weights": [0.2, 3.0]}
    fitted, model = build(), build()
    fitted.compile(keras.optimizers.SGD(0.1), run_eagerly=True, **options)
    loss = fitted.train_on_batch(X, [Y, -Y], return_dict=True)["loss"]
    step = luthier.Step(model, optimizer=keras.optimizers.SGD(0.1), run_eagerly=True, **options)
    assert float(step.train((X, (Y, -Y)))) == pytest.approx(float(loss), rel=1e-5)
    assert_equal(model, fitted)


def squares(model: Any, batch: Any, training: bool = False, scale: float = 1.0) -> Any:
    import keras

    x, y = batch
    outputs = model(x, training=training)
    return scale * keras.ops.mean((outputs - y) ** 2), outputs


def test_numbers_are_inputs_and_change_without_another_trace() -> None:
    import keras

    model = wide_and_deep()
    step = luthier.Step(
        model,
        functools.partial(squares, scale=0.5),
        keras.optimizers.SGD(1.0),
        metrics=["mse"],
        clip_norm=1e-3,
    )
    before = np.concatenate([weight.ravel() for weight in weights(model)])
    loss = float(step.train(BATCHES[0]))
    after = np.concatenate([weight.ravel() for weight in weights(model)])
    assert np.linalg.norm(after - before) == pytest.approx(1e-3, rel=1e-2)
    assert step.logs() == pytest.approx({"loss": loss, "mse": 2 * loss}, rel=1e-5)
    model.optimizer.learning_rate = 0.0
    assert float(step.train(BATCHES[0], scale=2.0, clip_norm=5.0)) == pytest.approx(
        4 * loss, rel=0.01
    )
    assert step.traces.get("train", 1) == 1
    with pytest.raises(FatalValueError, match="one of the numbers clip_norm, scale, got 'beta'"):
        step.train(BATCHES[0], beta=1.0)


def test_gradients_are_transformed_clipped_and_accumulated() -> None:
    import keras

    model, other = wide_and_deep(), wide_and_deep()
    step = luthier.Step(
        model,
        "mse",
        keras.optimizers.SGD(0.1),
        accumulate=2,
        clip_value=0.5,
        transform={"wide": lambda gradient, variable: 0.0 * gradient},
    )
    first = weights(model)
    step.train((X[:8], Y[:8]))
    assert all(np.array_equal(a, b) for a, b in zip(first, weights(model), strict=True))
    step.train((X[8:16], Y[8:16]))
    x, y = keras.ops.convert_to_tensor(X[:16]), keras.ops.convert_to_tensor(Y[:16])
    _, gradients = luthier.value_and_gradients(
        lambda: squares(other, (x, y))[0], other.trainable_variables
    )
    for variable, gradient in zip(other.trainable_variables, gradients, strict=True):
        limited = np.clip(keras.ops.convert_to_numpy(gradient), -0.5, 0.5)
        if "wide" not in variable.path:
            variable.assign(variable - 0.1 * limited)
    assert_equal(model, other)


def test_groups_with_a_loss_each_are_trained_in_turn() -> None:
    import keras

    class Pair(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.maker = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
            self.judge = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    def maker(model: Any, batch: Any) -> Any:
        return keras.ops.mean((model.judge(model.maker(batch)) - 1.0) ** 2)

    def judge(model: Any, batch: Any) -> Any:
        return keras.ops.mean(model.judge(model.maker(batch)) ** 2), {"size": 2.0}

    pair = Pair()
    step = luthier.Step(
        pair,
        {"judge": judge, "maker": maker},
        {"judge": "sgd", "maker": keras.optimizers.SGD(0.0)},
    )
    before = weights(pair)
    step.train(X)
    after = weights(pair)
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [
        True, True, False, False,
    ]  # fmt: skip
    logs = step.logs()
    assert logs["loss"] == pytest.approx(logs["judge_loss"] + logs["maker_loss"])
    assert logs["size"] == 2


def test_mixed_precision_scales_the_loss_and_the_gradients_back() -> None:
    import keras

    model, plain = wide_and_deep(dtype="mixed_float16"), wide_and_deep()
    model.dtype_policy = "mixed_float16"
    small = functools.partial(squares, scale=0.1)  # or half precision would overflow
    two = {"wide": keras.optimizers.SGD(1.0), "deep*": keras.optimizers.SGD(1.0)}
    step = luthier.Step(model, small, two)
    other = luthier.Step(plain, small, keras.optimizers.SGD(1.0))
    step.train(BATCHES[0])
    other.train(BATCHES[0])
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert_equal(model, plain, atol=3e-3, rtol=0)


def test_metrics_and_seeds_of_the_user_are_kept_too() -> None:
    import keras

    own, seeds = keras.metrics.Sum(), keras.random.SeedGenerator(0)

    def loss(model: Any, batch: Any) -> Any:
        own.update_state(1.0)
        noise = keras.random.normal((), seed=seeds)
        return keras.ops.mean(model(batch) ** 2) * 0.0 + noise

    step = luthier.Step(wide_and_deep(), loss, "sgd")
    noises = [float(step.train(X)) for _ in range(3)]
    assert float(own.result()) == 3
    assert len(set(noises)) == 3


@pytest.mark.parametrize("name", ["jax", "tensorflow"])
def test_a_retrace_is_told_with_what_changed(name: str, backend: str) -> None:
    if backend != name:
        pytest.skip("counted where there is tracing")
    step = luthier.Step(wide_and_deep(), "mse", "sgd")
    step.train((X[:8], Y[:8]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step.train((X[:5], Y[:5]))  # the last batch of the data
        step.train((X[:8], Y[:8]))
    assert step.traces == {"train": 2}
    assert step.retraces[0].changed == "batches had 8 rows and now have 5"
    with pytest.warns(RetraceWarning, match=r"batch\[1\] had dtype float32 and now has int32"):
        step.train((X[:8], Y[:8].astype("int32")))
    assert "Convert it to one dtype, float32 for example" in step.retraces[1].advice


# Of PyTorch's own, when its compiler is imported.
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:torch")
def test_a_compiled_step_does_what_an_eager_one_does(backend: str) -> None:
    if backend == "torch" and shutil.which(os.environ.get("CXX", "g++")) is None:
        pytest.skip("torch.compile needs a C++ compiler")
    import keras

    models = []
    for options in ({"jit_compile": True}, {"run_eagerly": True}):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="tanh")])
        step = luthier.Step(model, "mse", keras.optimizers.Adam(0.1), metrics=["mae"], **options)
        loop = luthier.Loop(step, epochs=2, batch_size=10, seed=0)
        models.append((model, loop.fit(X, Y, validation_data=(X, Y)).history))
    (compiled, fast), (eager, slow) = models
    assert_equal(compiled, eager)
    assert fast.keys() == slow.keys() == {"loss", "mae", "val_loss", "val_mae"}
    for name in fast:
        np.testing.assert_allclose(fast[name], slow[name], rtol=1e-6)


def test_a_step_can_be_debugged_eagerly() -> None:
    import keras

    seen = []

    def loss(model: Any, batch: Any) -> Any:
        value = keras.ops.mean(model(batch) ** 2)
        seen.append(len(batch))
        return value

    step = luthier.Step(wide_and_deep(), loss, "sgd", run_eagerly=True)
    step.train(X)
    before = len(seen)
    for _ in range(2):
        step.train(X)
    assert len(seen) == before + 2
    assert step.traces == {}


def one_row_each(model: Any, batch: Any) -> Any:
    return model(batch[0])[:, 0]


def three_parts(model: Any, batch: Any) -> Any:
    return 1.0, 2.0, 3.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": one_row_each}, r"one_row_each\(model, batch\) to return a scalar.* shape \(8,\)"),
        ({"loss": three_parts}, "got a tuple of 3"),
        ({"loss": "mse", "metrics": ["nonsense"]}, "a metric that Keras knows, got 'nonsense'"),
        ({"loss": "nonsense"}, "a loss that Keras knows, got 'nonsense'"),
        ({"loss": lambda a, b: 0.0}, r"loss\(model, batch\), got <lambda>\(a, b\)"),
        ({"loss": squares, "clip_norm": -1.0}, "clip_norm above 0, or None, got -1.0"),
        ({"loss": squares, "accumulate": 0}, "from 1 on, got 0"),
        ({"loss": None}, "Expected a loss"),
        ({"optimizer": None}, "Expected an optimizer"),
        ({"optimizer": "nonsense"}, "one that Keras knows, got 'nonsense'"),
        ({"optimizer": {"w": "sgd"}, "variables": {"w": "wide"}}, "No optimizer changes deep"),
        (
            {
                "optimizer": {"wide": "sgd", "all": "adam"},
                "variables": {"wide": "wide", "all": "*"},
            },
            "'wide' and 'all' both change wide/kernel",
        ),
        ({"optimizer": {"wide": "sgd", "narrow": "sgd"}}, "'narrow' has no trainable variable"),
        ({"optimizer": {"wide": "sgd"}}, "No optimizer changes deep/kernel"),
        ({"transform": {"dep": lambda g, v: g}}, "none is called 'dep'. There are deep/kernel"),
        (
            {"transform": {"wide": lambda g, v: g[0]}},
            r"transform of wide/kernel to return a gradient of the shape \(3, 1\), got .* \(1,\)",
        ),
        ({"transform": lambda g, v: None}, "shape .*, got None"),
        ({"loss": lambda model, batch: 3.0}, "depends on the model, got the Python number 3.0"),
        ({"optimizer": {"a": "sgd"}, "variables": {"b": ...}}, "for the groups a.*got them for b"),
        ({"loss": lambda model, batch: model(batch[0])[0, 0], "metrics": ["mae"]}, "outputs"),
    ],
)
def test_what_cannot_work_is_refused_before_training(
    arguments: dict[str, Any], message: str
) -> None:
    model = wide_and_deep()
    before = weights(model)
    with pytest.raises((FatalTypeError, FatalValueError), match=message):
        luthier.Step(model, **{"loss": squares, "optimizer": "sgd"} | arguments).train(BATCHES[0])
    assert all(np.array_equal(a, b) for a, b in zip(before, weights(model), strict=True))


def test_numbers_that_make_no_sense_are_refused_later_too() -> None:
    step = luthier.Step(wide_and_deep(), squares, "sgd", clip_norm=1.0)
    step.train(BATCHES[0])
    with pytest.raises(FatalValueError, match="clip_norm above 0, got -1"):
        step.set(clip_norm=-1)
    with pytest.raises(FatalTypeError, match="clip_norm as a number, got 'small' of type str"):
        step.set(clip_norm="small")  # type: ignore[arg-type]


def test_a_number_that_several_losses_have_is_set_in_all() -> None:
    import keras

    def loss(model: Any, batch: Any, scale: float) -> Any:
        return scale * keras.ops.mean(model(batch) ** 2)

    rates = {"wide": keras.optimizers.SGD(0.0), "deep*": keras.optimizers.SGD(0.0)}
    losses = {name: functools.partial(loss, scale=1.0) for name in rates}
    step = luthier.Step(wide_and_deep(), losses, rates)
    before = float(step.train(X))
    step.set(scale=3.0)
    assert float(step.train(X)) == pytest.approx(3 * before, rel=1e-5)


def test_an_optimizer_of_another_model_is_refused() -> None:
    import keras

    adam = keras.optimizers.Adam(0.01)
    model = wide_and_deep()
    luthier.Step(model, squares, adam).train(BATCHES[0])
    luthier.Step(model, squares, adam).train(BATCHES[0])
    with pytest.raises(FatalValueError, match=r"made for other variables.*of its own"):
        luthier.Step(wide_and_deep(), squares, adam).train(BATCHES[0])


def test_inputs_without_targets_are_refused() -> None:
    with pytest.raises(FatalValueError, match=r"inputs and targets.* got inputs alone"):
        luthier.Step(wide_and_deep(), "mse", "sgd").train(X[:8])


def test_a_loss_with_unclear_arguments_is_refused_at_once() -> None:
    with pytest.raises(FatalTypeError, match=r"got <lambda>\(a, b\)"):
        luthier.Step(wide_and_deep(), lambda a, b: 0.0, "sgd")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(FatalTypeError, match="Expected a Keras model, got 'model'"):
        luthier.Step("model", "mse", "sgd")
