"""KerasTuner 1.4.8's public names and signatures, compared one by one.

The literals were written down from KerasTuner 1.4.8 as `inspect.signature` shows it.
"""

from __future__ import annotations

import importlib
import inspect

import pytest

import luthier

NAMES = {
    "": """HyperModel HyperParameters Objective Oracle synchronized Tuner RandomSearch GridSearch
        BayesianOptimization Hyperband SklearnTuner applications engine errors oracles tuners
        __version__""",
    "tuners": "RandomSearch GridSearch BayesianOptimization Hyperband SklearnTuner Tuner",
    "oracles": "RandomSearchOracle GridSearchOracle BayesianOptimizationOracle HyperbandOracle",
    "applications": "HyperResNet HyperXception HyperEfficientNet HyperImageAugment",
    "errors": "FailedTrialError FatalError FatalValueError FatalTypeError FatalRuntimeError",
    "engine": "base_tuner hypermodel hyperparameters metrics_tracking oracle trial tuner",
    "engine.base_tuner": "BaseTuner",
    "engine.hypermodel": "HyperModel",
    "engine.hyperparameters": """HyperParameters HyperParameter Int Float Choice Boolean Fixed
        serialize deserialize""",
    "engine.metrics_tracking": "infer_metric_direction",
    "engine.oracle": "Oracle Objective",
    "engine.trial": "Trial TrialStatus",
    "engine.tuner": "Tuner maybe_distribute",
}


def home(module: str):
    return importlib.import_module(f"luthier.{module}" if module else "luthier")


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in NAMES.items() for name in names.split()],
)
def test_the_name_is_there(module, name):
    assert name in dir(home(module))
    assert module == "applications" or hasattr(home(module), name)


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("FailedTrialError", (Exception,)),
        ("FatalError", (Exception,)),
        ("FatalValueError", (luthier.errors.FatalError, ValueError)),
        ("FatalTypeError", (luthier.errors.FatalError, TypeError)),
        ("FatalRuntimeError", (luthier.errors.FatalError, RuntimeError)),
    ],
)
def test_an_error_is_caught_as_what_it_was(name, bases):
    assert issubclass(getattr(luthier.errors, name), bases[0])
    assert all(issubclass(getattr(luthier.errors, name), base) for base in bases)


TAIL = "max_retries_per_trial=0, max_consecutive_failed_trials=3"
TUNER_TAIL = (
    "seed=None, hyperparameters=None, tune_new_entries=True, allow_new_entries=True, "
    f"{TAIL}, **kwargs"
)
ORACLE_TAIL = (
    f"seed=None, hyperparameters=None, allow_new_entries=True, tune_new_entries=True, {TAIL}"
)

SIGNATURES = {
    "Oracle": f"objective=None, max_trials=None, hyperparameters=None, allow_new_entries=True, "
    f"tune_new_entries=True, seed=None, {TAIL}",
    "Objective": "name, direction",
    "Tuner": "oracle, hypermodel=None, max_model_size=None, optimizer=None, loss=None, "
    "metrics=None, distribution_strategy=None, directory=None, project_name=None, logger=None, "
    "tuner_id=None, overwrite=False, executions_per_trial=1, **kwargs",
    "engine.base_tuner.BaseTuner": "oracle, hypermodel=None, directory=None, project_name=None, "
    "overwrite=False, **kwargs",
    "RandomSearch": f"hypermodel=None, objective=None, max_trials=10, {TUNER_TAIL}",
    "GridSearch": f"hypermodel=None, objective=None, max_trials=None, {TUNER_TAIL}",
    "Hyperband": "hypermodel=None, objective=None, max_epochs=100, factor=3, "
    f"hyperband_iterations=1, {TUNER_TAIL}",
    "oracles.HyperbandOracle": "objective=None, max_epochs=100, factor=3, "
    f"hyperband_iterations=1, {ORACLE_TAIL}",
    "BayesianOptimization": "hypermodel=None, objective=None, max_trials=10, "
    f"num_initial_points=None, alpha=0.0001, beta=2.6, {TUNER_TAIL}",
    "oracles.RandomSearchOracle": f"objective=None, max_trials=10, {ORACLE_TAIL}",
    "oracles.GridSearchOracle": f"objective=None, max_trials=None, {ORACLE_TAIL}",
    "oracles.BayesianOptimizationOracle": "objective=None, max_trials=10, "
    f"num_initial_points=None, alpha=0.0001, beta=2.6, {ORACLE_TAIL}",
    "SklearnTuner": "oracle, hypermodel, scoring=None, metrics=None, cv=None, *, keep=None, "
    "trusted=(), **kwargs",
    "engine.trial.Trial": "hyperparameters, trial_id=None, status='RUNNING', message=None",
    "HyperModel": "name=None, tunable=True",
}

