from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalValueError
from luthier.objective import DefaultObjective, Objective
from luthier.records import Decision, Measurement
from luthier.space import HyperParameters
from luthier.training import TrainingHooks
from tests.training.models import LOSS, build, build_eagerly, build_with_input, data, fit_arguments

pytestmark = pytest.mark.keras


class Reports(list[Measurement]):
    """Keeps measurements, and answers with STOP after as many as it is told."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__()
        self.most = most

    def __call__(self, measurement: Measurement) -> Decision:
        self.append(measurement)
        return Decision.STOP if len(self) >= self.most else Decision.CONTINUE


def reporter(reports: Reports, objective: Objective = LOSS, **options: Any) -> Any:
    from luthier.training._keras_callbacks import ReportEpochs

    return ReportEpochs(reports, objective, **options)


def saver(path: Path, objective: Objective = LOSS, **options: Any) -> Any:
    from luthier.training._keras_callbacks import BestSoFar, SaveBest

    return SaveBest(path, BestSoFar(objective), **options)


def test_each_epoch_is_reported_with_all_of_its_metrics() -> None:
    reports = Reports()
    args, kwargs = fit_arguments(epochs=3)
    build_eagerly(HyperParameters()).fit(
        *args, **kwargs, callbacks=[reporter(reports, execution=2)]
    )
    assert [(m.step, m.execution) for m in reports] == [(0, 2), (1, 2), (2, 2)]
    assert {"loss", "val_loss"} <= set(reports[0].metrics)
    assert 0 <= reports[0].seconds <= reports[1].seconds


def test_training_stops_where_the_answer_says_so() -> None:
    reports = Reports(most=2)
    callback = reporter(reports)
    args, kwargs = fit_arguments(epochs=5)
    build_eagerly(HyperParameters()).fit(*args, **kwargs, callbacks=[callback])
    assert len(reports) == 2
    assert callback.decision is Decision.STOP


def test_a_missing_objective_ends_the_first_epoch() -> None:
    callback = reporter(Reports(), Objective("val_f1", "max"), check_from=0)
    args, kwargs = fit_arguments()
    with pytest.raises(FatalValueError, match=r'"val_f1" is not among .*: loss, val_loss'):
        build_eagerly(HyperParameters()).fit(*args, **kwargs, callbacks=[callback])


def test_an_objective_may_come_late_where_validation_does() -> None:
    reports = Reports()
    callback = reporter(reports, check_from=1)
    args, kwargs = fit_arguments(validation_freq=2)
    build_eagerly(HyperParameters()).fit(*args, **kwargs, callbacks=[callback])
    assert ["val_loss" in m.metrics for m in reports] == [False, True]


@pytest.mark.parametrize(
    ("objective", "check_from"), [(DefaultObjective(), 0), (Objective("other", "min"), None)]
)
def test_an_objective_that_fit_returns_is_not_looked_for(
    objective: Objective, check_from: int | None
) -> None:
    callback = reporter(Reports(), objective, check_from=check_from)
    callback.on_epoch_end(0, {"loss": 1.0})


def test_a_numbered_metric_is_reported_under_the_objectives_name() -> None:
    reports = Reports()
    reporter(reports, Objective("val_auc", "max"), check_from=0).on_epoch_end(
        0, {"val_auc_3": np.float32(0.5)}
    )
    assert reports[0].metrics == {"val_auc_3": 0.5, "val_auc": 0.5}


def test_epochs_of_a_second_training_are_counted_on() -> None:
    reports = Reports()
    callback = reporter(reports)
    for epoch in (0, 1, 0, 1, 0):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
    assert [m.step for m in reports] == [0, 1, 2, 3, 4]


def test_a_training_that_begins_later_is_counted_from_there() -> None:
    reports = Reports()
    callback = reporter(reports)
    for epoch in (3, 4):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
    assert [m.step for m in reports] == [3, 4]


def test_hooks_of_the_tuner_are_called_with_the_model() -> None:
    from luthier.training._keras_callbacks import BatchHooks

    seen: list[tuple[str, int]] = []
    model = build_eagerly(HyperParameters())

    def hook(name: str) -> Any:
        def call(got: Any, number: int, logs: Any) -> None:
            assert got is model
            seen.append((name, number))

        return call

    hooks = TrainingHooks(*map(hook, ["epoch begins", "epoch ends", "batch begins", "batch ends"]))
    args, kwargs = fit_arguments(epochs=1, batch_size=24)
    callbacks = [BatchHooks(hooks), reporter(Reports(), hooks=hooks)]
    model.fit(*args, **kwargs, callbacks=callbacks)
    assert seen == [
        ("epoch begins", 0),
        ("batch begins", 0),
        ("batch ends", 0),
        ("batch begins", 1),
        ("batch ends", 1),
        ("epoch ends", 0),
    ]


def test_the_weights_of_the_best_epoch_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "trial" / "checkpoint.weights.h5"
    callback = saver(path)
    model = build_with_input(HyperParameters())
    callback.model = model
    for epoch, loss in enumerate([2.0, math.nan, 1.0, 1.0, 3.0]):
        model.set_weights([np.full(w.shape, float(epoch)) for w in model.get_weights()])
        callback.on_epoch_end(epoch, {"val_loss": loss})
    twin = build_with_input(HyperParameters())
    twin.load_weights(str(path))
    assert all((w == 2.0).all() for w in twin.get_weights())
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.weights.h5"]


@pytest.mark.parametrize("asks_at", [None, 2, 4])
def test_weights_that_wait_are_in_the_model_or_are_written_when_asked_for_or_at_the_end(
    tmp_path: Path, asks_at: int | None
) -> None:
    path = tmp_path / "checkpoint.weights.h5"
    callback = saver(path, may_wait=True)
    model = build_with_input(HyperParameters())
    callback.set_model(model)
    for epoch, loss in enumerate([2.0, math.nan, 1.0, 1.0, 3.0]):
        callback.on_epoch_begin(epoch)
        model.set_weights([np.full(w.shape, float(epoch)) for w in model.get_weights()])
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if epoch == asks_at:
            # Those of epoch 2 are in the model then, and left to whoever saves it.
            assert callback.settle() is (epoch == 2)
        assert path.exists() is (asks_at == 4 and epoch == 4)
    callback.on_train_end()
    twin = build_with_input(HyperParameters())
    twin.load_weights(str(path))
    assert all((w == 2.0).all() for w in twin.get_weights())
    assert all((w == 4.0).all() for w in model.get_weights())


def test_a_large_model_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from luthier.training import _keras_callbacks

    monkeypatch.setattr(_keras_callbacks, "_MOST_WAITING", 2)
    callback = saver(tmp_path / "checkpoint.weights.h5", may_wait=True)
    callback.set_model(build_with_input(HyperParameters()))
    callback.on_epoch_end(0, {"val_loss": 1.0})
    assert (tmp_path / "checkpoint.weights.h5").exists()


def test_the_optimizers_state_is_kept_where_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.weights.h5"
    args, kwargs = fit_arguments(epochs=1)
    model = build_eagerly(HyperParameters())
    model.fit(*args, **kwargs, callbacks=[saver(path, with_optimizer=True, may_wait=True)])
    twin = build_eagerly(HyperParameters())
    twin.build((None, 3))
    twin.optimizer.build(twin.trainable_variables)
    twin.load_weights(str(path))
    assert int(np.asarray(twin.optimizer.iterations)) == 2


def test_every_epoch_is_kept_where_the_objective_comes_after_training(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.weights.h5"
    callback = saver(path)
    model = build_with_input(HyperParameters())
    callback.set_model(model)
    for epoch in range(2):
        model.set_weights([np.full(w.shape, float(epoch)) for w in model.get_weights()])
        callback.on_epoch_end(epoch, {"loss": 1.0})
    twin = build_with_input(HyperParameters())
    twin.load_weights(str(path))
    assert all((w == 1.0).all() for w in twin.get_weights())


def test_nothing_is_kept_of_a_training_that_was_never_finite(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.weights.h5"
    callback = saver(path)
    callback.set_model(build_with_input(HyperParameters()))
    callback.on_epoch_end(0, {"val_loss": math.nan})
    assert not path.exists()


def test_weights_are_those_of_the_epochs_end_inside_fit(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.weights.h5"
    args, kwargs = fit_arguments(epochs=1)
    model = build(HyperParameters())
    model.fit(*args, **kwargs, callbacks=[saver(path)])
    twin = build(HyperParameters())
    twin.build((None, 3))
    twin.load_weights(str(path))
    x, _ = data()
    np.testing.assert_allclose(twin.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_the_optimizers_state_is_not_kept_and_the_model_keeps_it(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "checkpoint.weights.h5"
    args, kwargs = fit_arguments(epochs=1)
    model = build_eagerly(HyperParameters())
    model.fit(*args, **kwargs, callbacks=[saver(path)])
    with h5py.File(path) as file:
        assert len(file["optimizer/vars"]) == 2
    assert len(model.optimizer.variables) > 2
    assert int(np.asarray(model.optimizer.iterations)) == 2
    model.fit(*args, **kwargs)
    assert int(np.asarray(model.optimizer.iterations)) == 4


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from luthier.training._keras_saving import save_weights

    path = tmp_path / "checkpoint.weights.h5"
    model = build_with_input(HyperParameters())
    save_weights(model, path)
    before = path.read_bytes()

    def full(target: str) -> None:
        Path(target).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(model, "save_weights", full)
    with pytest.raises(OSError, match="No space"):
        save_weights(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_batch_shows_the_size_of_a_model() -> None:
    from luthier.training._keras_callbacks import CheckSize

    def check(model: Any) -> None:
        if model.built and model.count_params() > 1:
            raise OverflowError(f"{model.count_params()} parameters")

    args, kwargs = fit_arguments(epochs=5)
    with pytest.raises(OverflowError, match="21 parameters"):
        build_eagerly(HyperParameters()).fit(*args, **kwargs, callbacks=[CheckSize(check)])


def test_a_deep_copy_of_our_callbacks_is_the_callback_itself(tmp_path: Path) -> None:
    callbacks = [reporter(Reports()), saver(tmp_path / "a.weights.h5")]
    assert [copy.deepcopy(callback) is callback for callback in callbacks] == [True, True]
