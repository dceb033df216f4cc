"""`Loop`: what it trains, whom it calls and when, where it stops and goes on."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier
from luthier.errors import DivergedError, FatalTypeError, FatalValueError
from tests.training.models import data

pytestmark = pytest.mark.keras

X, Y = data(20)


def model(*more: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), *more, keras.layers.Dense(1)]
    )


def step(rate: float = 0.05, **options: Any) -> luthier.Step:
    import keras

    return luthier.Step(
        model(), "mse", keras.optimizers.SGD(rate), **{"metrics": ["mae"]} | options
    )


def test_a_loop_does_what_fit_does() -> None:
    import keras

    fitted = model()
    fitted.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"], jit_compile=False)
    history = fitted.fit(
        X, Y, batch_size=8, epochs=3, shuffle=False, validation_split=0.2, verbose=0
    ).history
    mine = step()
    loop = luthier.Loop(mine, batch_size=8, epochs=3, draw="ordered", validation_split=0.2)
    training = loop.fit(X, Y)
    assert set(training.history) == set(history)
    for name, values in history.items():
        assert training.history[name] == pytest.approx(values, rel=1e-4)
    assert training.best() == min(training.history["val_loss"])
    assert training.best("mae") == min(training.history["mae"])
    for a, b in zip(mine.model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_nothing_is_traced_after_the_first_epoch(backend: str) -> None:
    traces = []
    mine = step()
    watch = luthier_callback(on_epoch_end=lambda epoch, logs: traces.append(dict(mine.traces)))
    luthier.Loop(mine, epochs=3, batch_size=8).fit(X, Y, validation_data=(X, Y), callbacks=watch)
    assert traces[0] == traces[1] == traces[2]
    assert traces[0] == ({} if backend == "torch" else {"train": 2, "test": 2})


def luthier_callback(**hooks: Any) -> Any:
    import keras

    return keras.callbacks.LambdaCallback(**hooks)


class Diary:
    """A callback that writes down what it hears."""

    def __new__(cls) -> Any:
        import keras

        class Writer(keras.callbacks.Callback):
            def __init__(self) -> None:
                super().__init__()
                self.heard: list[tuple[str, Any]] = []

        def hook(name: str) -> Any:
            def write(self: Any, *arguments: Any, logs: Any = None) -> None:
                numbers = [one for one in arguments if isinstance(one, int)]
                self.heard.append((name, numbers))

            return write

        for name in dir(keras.callbacks.Callback):
            if name.startswith(("on_train", "on_epoch", "on_test")):
                setattr(Writer, name, hook(name))
        return Writer()


def test_callbacks_hear_what_fit_would_tell_them() -> None:
    import keras

    fitted = model()
    fitted.compile("sgd", "mse", run_eagerly=True)
    diary, mine = Diary(), Diary()
    arguments = {"validation_data": (X, Y)}
    fitted.fit(X, Y, batch_size=10, epochs=2, verbose=0, callbacks=[diary], **arguments)
    loop = luthier.Loop(step(run_eagerly=True), batch_size=10, epochs=2)
    loop.fit(X, Y, callbacks=keras.callbacks.CallbackList([mine]), **arguments)
    assert mine.heard == diary.heard


def test_keras_callbacks_work(tmp_path: Path) -> None:
    import keras

    mine = step(rate=0.0)  # nothing improves
    stop = keras.callbacks.EarlyStopping(patience=1)
    weights = tmp_path / "{epoch}.weights.h5"
    callbacks = [
        stop,
        keras.callbacks.ModelCheckpoint(str(weights), save_weights_only=True),
        keras.callbacks.ReduceLROnPlateau(patience=0),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
    ]
    loop = luthier.Loop(mine, epochs=5, batch_size=10)
    training = loop.fit(X, Y, validation_data=(X, Y), callbacks=callbacks)
    assert training.epoch == (0, 1)
    assert stop.stopped_epoch == 1
    assert {path.name for path in tmp_path.iterdir()} == {
        "1.weights.h5", "2.weights.h5", "log.csv",
    }  # fmt: skip
    header = (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "epoch,learning_rate,loss,mae,val_loss,val_mae"


def test_tensorboard_works(tmp_path: Path) -> None:
    import keras

    pytest.importorskip("tensorflow")
    pytest.importorskip("tensorboard")
    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False)
    luthier.Loop(step(), batch_size=10).fit(X, Y, validation_data=(X, Y), callbacks=[board])
    assert {path.name for path in tmp_path.iterdir()} == {"train", "validation"}


def test_a_rate_that_a_callback_sets_counts_at_once() -> None:
    import keras

    mine = step(rate=1.0)
    before = mine.model.get_weights()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.0)
    luthier.Loop(mine, epochs=2, batch_size=10).fit(X, Y, callbacks=[schedule])
    for a, b in zip(before, mine.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def two_rates() -> luthier.Step:
    import keras

    groups = {"first": keras.optimizers.SGD(1.0), "second": keras.optimizers.SGD(2.0)}
    return luthier.Step(
        model(),
        "mse",
        groups,
        variables={"first": lambda variable: "bias" in variable.path, "second": ...},
        run_eagerly=True,
    )


def rates_of(step: luthier.Step) -> list[float]:
    return [float(one.learning_rate) for one in step.optimizer.values()]


def test_callbacks_of_a_rate_act_on_all_optimizers_or_on_the_one_that_is_named() -> None:
    import keras

    halved = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
    both, one = two_rates(), two_rates()
    luthier.Loop(both, epochs=2, batch_size=20).fit(X, Y, callbacks=[halved])
    assert rates_of(both) == [0.25, 0.5]
    flat = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=0, min_delta=1e9)
    named = luthier.ForGroup("second", flat)
    luthier.Loop(one, epochs=2, batch_size=20).fit(X, Y, callbacks=[named])
    assert rates_of(one) == pytest.approx([1.0, 0.2])
    with pytest.raises(FatalValueError, match=r"ForGroup of 'first', 'second'.*, got 'third'"):
        luthier.Loop(one, batch_size=20).fit(X, Y, callbacks=[luthier.ForGroup("third", flat)])


def test_a_callback_for_a_group_can_stop_training() -> None:
    import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    training = luthier.Loop(two_rates(), epochs=3, batch_size=20).fit(
        X, Y, callbacks=[luthier.ForGroup("first", Stop())]
    )
    assert training.epoch == (0,)


def test_each_kind_of_data(backend: str) -> None:
    import keras

    class Dataset(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> Any:
            return X[10 * index :][:10], Y[10 * index :][:10]

    def generate() -> Any:
        yield X[:10], Y[:10]
        yield X[10:], Y[10:]

    sources: list[Any] = [Dataset(), generate, list(generate()), ((X, Y))]
    if backend == "torch":
        import torch

        tensors = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
        sources += [torch.utils.data.DataLoader(tensors, batch_size=10)]
    if backend == "tensorflow":
        import tensorflow as tf

        sources += [tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)]
    mine = step(run_eagerly=True)
    losses = []
    for source in sources:
        mine.model.set_weights(model().get_weights())
        loop = luthier.Loop(mine, batch_size=10, draw="ordered")
        losses.append(loop.fit(source, validation_data=source).history["val_loss"][0])
    assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-5)


def test_batches_are_augmented_before_the_step_and_only_in_training() -> None:
    seen = []

    def doubled(x: Any, y: Any) -> Any:
        seen.append(type(x))
        return 2 * x, y * 0

    mine = step(rate=0.0, run_eagerly=True)
    loop = luthier.Loop(mine, batch_size=10, augment=doubled)
    plain = luthier.Loop(mine, batch_size=10).fit(X * 2, Y * 0).history
    training = loop.fit(X, Y, validation_data=(X * 2, Y * 0))
    assert training.history["loss"] == pytest.approx(training.history["val_loss"])
    assert training.history["loss"] == pytest.approx(plain["loss"])
    assert set(seen) == {np.ndarray}


@pytest.mark.parametrize(("returned", "count"), [(X, 1), (None, 0), ((X, Y, Y), 3)])
def test_an_augmentation_that_loses_parts_of_batches_is_refused(returned: Any, count: int) -> None:
    loop = luthier.Loop(step(run_eagerly=True), batch_size=10, augment=lambda x, y: returned)
    with pytest.raises(
        FatalValueError, match=f"as many parts as it is called with, 2; got {count}"
    ):
        loop.fit(X, Y)


def test_a_checkpoint_of_another_model_is_told_aloud(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "state.npz"
    luthier.Loop(step(run_eagerly=True), batch_size=10, checkpoint=path).fit(X, Y)
    other = luthier.Step(model(keras.layers.Dense(5)), "mse", "sgd", run_eagerly=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*holds the state of another model")
        with pytest.raises(UserWarning, match=r"state.npz holds the state of .*begins afresh"):
            luthier.Loop(other, batch_size=10, checkpoint=path).fit(X, Y)


def test_a_report_that_says_stop_ends_it() -> None:
    reports = []

    def report(epoch: int, logs: Any) -> luthier.Decision:
        reports.append((epoch, sorted(logs)))
        return luthier.Decision.STOP if epoch == 1 else luthier.Decision.CONTINUE

    luthier.Loop(step(run_eagerly=True), epochs=9, batch_size=10).fit(X, Y, report=report)
    assert reports == [(0, ["loss", "mae"]), (1, ["loss", "mae"])]


def test_a_loss_that_is_no_longer_finite_ends_it_and_says_where() -> None:
    mine = step(rate=0.0, metrics=None)
    y = Y.copy()
    y[15] = np.nan
    finite = luthier.Loop(mine, batch_size=5).fit(X, Y).history["loss"][0]
    assert finite > 0
    with pytest.raises(DivergedError, match=r"became nan at step 4 of epoch 1.*finite loss was \d"):
        luthier.Loop(mine, batch_size=5, draw="ordered").fit(X, y)
    with pytest.raises(DivergedError, match=r"at step 1 of epoch 1; no loss was finite before\."):
        luthier.Loop(step(rate=0.0, metrics=None), batch_size=5).fit(X, Y * np.nan)


def test_an_interrupted_loop_goes_on_and_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    import keras

    def run(path: Path, epochs: int) -> tuple[Any, Any]:
        keras.utils.set_random_seed(3)
        groups = {"a": keras.optimizers.Adam(0.05), "b": keras.optimizers.SGD(0.05, momentum=0.9)}
        mine = luthier.Step(
            model(keras.layers.Dropout(0.3, seed=1)),
            "mse",
            groups,
            variables={"a": lambda variable: "bias" in variable.path, "b": ...},
            accumulate=3,
        )
        loop = luthier.Loop(mine, epochs=epochs, batch_size=8, seed=5, checkpoint=path)
        return loop.fit(X, Y, validation_data=(X, Y)), mine.model.get_weights()

    whole, weights = run(tmp_path / "whole.npz", 4)
    run(tmp_path / "part.npz", 2)
    again, others = run(tmp_path / "part.npz", 4)
    assert again.epoch == (0, 1, 2, 3)
    for name, values in whole.history.items():
        assert again.history[name] == pytest.approx(values, rel=1e-5)
    for a, b in zip(weights, others, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "Expected epochs as a whole number from 1 on, got 0"),
        ({"batch_size": 2.5}, "Expected batch_size as a whole number from 1 on, got 2.5"),
        ({"draw": "random"}, "one of 'shuffled', 'replacement', 'ordered', got 'random'"),
        ({"batch_size": 64}, "at most as many rows as there are, 20; got batch_size=64"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(FatalValueError, match=message):
        luthier.Loop(step(), **options).fit(X, Y)


def test_what_cannot_be_trained_with_is_refused() -> None:
    with pytest.raises(FatalTypeError, match=r"Expected a luthier.Step, got 'step'"):
        luthier.Loop("step")  # type: ignore[arg-type]
    with pytest.raises(FatalValueError, match=r"data\[0\] has 20, data\[1\] has 19"):
        luthier.Loop(step()).fit(X, Y[:-1])
    with pytest.raises(FatalValueError, match=r"validation_split=0.5 needs arrays.*from a list"):
        luthier.Loop(step(), validation_split=0.5).fit([(X, Y)])
    with pytest.raises(FatalTypeError, match="Expected Keras callbacks, got 3 of type int"):
        luthier.Loop(step(), batch_size=10).fit(X, Y, callbacks=[3])
    training = luthier.Loop(step(run_eagerly=True), batch_size=20).fit(X, Y)
    with pytest.raises(FatalValueError, match=r"nonsense.*loss, mae"):
        training.best("nonsense")
    with pytest.raises(FatalValueError, match=r"nonsense.*loss, mae"):
        training.best("nonsense", "min")
