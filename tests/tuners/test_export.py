"""The best trial as a script that runs by itself and comes to the same score."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path

import numpy as np
import pytest

import luthier
from luthier.errors import FatalValueError, StudyError

keras = pytest.importorskip("keras")
_tensorflow_left_alone = importlib.import_module(
    "luthier.training._keras_model"
)._tensorflow_left_alone
pytestmark = pytest.mark.keras

X = np.linspace(0.0, 1.0, 32, dtype="float32").reshape(16, 2)
Y = X.sum(axis=1)
OFFSET = np.array([0.25, 0.5], dtype="float32")
WIDTHS = (2, 3)


def first(units):
    return keras.layers.Dense(units, activation="relu")


def build(hp):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(1.0, offset=-OFFSET)])
    with hp.name_scope("body"):
        model.add(first(hp.Choice("units", WIDTHS)))
    model.add(keras.layers.Dense(1))
    rate = hp.Float("rate", 1e-2, 1e-1, sampling="log")
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
    return model


class Scaled(luthier.HyperModel):
    def __init__(self, scale):
        self.scale = scale

    def build(self, hp):
        return build(hp)

    def fit(self, hp, model, x, y, **kwargs):
        return model.fit(x * self.scale, y, batch_size=hp.Choice("batch", [8, 16]), **kwargs)


class Wrapped(luthier.HyperModel):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def build(self, hp):
        return self.inner.build(hp)


def load():
    return {"x": X, "y": Y, "validation_data": (X, Y)}


@pytest.fixture(autouse=True)
def without_tensorflow():
    """Seeding and saving import TensorFlow where it is installed, on any backend: not in a test."""
    with _tensorflow_left_alone():
        yield


def searched(path, hypermodel=build, **kwargs):
    tuner = luthier.RandomSearch(hypermodel, "val_loss", 1, seed=0, directory=path)
    tuner.search(X, Y, validation_data=(X, Y), verbose=0, **kwargs)
    return tuner


def run(script: Path, capsys) -> float:
    """Run a script; the score that it came to."""
    capsys.readouterr()
    runpy.run_path(str(script), run_name="__main__")
    told = capsys.readouterr().out
    return float(told.split("val_loss ")[1].split(",")[0])


def test_it_comes_to_the_same_score(tmp_path, capsys):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1)
    size = luthier.Int(8, 16, step=8)
    tuner = searched(tmp_path, batch_size=size, callbacks=[stopping], epochs=2)
    script = tuner.export(tmp_path / "out" / "best.py")
    best = tuner.oracle.get_best_trials()[0]
    assert run(script, capsys) == pytest.approx(best.score, rel=1e-3)
    model = keras.saving.load_model(script.with_suffix(".keras"))
    ours = tuner.get_best_models()[0]
    wanted, got = (keras.ops.convert_to_numpy(one(X)) for one in (ours, model))
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4)
    text = script.read_text()
    assert f"'batch_size': {best.hyperparameters.get('batch_size')}" in text
    assert "luthier" not in text.partition('"""')[2].partition('"""')[2]


def test_a_hypermodel_with_a_fit_of_its_own(tmp_path):
    tuner = searched(tmp_path, Scaled(0.5))
    script = tuner.export(tmp_path / "best.py", data=load, epochs=1, verbose=0)
    runpy.run_path(str(script), run_name="__main__")
    assert script.with_suffix(".keras").exists()
    assert "def load():" in script.read_text()


def test_a_hypermodel_that_holds_another(tmp_path, capsys):
    tuner = searched(tmp_path, Wrapped(Scaled(0.5)))
    score = run(tuner.export(tmp_path / "best.py"), capsys)
    assert score == pytest.approx(tuner.results.best.score, rel=1e-3)


def test_what_cannot_be_written_is_said(tmp_path, monkeypatch):
    tuner = luthier.RandomSearch(build, "val_loss", max_trials=2, seed=0, directory=tmp_path)
    with pytest.raises(StudyError, match="No trial has a score yet"):
        tuner.export()
    trial = tuner.oracle.create_trial("tuner0")
    tuner.oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
    tuner.oracle.end_trial(trial)
    with pytest.raises(StudyError, match="nobody has said what to train with"):
        tuner.export(tmp_path / "best.py")
    with pytest.raises(FatalValueError, match=r"such as best\.py"):
        tuner.export(tmp_path / "best.txt", X, Y)
    with pytest.raises(FatalValueError, match="called with x/0, a list_iterator"):
        tuner.export(tmp_path / "best.py", iter([1]))
    with pytest.raises(FatalValueError, match="define it with `def`"):
        tuner.export(tmp_path / "best.py", X, Y, data=lambda: {})
    monkeypatch.setattr(tuner, "hypermodel", Scaled(np.zeros(3)))
    with pytest.raises(FatalValueError, match="The hypermodel holds scale="):
        tuner.export(tmp_path / "best.py", X, Y)
    monkeypatch.setattr(tuner, "hypermodel", Wrapped(Scaled(np.zeros(3))))
    with pytest.raises(FatalValueError, match="The hypermodel holds scale="):
        tuner.export(tmp_path / "best.py", X, Y)
    assert not list(tmp_path.glob("best*"))


def test_a_tuner_with_a_trial_of_its_own_is_refused(tmp_path):
    class Own(luthier.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return trial.hyperparameters.Float("x", 0.0, 1.0)

    tuner = Own(build, None, max_trials=1, directory=tmp_path)
    tuner.search(verbose=0)
    with pytest.raises(FatalValueError, match="Own has its own run_trial"):
        tuner.export(tmp_path / "best.py")
