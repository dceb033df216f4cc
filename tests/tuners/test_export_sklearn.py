"""The best estimator as a script that runs by itself."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier
from luthier.errors import FatalValueError, StudyError

pytest.importorskip("sklearn")
joblib = pytest.importorskip("joblib")

from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X @ np.array([1.0, -2.0, 0.5])
SCALES = (0.1, 10.0)


def build(hp: Any) -> Any:
    model = Ridge(hp.Float("alpha", *SCALES, sampling="log"))
    return make_pipeline(StandardScaler(), model) if hp.Boolean("scaled") else model


def build_classifier(hp: Any) -> Any:
    return LogisticRegression(C=hp.Float("c", 0.1, 1.0))


def searched(folder: Path, hypermodel: Any, *data: Any, **options: Any) -> luthier.SklearnTuner:
    oracle = luthier.oracles.RandomSearchOracle(
        luthier.Objective("score", "max"), max_trials=2, seed=0
    )
    tuner = luthier.SklearnTuner(oracle, hypermodel, cv=2, directory=folder, **options)
    tuner.oracle.verbose = 0
    tuner.search(*data)
    return tuner


def test_it_gives_the_estimator_that_the_tuner_gives(tmp_path: Path) -> None:
    tuner = searched(tmp_path, build, X, Y, np.arange(1.0, 31.0))
    script = tuner.export(tmp_path / "out" / "best.py")
    runpy.run_path(str(script), run_name="__main__")
    model = joblib.load(script.with_suffix(".joblib"))
    np.testing.assert_allclose(model.predict(X), tuner.get_best_models()[0].predict(X))
    assert "luthier" not in script.read_text().partition('"""')[2].partition('"""')[2]


def test_tables_stay_tables(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c"])
    labels = pandas.Series(np.where(Y > 0, "yes", "no"), name="sign")
    tuner = searched(tmp_path, build_classifier, table, labels)
    script = tuner.export(tmp_path / "best.py")
    runpy.run_path(str(script), run_name="__main__")
    model = joblib.load(script.with_suffix(".joblib"))
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert list(model.predict(table)) == list(tuner.get_best_models()[0].predict(table))


def load() -> dict[str, Any]:
    return {"X": X, "y": Y}


def test_data_that_cannot_be_kept_come_from_a_function(tmp_path: Path) -> None:
    sparse = pytest.importorskip("scipy.sparse").csr_array(X)
    tuner = searched(tmp_path, build_classifier, sparse, (Y > 0).astype(int))
    with pytest.raises(FatalValueError, match="called with X, a csr_array"):
        tuner.export(tmp_path / "best.py")
    script = tuner.export(tmp_path / "best.py", data=load)
    assert "return load()" in script.read_text()


def test_without_data_or_trials_it_says_so(tmp_path: Path) -> None:
    oracle = luthier.oracles.RandomSearchOracle(luthier.Objective("score", "max"))
    tuner = luthier.SklearnTuner(oracle, build, directory=tmp_path)
    with pytest.raises(StudyError, match=r"call search\(X, y\) first"):
        tuner.export(tmp_path / "best.py")
    with pytest.raises(StudyError, match="No trial has a score yet"):
        tuner.export(tmp_path / "best.py", data=load)
