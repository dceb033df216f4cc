from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalTypeError, FatalValueError, OversizedModelError
from luthier.objective import DefaultObjective, Objective
from luthier.records import Decision, Measurement
from luthier.space import HyperParameters
from luthier.training import (
    BuildSettings,
    HyperModel,
    TrainingHooks,
    TrialPaths,
    load_model,
    run_trial,
    summarize,
)
from tests.training.models import (
    LOSS,
    build,
    build_eagerly,
    build_with_input,
    fit_arguments,
    task,
)

pytestmark = pytest.mark.keras


class Killed(BaseException):
    """Stands for a process that ends in the middle of training."""


class Reports(list[Measurement]):
    def __init__(self, kill_after: int = 0) -> None:
        super().__init__()
        self.kill_after = kill_after

    def __call__(self, measurement: Measurement) -> Decision:
        self.append(measurement)
        if len(self) == self.kill_after:
            raise Killed
        return Decision.CONTINUE

    def values(self) -> list[tuple[int, int, float]]:
        return [(m.execution, m.step, m.metrics["val_loss"]) for m in self]


def paths(folder: Path) -> TrialPaths:
    return TrialPaths(
        checkpoint=folder / "checkpoint.weights.h5",
        resume=folder / "resume.npz",
        build_config=folder / "build_config.json",
    )


def test_every_epoch_of_every_execution_is_reported(tmp_path: Path) -> None:
    reports = Reports()
    args, kwargs = fit_arguments()
    results = run_trial(task(report=reports, executions=2, paths=paths(tmp_path)), args, kwargs)
    assert [(m.execution, m.step) for m in reports] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    got = summarize(results, LOSS)
    best = [min(v for e, _, v in reports.values() if e == n) for n in (0, 1)]
    assert got.metrics["val_loss"] == pytest.approx(np.mean(best))
    assert got.spread["val_loss"] == pytest.approx(np.std(best))
    assert best[0] != best[1]


def test_the_same_seed_trains_the_same_and_another_does_not() -> None:
    args, kwargs = fit_arguments(epochs=1)
    values = [
        summarize(run_trial(task(seed=seed, number=number), args, kwargs), LOSS).metrics["val_loss"]
        for seed, number in [(0, 3), (0, 3), (1, 3), (0, 4)]
    ]
    assert values[0] == values[1]
    assert len(set(values)) == 3


def test_the_best_epoch_over_all_executions_is_kept(tmp_path: Path) -> None:
    reports = Reports()
    args, kwargs = fit_arguments()
    one = task(report=reports, executions=2, paths=paths(tmp_path))
    run_trial(one, args, kwargs)
    model = load_model(
        one.hypermodel, one.hp, one.build, one.paths.checkpoint, one.paths.build_config
    )
    x, y = args
    best = min(value for _, _, value in reports.values())
    assert model.evaluate(x, y, verbose=0) == pytest.approx(best, rel=1e-5)


def test_histories_come_back_without_their_models() -> None:
    import keras

    args, kwargs = fit_arguments()
    (history,) = run_trial(task(), args, kwargs)
    assert isinstance(history, keras.callbacks.History)
    assert history.epoch == [0, 1]
    assert history.model is None


@pytest.mark.parametrize("kill_after", [1, 3])
def test_an_interrupted_trial_ends_as_an_unbroken_one(tmp_path: Path, kill_after: int) -> None:
    args, kwargs = fit_arguments(epochs=2)
    unbroken, broken, resumed = Reports(), Reports(kill_after), Reports()
    whole = run_trial(task(report=unbroken, executions=2), args, kwargs)
    files = paths(tmp_path)
    with pytest.raises(Killed):
        run_trial(task(report=broken, executions=2, paths=files), args, kwargs)
    second = task(report=resumed, executions=2, paths=files)
    results = run_trial(second, args, kwargs)
    known = dict.fromkeys((e, s) for e, s, _ in broken.values() + resumed.values())
    assert list(known) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    expected = {(e, s): v for e, s, v in unbroken.values()}
    for execution, step, value in resumed.values():
        assert value == pytest.approx(expected[execution, step], rel=2e-2)
    got, wanted = summarize(results, LOSS), summarize(whole, LOSS)
    assert got.metrics["val_loss"] == pytest.approx(wanted.metrics["val_loss"], rel=2e-2)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_resumed_epoch_equals_the_unbroken_one(
    tmp_path: Path, backend: str, shuffle: bool
) -> None:
    if shuffle and backend == "tensorflow":
        pytest.skip("TensorFlow's order of batches cannot be taken up again")
    args, kwargs = fit_arguments(epochs=3, batch_size=16, shuffle=shuffle)
    unbroken, resumed = Reports(), Reports()
    run_trial(task(build, report=unbroken), args, kwargs)
    files = paths(tmp_path)
    with pytest.raises(Killed):
        run_trial(task(build, report=Reports(kill_after=2), paths=files), args, kwargs)
    second = task(build, report=resumed, paths=files)
    (history,) = run_trial(second, args, kwargs)
    assert second.info == {"resumed_from_epoch": 1}
    assert history.epoch == [0, 1, 2]
    assert [v for _, _, v in resumed.values()] == pytest.approx(
        [v for _, _, v in unbroken.values()][1:], rel=1e-6
    )
    assert history.history["val_loss"] == pytest.approx(
        [v for _, _, v in unbroken.values()], rel=1e-6
    )


