"""A `Loop` in a user's own `fit`: reports, pruning, checkpoints, programs, by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier
from luthier.errors import TooManyFailuresError
from luthier.records import Decision, Measurement
from luthier.training import Loop, Sharing, Step, TrialPaths, run_trial
from tests.training.models import data, task

pytestmark = pytest.mark.keras

X, Y = data(32)


class WideAndDeep(luthier.HyperModel):
    """Two learning rates, batch size, epochs, augmentation and clipping, tuned."""

    def build(self, hp: Any) -> Any:
        import keras

        inputs = keras.Input((3,))
        hidden = keras.layers.Dense(4, "relu", name="deep")(inputs)
        deep = keras.layers.Dense(1, name="deep_out")(hidden)
        return keras.Model(inputs, keras.layers.Dense(1, name="wide")(inputs) + deep)

    def fit(self, hp: Any, model: Any, x: Any, y: Any, callbacks: Any = None, **kwargs: Any) -> Any:
        import keras

        noise = hp.Float("noise", 0.0, 0.1)
        wide = keras.optimizers.SGD(hp.Float("wide_rate", 1e-3, 1e-1, sampling="log"))
        deep = keras.optimizers.Adam(hp.Float("deep_rate", 1e-3, 1e-1, sampling="log"))
        step = luthier.Step(
            model, "mse", {"wide": wide, "deep*": deep}, clip_norm=hp.Float("clip", 0.5, 5.0)
        )
        loop = luthier.Loop(
            step,
            epochs=hp.Int("epochs", 1, 3),
            batch_size=hp.Choice("batch_size", [8, 16]),
            augment=lambda x, y: (x + noise * np.random.normal(size=x.shape), y),
        )
        return loop.fit(x, y, callbacks=callbacks, **kwargs)


def test_a_short_fit_tunes_all_of_training(project: Path, backend: str) -> None:
    tuner = luthier.RandomSearch(WideAndDeep(), "val_loss", max_trials=3, seed=1)
    tuner.search(X, Y, validation_data=(X, Y), verbose=0)
    trials = tuner.results.trials
    assert set(trials[0].values) == {
        "noise", "wide_rate", "deep_rate", "clip", "epochs", "batch_size",
    }  # fmt: skip
    for trial in trials:
        assert len(trial.measurements) == trial.values["epochs"]
        best = min(one.metrics["val_loss"] for one in trial.measurements)
        assert trial.score == pytest.approx(best)
    model = tuner.get_best_models()[0]
    loss = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    assert loss == pytest.approx(tuner.results.best.score, rel=1e-4)
    sizes = {trial.values["batch_size"] for trial in trials}
    if backend != "torch":
        assert {trial.info["ran"] for trial in trials} == {"compiled once"}
    if backend == "jax":
        from luthier.training._jax_kept import take

        assert take().programs.compiles == 2 * len(sizes)
    if backend == "tensorflow":
        assert tuner._sharing.graphs.traced == 2 * len(sizes)


class Plain(luthier.HyperModel):
    def build(self, hp: Any) -> Any:
        import keras

        layers = [keras.layers.Dense(4), keras.layers.Dropout(0.3, seed=1), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((3,)), *layers])

    def fit(self, hp: Any, model: Any, **kwargs: Any) -> Any:
        step = Step(model, "mse", "adam")
        return Loop(step, epochs=4, batch_size=16).fit(X, Y, validation_data=(X, Y), **kwargs)


def test_a_trial_that_was_interrupted_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    whole: list[Measurement] = []

    def keep(measurement: Measurement) -> Decision:
        whole.append(measurement)
        return Decision.CONTINUE

    run_trial(task(Plain(), report=keep))
    reports: list[Measurement] = []

    def interrupt(measurement: Measurement) -> Decision:
        reports.append(measurement)
        if measurement.step == 2 and len(reports) == 3:
            raise KeyboardInterrupt
        return Decision.CONTINUE

    paths = TrialPaths(resume=tmp_path / "resume.npz", checkpoint=tmp_path / "c.weights.h5")
    with pytest.raises(KeyboardInterrupt):
        run_trial(task(Plain(), report=interrupt, paths=paths))
    again = task(Plain(), report=interrupt, paths=paths)
    (training,) = run_trial(again)
    first = again.info["resumed_from_epoch"]  # the last that was written, if epochs are very short
    assert first in (1, 2)
    assert [one.step for one in reports] == [0, 1, 2, *range(first, 4)]
    assert training.epoch == (0, 1, 2, 3)
    assert training.history["val_loss"] == pytest.approx(
        [one.metrics["val_loss"] for one in whole], rel=1e-4
    )


def test_a_trial_that_is_stopped_ends_and_one_that_is_paused_can_go_on(tmp_path: Path) -> None:
    seen: list[int] = []

    def answer(decision: Decision) -> Any:
        def report(measurement: Measurement) -> Decision:
            seen.append(measurement.step)
            return decision if measurement.step == 1 else Decision.CONTINUE

        return report

    paths = TrialPaths(resume=tmp_path / "resume.npz")
    run_trial(task(Plain(), report=answer(Decision.PAUSE), paths=paths))
    run_trial(task(Plain(), report=answer(Decision.CONTINUE), paths=paths))
    assert seen == [0, 1, 2, 3]
    run_trial(task(Plain(), report=answer(Decision.STOP)))
    assert seen[4:] == [0, 1]


def test_a_function_that_is_tuned_hands_its_report_to_the_loop() -> None:
    def evaluate(hp: Any, report: Any) -> None:
        model = Plain().build(hp)
        step = Step(model, "mse", "sgd")
        hp.Float("unused", 0.0, 1.0)
        Loop(step, epochs=3, batch_size=32).fit(X, Y, report=report)

    results = luthier.tune(evaluate, "loss", max_trials=1, verbose=0)
    assert [one.step for one in results.trials[0].measurements] == [0, 1, 2]


def test_a_loss_that_is_no_longer_finite_fails_the_trial_and_not_the_search(project: Path) -> None:
    class Exploding(Plain):
        def fit(self, hp: Any, model: Any, **kwargs: Any) -> Any:
            import keras

            step = Step(model, "mse", keras.optimizers.SGD(1e30))
            return Loop(step, epochs=2, batch_size=8).fit(X, Y, **kwargs)

    tuner = luthier.RandomSearch(
        Exploding(), luthier.Objective("loss", "min"), max_trials=1, max_consecutive_failed_trials=2
    )
    tuner.search(verbose=0)
    trial = tuner.results.trials[0]
    assert trial.state is luthier.TrialState.FAILED
    assert "DivergedError: The loss became" in trial.message
    assert trial.failures <= 1


class Sized(Plain):
    """Batches of a size that is searched, or of one that is not."""

    def __init__(self, sizes: list[int] | None) -> None:
        self.sizes = sizes

    def fit(self, hp: Any, model: Any, **kwargs: Any) -> Any:
        size = hp.Choice("batch_size", self.sizes) if self.sizes else 64
        step = Step(model, "mse", "sgd", run_eagerly=True)
        return Loop(step, batch_size=size).fit(X, Y, **kwargs)


def test_a_batch_size_above_the_rows_fails_the_trial_that_searched_it(project: Path) -> None:
    tuner = luthier.GridSearch(Sized([64, 16]), luthier.Objective("loss", "min"))
    tuner.search(verbose=0)
    first, second = tuner.results.trials
    assert first.state is luthier.TrialState.FAILED
    assert "The trial's batch size, 64, is more than the 32 rows" in first.message
    assert second.state is luthier.TrialState.COMPLETED


def test_a_batch_size_above_the_rows_that_is_the_same_for_all_ends_the_search(
    project: Path,
) -> None:
    tuner = luthier.RandomSearch(Sized(None), luthier.Objective("loss", "min"), max_trials=5)
    with pytest.raises(TooManyFailuresError, match="size, 64, is more than the 32 rows"):
        tuner.search(verbose=0)
    assert len(tuner.results.trials) == 3


def test_a_function_with_a_batch_size_above_the_rows_fails_that_trial() -> None:
    def evaluate(hp: Any, report: Any) -> None:
        step = Step(Plain().build(hp), "mse", "sgd", run_eagerly=True)
        Loop(step, batch_size=hp.Choice("size", [64, 32])).fit(X, Y, report=report)

    results = luthier.tune(evaluate, "loss", max_trials=2, sampler="grid", verbose=0)
    assert [one.state.name for one in results.trials] == ["FAILED", "COMPLETED"]


class Rated(Plain):
    """Two trials of it differ in numbers alone."""

    def build(self, hp: Any) -> Any:
        import keras

        layers = [keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5)), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((3,)), *layers])

    def fit(self, hp: Any, model: Any, **kwargs: Any) -> Any:
        import keras

        optimizer = keras.optimizers.Adam(0.1, beta_1=hp.Float("beta", 0.5, 0.9))
        step = Step(model, "mse", optimizer, clip_norm=hp.Float("clip", 0.1, 9.0), accumulate=2)
        loop = Loop(step, epochs=2, batch_size=12, drop_remainder=True)
        training = loop.fit(X, Y, validation_data=(X[:8], Y[:8]), **kwargs)
        self.traces = dict(training.traces)
        return training


@pytest.mark.tensorflow  # on JAX a trace says which program is the right one
def test_a_loop_of_the_same_kind_is_not_traced_again_and_does_the_same(tmp_path: Path) -> None:
    def run(values: dict[str, float], sharing: Sharing | None) -> tuple[Any, dict[str, int]]:
        hp = luthier.HyperParameters()
        hp.values.update(values)
        hypermodel = Rated()
        paths = TrialPaths(resume=tmp_path / f"{sharing is None}-{values['beta']}" / "r.npz")
        (training,) = run_trial(task(hypermodel, hp=hp, sharing=sharing, paths=paths))
        return training.history, hypermodel.traces

    sharing = Sharing()
    first = {"dropout": 0.2, "beta": 0.9, "clip": 5.0}
    second = {"dropout": 0.4, "beta": 0.6, "clip": 0.2}
    run(first, sharing)
    shared, traces = run(second, sharing)
    alone, _ = run(second, None)
    assert "train" not in traces
    for name, values in alone.items():
        assert shared[name] == pytest.approx(values, rel=1e-5)


def spread(model: Any, batch: Any) -> Any:
    import keras

    x, y = batch
    return keras.ops.mean(keras.ops.abs(model(x) - y))


class Robust:
    """Makes a loss of a class of the user's own."""

    def __call__(self, delta: float) -> Any:
        import keras

        class Root(keras.losses.Loss):  # type: ignore[misc]
            def __init__(self, delta: float) -> None:
                super().__init__()
                self.delta = delta

            def call(self, y: Any, prediction: Any) -> Any:
                return keras.ops.sqrt(self.delta + keras.ops.square(y - prediction))

        return Root(delta)


