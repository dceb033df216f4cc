"""Searches of scikit-learn estimators: any data, any splitter, and what goes wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import linear_model, metrics, model_selection, pipeline, preprocessing

import luthier
from luthier.errors import FatalRuntimeError, FatalTypeError, FatalValueError
from luthier.oracles import RandomSearchOracle

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


def build(hp):
    return linear_model.RidgeClassifier(alpha=hp.Float("alpha", 1e-3, 10.0, sampling="log"))


def tuner(place, hypermodel=build, max_trials=2, objective="score", **options):
    oracle = RandomSearchOracle(luthier.Objective(objective, "max"), max_trials=max_trials, seed=0)
    made = luthier.SklearnTuner(oracle, hypermodel, directory=place, **options)
    made.oracle.verbose = 0
    return made


def first(made):
    return made.oracle.trials["0"]


def test_the_documented_example(tmp_path):
    made = luthier.tuners.SklearnTuner(
        oracle=luthier.oracles.BayesianOptimizationOracle(
            objective=luthier.Objective("score", "max"), max_trials=3
        ),
        hypermodel=build,
        scoring=metrics.make_scorer(metrics.accuracy_score),
        cv=model_selection.StratifiedKFold(5),
        directory=tmp_path,
        project_name="my_project",
    )
    made.search(X, Y)
    best = made.get_best_models(num_models=1)[0]
    assert best.score(X, Y) > 0.8
    assert len(made.oracle.trials) == 3


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (pd.DataFrame(X), pd.Series(Y, index=range(100, 140))),
        (sparse.csr_matrix(X), Y),
        (sparse.coo_array(X), Y),
        (X.tolist(), Y.tolist()),
    ],
    ids=["arrays", "frames", "sparse", "coo", "lists"],
)
def test_every_kind_of_data_gives_the_same_score(tmp_path, data):
    reference = tuner(tmp_path / "a", max_trials=1)
    reference.search(X, Y)
    made = tuner(tmp_path / "b", max_trials=1)
    made.search(*data)
    assert first(made).score == first(reference).score


def test_the_score_is_what_scikit_learn_says_and_every_fold_is_kept(tmp_path):
    made = tuner(tmp_path, max_trials=1, metrics=[metrics.accuracy_score, metrics.f1_score])
    made.search(X, Y)
    trial = first(made)
    cv = model_selection.KFold(5, shuffle=True, random_state=1)
    model = build(trial.hyperparameters)
    scores = model_selection.cross_val_score(model, X, Y, cv=cv)
    assert [fold["score"] for fold in trial.history] == pytest.approx(list(scores))
    assert trial.score == pytest.approx(np.mean(scores))
    assert trial.record.spread["score"] == pytest.approx(np.std(scores))
    f1 = model_selection.cross_val_score(model, X, Y, cv=cv, scoring="f1")
    assert trial.metrics.get_best_value("f1_score") == pytest.approx(np.mean(f1))
    assert trial.metrics.get_best_value("accuracy_score") == pytest.approx(trial.score)


def test_groups_stay_together(tmp_path):
    groups = np.repeat(np.arange(4), 10)
    made = tuner(tmp_path, max_trials=1, cv=model_selection.LeaveOneGroupOut())
    made.search(X, Y, groups=groups)
    assert len(first(made).history) == 4


def test_weights_reach_the_estimator_the_score_and_the_last_step_of_a_pipeline(tmp_path):
    # Weight lies on rows with the other label only: an unweighted fit would score badly.
    flipped = np.where(np.arange(40) % 2 == 0, Y, 1 - Y)
    weights = np.where(np.arange(40) % 2 == 0, 1e-6, 1.0)
    piped = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.RidgeClassifier())
    for name, hypermodel in {"plain": build, "piped": lambda hp: piped}.items():
        made = tuner(tmp_path / name, hypermodel, max_trials=1, metrics=metrics.accuracy_score)
        made.search(X, flipped, sample_weight=weights)
        assert first(made).score > 0.8
        assert first(made).metrics.get_best_value("accuracy_score") > 0.8


def test_an_estimator_that_takes_no_weights_is_fitted_without(tmp_path):
    class Plain(linear_model.RidgeClassifier):
        def fit(self, X, y):
            return super().fit(X, y)

        def score(self, X, y):
            return super().score(X, y)

    made = tuner(tmp_path, lambda hp: Plain(hp.Float("alpha", 0.1, 1.0)), max_trials=1)
    made.search(X, Y, sample_weight=np.ones(40))
    assert first(made).score > 0.5


@pytest.mark.parametrize(("scoring", "worst"), [("neg_log_loss", -2.0), (lambda m, x, y: 0.5, 0)])
def test_a_scorer_may_be_named_or_a_function(tmp_path, scoring, worst):
    made = tuner(
        tmp_path,
        lambda hp: linear_model.LogisticRegression(C=hp.Float("C", 0.1, 1.0)),
        max_trials=1,
        scoring=scoring,
        cv=2,
    )
    made.search(X, Y)
    assert worst < first(made).score < 1.0
    assert len(first(made).history) == 2


@pytest.mark.parametrize("keep", ["skops", "joblib"])
def test_a_kept_estimator_is_fitted_to_all_rows_and_found_by_another_process(tmp_path, keep):
    pytest.importorskip(keep)
    made = tuner(tmp_path, keep=keep)
    made.search(X, Y)
    again = tuner(tmp_path, keep=keep)
    best = again.oracle.get_best_trials()[0]
    expected = build(best.hyperparameters).fit(X, Y)
    np.testing.assert_allclose(again.get_best_models()[0].coef_, expected.coef_)
    assert not list(tmp_path.rglob("*.part"))


def test_nothing_is_read_that_nobody_asked_for(tmp_path):
    tuner(tmp_path, keep="joblib").search(X, Y)
    again = tuner(tmp_path)
    with pytest.raises(FatalRuntimeError, match="call search"):
        again.get_best_models()
    again.search(X, Y)  # is over: it only says what the data are
    assert again.get_best_models()[0].score(X, Y) > 0.8


class Own(linear_model.RidgeClassifier):
    pass


def test_types_of_ones_own_are_loaded_when_they_are_named(tmp_path):
    pytest.importorskip("skops")

    def own(hp):
        return Own(hp.Float("alpha", 0.1, 1.0))

    made = tuner(tmp_path, own, max_trials=1, keep="skops")
    made.search(X, Y)
    with pytest.raises(FatalValueError, match=r"trusted=\['.*Own'\]"):
        made.get_best_models()
    name = f"{Own.__module__}.{Own.__qualname__}"
    trusting = tuner(tmp_path, own, max_trials=1, keep="skops", trusted=[name])
    assert type(trusting.get_best_models()[0]) is Own


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["val_loss", "accuracy_score"])
def test_another_objective_is_refused(tmp_path, objective):
    with pytest.raises(FatalValueError, match=r'Objective\("score", "max"\)'):
        tuner(tmp_path, objective=objective)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"keep": "pickle"}, "skops"),
        ({"cv": 1}, "splitter"),
        ({"cv": True}, "splitter"),
        ({"cv": "5"}, "splitter .* got '5'"),
        ({"scoring": "no_such"}, "`scoring` to name a scorer"),
        ({"scoring": 3}, r"scorer f\(estimator, X, y\).* got 3"),
        ({"metrics": ["accuracy"]}, r"f\(y_true, y_pred\).* got 'accuracy'"),
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, options, text):
    with pytest.raises((FatalValueError, FatalTypeError), match=text):
        tuner(tmp_path, **options)


@pytest.mark.parametrize("built", [3.0, linear_model.Ridge], ids=["a number", "a class"])
def test_what_cannot_be_fitted_ends_the_search_at_once(tmp_path, built):
    made = tuner(tmp_path, lambda hp: built)
    with pytest.raises(FatalTypeError, match="estimator with `fit`"):
        made.search(X, Y)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (((X, Y[:-1]), {}), "inconsistent numbers of samples"),
        (((X, Y), {"sample_weight": np.ones(3)}), "inconsistent numbers of samples"),
        (((X[:3], Y[:3]), {}), "cannot split the data"),
        (((None, Y), {}), "X to hold rows to fit to, got None"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_any_trial(tmp_path, data, text):
    made = tuner(tmp_path)
    args, options = data
    with pytest.raises(FatalValueError, match=text):
        made.search(*args, **options)
    assert not made.oracle.trials


def test_classes_missing_in_a_fold_are_named(tmp_path):
    labels = np.array(["a", "b"] * 19 + ["a", "rare"])
    made = tuner(tmp_path, max_trials=1)
    with pytest.warns(UserWarning, match="missing where it trains: 'rare'. Use StratifiedKFold"):
        made.search(X, labels)
    assert first(made).status == "COMPLETED"