@pytest.mark.parametrize("most_waiting", [2**22, 0])
def test_the_best_weights_outlive_a_process_that_ends_before_they_are_in_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_waiting: int
) -> None:
    import keras

    from luthier.training import _keras_callbacks

    args, kwargs = fit_arguments(epochs=4)
    kwargs["callbacks"] = [
        keras.callbacks.LearningRateScheduler(lambda epoch: 50.0 if epoch else 0.01)
    ]
    files, first, later = paths(tmp_path), Reports(kill_after=2), Reports()
    with pytest.raises(Killed):
        run_trial(task(report=first, paths=files), args, kwargs)
    assert not files.checkpoint.exists()
    monkeypatch.setattr(_keras_callbacks, "_MOST_WAITING", most_waiting)
    one = task(report=later, paths=files)
    run_trial(one, args, kwargs)
    values = [value for _, _, value in first.values()]
    assert values[0] < min(values[1:] + [value for _, _, value in later.values()])
    model = load_model(one.hypermodel, one.hp, one.build, files.checkpoint, files.build_config)
    x, y = args
    assert model.evaluate(x, y, verbose=0) == pytest.approx(values[0], rel=1e-5)


def test_a_state_of_another_model_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    args, kwargs = fit_arguments()
    files = paths(tmp_path)
    with pytest.raises(Killed):
        run_trial(task(report=Reports(kill_after=2), paths=files), args, kwargs)
    reports = Reports()
    second = task(build_with_input, report=reports, paths=files)
    run_trial(second, args, kwargs)
    assert [m.step for m in reports] == [0, 1]
    assert "begun afresh" in second.info["resume"]
    assert "resumed_from_epoch" not in second.info


def test_a_training_that_had_been_stopped_is_not_gone_on_with(tmp_path: Path) -> None:
    args, kwargs = fit_arguments(epochs=5)
    files = paths(tmp_path)

    def stop(measurement: Measurement) -> Decision:
        return Decision.STOP

    (first,) = run_trial(task(report=stop, paths=files), args, kwargs)
    reports = Reports()
    (again,) = run_trial(task(report=reports, paths=files), args, kwargs)
    assert reports == []
    assert again.history == first.history