@pytest.mark.parametrize("name", ["tensorflow"])
@pytest.mark.parametrize("kind", ["function", "class"])
def test_losses_of_the_users_own_are_traced_once_in_a_search(
    name: str, kind: str, backend: str, tmp_path: Path
) -> None:
    if name != backend:
        pytest.skip(f"for {name}, this is {backend}")
    robust, sharing, traces, infos = Robust(), Sharing(), [], []
    whys: list[str] = []

    class Own(Plain):
        def fit(self, hp: Any, model: Any, **kwargs: Any) -> Any:
            import keras

            loss = spread if kind == "function" else robust(hp.Choice("delta", [0.5, 1.0]))
            step = Step(model, loss, keras.optimizers.SGD(hp.Float("rate", 0.01, 0.1)))
            return Loop(step, batch_size=16).fit(X, Y, **kwargs)

    for values in ({"rate": 0.02}, {"rate": 0.05}, {"rate": 0.02, "delta": 1.0}):
        hp = luthier.HyperParameters()
        hp.values.update(values)
        paths = TrialPaths(resume=tmp_path / f"{len(infos)}" / "resume.npz")
        one = task(Own(), hp=hp, sharing=sharing, paths=paths)
        run_trial(one)
        infos.append(one.info["ran"])
        whys.append(one.info.get("own_numbers_why", ""))
        traces.append(sharing.graphs.traced)
    assert infos == ["compiled once"] * 3
    assert traces == ([1, 1, 1] if kind == "function" else [1, 1, 2])
    assert whys[:2] == ["", ""]
    assert ("reads delta as Python numbers" in whys[2]) == (kind == "class")