METHODS = {
    "Oracle": {
        "create_trial": "tuner_id",
        "get_best_trials": "num_trials=1",
        "get_space": "",
        "get_state": "",
        "get_trial": "trial_id",
        "populate_space": "trial_id",
        "reload": "",
        "remaining_trials": "",
        "save": "",
        "score_trial": "trial",
        "set_state": "state",
        "update_space": "hyperparameters",
        "update_trial": "trial_id, metrics, step=0",
        "end_trial": "trial, status='COMPLETED'",
        "_random_values": "",
    },
    "Objective": {"better_than": "a, b", "get_value": "logs", "has_value": "logs"},
    "engine.trial.Trial": {
        "display_hyperparameters": "",
        "get_state": "",
        "reload": "fname",
        "save": "fname",
        "load": "fname",
        "from_state": "state",
        "set_state": "state",
        "summary": "",
    },
    "engine.base_tuner.BaseTuner": {
        "get_best_hyperparameters": "num_trials=1",
        "get_best_models": "num_models=1",
        "get_state": "",
        "get_trial_dir": "trial_id",
        "load_model": "trial",
        "on_search_begin": "",
        "on_search_end": "",
        "on_trial_begin": "trial",
        "on_trial_end": "trial",
        "pre_create_trial": "",
        "reload": "",
        "results_summary": "num_trials=10",
        "run_trial": "trial, *fit_args, **fit_kwargs",
        "save": "",
        "save_model": "trial_id, model, step=0",
        "search": "*fit_args, **fit_kwargs",
        "search_space_summary": "extended=False",
        "set_state": "state",
        "_populate_initial_space": "",
    },
    "Tuner": {
        "on_batch_begin": "trial, model, batch, logs",
        "on_batch_end": "trial, model, batch, logs=None",
        "on_epoch_begin": "trial, model, epoch, logs=None",
        "on_epoch_end": "trial, model, epoch, logs=None",
        "run_trial": "trial, *args, **kwargs",
        "_build_and_fit_model": "trial, *args, **kwargs",
        "_build_hypermodel": "hp",
        "_try_build": "hp",
        "_populate_initial_space": "",
    },
    "SklearnTuner": {
        "search": "X, y, sample_weight=None, groups=None",
        "run_trial": "trial, X, y, sample_weight=None, groups=None",
        "load_model": "trial",
        "save_model": "trial_id, model, step=0",
    },
    "HyperModel": {
        "build": "hp",
        "fit": "hp, model, *args, **kwargs",
        "declare_hyperparameters": "hp",
    },
    "engine.metrics_tracking.MetricsTracker": {
        "exists": "name",
        "register": "name, direction=None",
        "update": "name, value, step=0",
        "get_history": "name",
        "set_history": "name, observations",
        "get_best_value": "name",
        "get_best_step": "name",
        "get_statistics": "name",
        "get_last_value": "name",
        "get_direction": "name",
        "get_config": "",
        "from_config": "config",
    },
}


def found(path: str):
    module, _, name = path.rpartition(".")
    return getattr(home(module), name)


def signature(function) -> str:
    """Without `self` and without annotations, as `inspect` writes it."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(parameters))[1:-1].replace(", /", "")


@pytest.mark.parametrize("path", SIGNATURES)
def test_a_class_takes_the_arguments_that_it_took(path):
    assert signature(found(path)) == SIGNATURES[path]


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path in METHODS for method in METHODS[path]]
)
def test_a_method_takes_the_arguments_that_it_took(path, method):
    assert signature(getattr(found(path), method)) == METHODS[path][method]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Oracle", "verbose"),
        ("engine.base_tuner.BaseTuner", "project_dir"),
        ("engine.base_tuner.BaseTuner", "remaining_trials"),
    ],
)
def test_a_property_is_a_property(path, name):
    assert isinstance(inspect.getattr_static(found(path), name), property)