def test_callbacks_of_the_user_are_fresh_in_each_execution() -> None:
    import keras

    class Counting(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs += 1
            seen.append(self.epochs)

    seen: list[int] = []
    given = Counting()
    args, kwargs = fit_arguments(callbacks=[given])
    run_trial(task(executions=2), args, kwargs)
    assert seen == [1, 2, 1, 2]
    assert given.epochs == 0
    assert kwargs["callbacks"] == [given]


class Loop(HyperModel):
    """Trains in a loop by hand; hyperparameters are met inside `fit`."""

    def __init__(self, gives: Any) -> None:
        super().__init__()
        self.gives = gives

    def build(self, hp: HyperParameters) -> Any:
        return build_with_input(hp)

    def fit(self, hp: HyperParameters, model: Any, x: Any, y: Any, **kwargs: Any) -> Any:
        size = hp.Int("batch_size", 8, 32, step=8, default=16)
        for callback in kwargs["callbacks"]:
            callback.model = model
        losses = []
        for epoch in range(hp.Choice("epochs", [3, 2])):
            for start in range(0, len(x), size):
                loss = model.train_on_batch(x[start : start + size], y[start : start + size])
            losses.append(float(np.asarray(loss)))
            for callback in kwargs["callbacks"]:
                callback.on_epoch_end(epoch, logs={"my_metric": losses[-1]})
        return self.gives(losses)


@pytest.mark.parametrize(
    ("gives", "objective"),
    [
        (min, Objective("my_metric", "min")),
        (lambda losses: {"my_metric": min(losses)}, Objective("my_metric", "min")),
        (lambda losses: [losses[0], losses[1]], Objective("my_metric", "min")),
        (min, DefaultObjective()),
    ],
)
def test_a_loop_by_hand_reports_and_saves(tmp_path: Path, gives: Any, objective: Objective) -> None:
    reports = Reports()
    (args, _), hp = fit_arguments(), HyperParameters()
    one = task(Loop(gives), hp=hp, objective=objective, report=reports, paths=paths(tmp_path))
    results = run_trial(one, args)
    assert [(m.step, set(m.metrics)) for m in reports] == [(n, {"my_metric"}) for n in range(3)]
    assert math.isfinite(summarize(results, objective).metrics[objective.name])
    assert [p.name for p in hp.found] == ["units", "batch_size", "epochs"]
    assert set(hp.used) == {"units", "batch_size", "epochs"}
    assert (tmp_path / "checkpoint.weights.h5").exists()
    assert not (tmp_path / "resume.npz").exists()


def test_what_a_loop_forgets_to_return_is_said() -> None:
    args, _ = fit_arguments()
    results = run_trial(task(Loop(lambda losses: None)), args)
    with pytest.raises(FatalTypeError, match=r"HyperModel.fit\(\) is None"):
        summarize(results, LOSS)


def test_a_missing_objective_is_said_after_the_first_epoch() -> None:
    reports = Reports()
    args, kwargs = fit_arguments(epochs=5)
    with pytest.raises(FatalValueError, match='"val_accuracy" is not among'):
        run_trial(task(objective=Objective("val_accuracy", "max"), report=reports), args, kwargs)
    assert reports == []


def test_validation_every_other_epoch_is_waited_for() -> None:
    args, kwargs = fit_arguments(epochs=4, validation_freq=2)
    (history,) = run_trial(task(), args, kwargs)
    assert summarize(history, LOSS).best_step in (1, 3)


@pytest.mark.parametrize("function", [build_eagerly, build_with_input])
def test_a_model_that_is_too_large_is_never_trained_long(function: Any) -> None:
    reports = Reports()
    args, kwargs = fit_arguments(epochs=5)
    one = task(function, report=reports, build=BuildSettings(max_model_size=5))
    with pytest.raises(OversizedModelError, match=r"Oversized model: \d+ parameters. Skip model."):
        run_trial(one, args, kwargs)
    assert len(reports) <= 1


def test_a_tuners_own_hooks_are_called() -> None:
    seen: list[str] = []
    hooks = TrainingHooks(
        on_epoch_end=lambda model, epoch, logs: seen.append(f"epoch {epoch}"),
        on_batch_end=lambda model, batch, logs: seen.append(f"batch {batch}"),
    )
    args, kwargs = fit_arguments(epochs=1, batch_size=24)
    run_trial(task(hooks=hooks), args, kwargs)
    assert seen == ["batch 0", "batch 1", "epoch 0"]


def test_a_tuner_may_build_and_fit_in_its_own_way(tmp_path: Path) -> None:
    seen = []

    def build_and_fit(*args: Any, **kwargs: Any) -> float:
        seen.append((len(args), sorted(kwargs), len(kwargs["callbacks"])))
        return 2.5

    args, kwargs = fit_arguments()
    results = run_trial(task(executions=2, paths=paths(tmp_path)), args, kwargs, build_and_fit)
    assert results == [2.5, 2.5]
    assert seen[0] == (2, ["callbacks", "epochs", "validation_data", "verbose"], 3)


def test_models_are_let_go_between_executions() -> None:
    import weakref

    alive = []

    def remembering(hp: HyperParameters) -> Any:
        model = build_with_input(hp)
        alive.append(weakref.ref(model))
        return model

    args, kwargs = fit_arguments(epochs=1)
    results = run_trial(task(remembering, executions=2), args, kwargs)
    assert len(results) == 2
    assert [model() for model in alive] == [None, None]
