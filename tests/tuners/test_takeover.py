"""A tuner that finds a KerasTuner project in its folder goes on with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import luthier
from luthier.errors import StudyError
from luthier.tuners import BaseTuner
from tests.imports.projects import RECORDED, trial_state, write_project


class Line(BaseTuner):
    def run_trial(self, trial, *args, **kwargs):
        return {"loss": 1.0 + trial.hyperparameters.Float("x", 0.0, 1.0)}


def make(path: Path, objective: object = "loss", **kwargs: object) -> Line:
    oracle = luthier.oracles.RandomSearchOracle(objective, max_trials=4)
    return Line(oracle, directory=path, project_name="old", **kwargs)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    write_project(tmp_path / "old", [trial_state("0", 0.5), trial_state("1", 0.25)])
    return tmp_path


def test_its_trials_are_there_and_the_search_goes_on(runs, capsys):
    tuner = make(runs)
    told = capsys.readouterr().out.splitlines()
    assert told == [
        f"Imported KerasTuner's project in {runs / 'old'}: 2 trials, 2 with a score",
        f"Reloading Tuner from {runs / 'old' / 'study.sqlite'}",
    ]
    assert [trial.trial_id for trial in tuner.oracle.get_best_trials(5)] == ["1", "0"]
    tuner.search(verbose=0)
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 4
    assert tuner.oracle.get_best_trials()[0].trial_id == "1"


def test_it_is_imported_once(runs, capsys):
    make(runs).search(verbose=0)
    capsys.readouterr()
    tuner = make(runs)
    assert "Imported" not in capsys.readouterr().out
    assert len(tuner.oracle.trials) == 4


def test_what_is_damaged_is_named(runs, capsys):
    (runs / "old" / "trial_0" / "trial.json").write_text("{")
    tuner = make(runs)
    assert f"  {runs / 'old' / 'trial_0' / 'trial.json'} is damaged" in capsys.readouterr().out
    assert list(tuner.oracle.trials) == ["1"]


def test_overwriting_deletes_it(runs, capsys):
    tuner = make(runs, overwrite=True)
    assert tuner.oracle.trials == {}
    assert "Imported" not in capsys.readouterr().out
    assert not (runs / "old" / "oracle.json").exists()


def test_another_objective_is_refused_and_leaves_nothing_behind(runs):
    with pytest.raises(StudyError, match="scored by loss"):
        make(runs, "accuracy")
    assert not (runs / "old" / "study.sqlite").exists()


def test_a_study_elsewhere_gets_it_too(runs, tmp_path):
    tuner = make(runs, storage=str(tmp_path / "shared.sqlite"))
    assert len(tuner.oracle.trials) == 2
    assert not (runs / "old" / "study.sqlite").exists()


def test_the_old_weights_are_those_of_the_best_model(tmp_path, backend):
    import keras
    import numpy as np

    def build(hp):
        model = keras.Sequential([keras.Input((2,))])
        if hp.Choice("kind", ["plain", "wide"]) == "wide":
            with hp.conditional_scope("kind", "wide"):
                model.add(keras.layers.Dense(hp.Int("units", 2, 6, step=2)))
        model.add(keras.layers.Dense(1, use_bias=hp.Boolean("bias")))
        optimizer = keras.optimizers.SGD(hp.Float("lr", 1e-3, 1e-1, sampling="log"))
        model.compile(optimizer, "mse", jit_compile=False)
        return model

    shutil.copytree(RECORDED, tmp_path / "old")
    tuner = luthier.RandomSearch(
        build, "val_loss", max_trials=4, directory=tmp_path, project_name="old"
    )
    x = np.arange(8, dtype="float32").reshape(4, 2) / 8
    # What KerasTuner's own best model gave.
    wanted = [0.09432202577590942, 0.24718137085437775, 0.40004071593284607, 0.5529000759124756]
    model = tuner.get_best_models()[0]
    np.testing.assert_allclose(
        np.asarray(keras.ops.convert_to_numpy(model(x))).ravel(), wanted, rtol=1e-5
    )
