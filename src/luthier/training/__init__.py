"""What a trial runs: hypermodels, plain functions, and the glue to Keras on each backend.

Without any framework:

- `HyperModel`, `as_hypermodel(argument)`, `discover(hypermodel, hp)`: what is tuned, and its space;
- `evaluate_function(function).bind(space, objectives)`: a Python function as an `Evaluate`;
- `summarize(returned, objective, source)`: what `fit` or `run_trial` returned, as a `Result`;
- `choose_backend()`: an installed Keras backend where none is chosen; call it before Keras is used;
- `gives_batches(x)`: whether what `fit` gets is no arrays, but a dataset or the like;
- `steady()`: around a search, `released()`: around a trial; they keep memory flat;
- `programs_kept_in(folder)`: around all that compiles; the next run finds it there;
- `Sharing(...)`: what the trials of a search share: compiled programs, data on the device.

Training by hand, made short; needs no tuner, and imports Keras when it is used:

- `Step(model, loss, optimizer)`: what happens to a model for each batch;
- `Loop(step, epochs=...)`: epochs over data, with callbacks, reports and checkpoints;
- `value_and_gradients`, `gradient`, `differentiate`, `custom_gradient`: gradients for the asking.

With Keras, which is imported at the first call:

- `run_trial(TrialTask(...), args, kwargs)`: all executions of a trial, for `summarize`;
- `build_model(hypermodel, hp, BuildSettings(...))`: a model, compiled as the settings say;
- `share_programs(model, sharing, info)`: let its `fit` use the search's compiled programs;
- `load_model(hypermodel, hp, settings, checkpoint, build_config)`: a trial's trained model;
- `fresh_callbacks(callbacks, trial_id, execution)`: copies, or an error at once.

A trial's files are handed in as `TrialPaths`; a tuner's own hooks as `TrainingHooks`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from luthier.training._backend import backend_in_use, choose_backend
from luthier.training._discovery import discover
from luthier.training._estimator_script import EstimatorScript, render_estimator
from luthier.training._fit_arguments import gives_batches
from luthier.training._folds import DROPPED, FOLDS, RISK, CrossValidation
from luthier.training._function import Reporter, evaluate_function
from luthier.training._gradients import (
    Derivatives,
    custom_gradient,
    differentiate,
    gradient,
    train_step,
    value_and_gradients,
)
from luthier.training._hypermodel import DefaultHyperModel, HyperModel, as_hypermodel, fits_itself
from luthier.training._loop import Loop, Training
from luthier.training._memory import programs_kept_in, released, steady
from luthier.training._results import FIT, RUN_TRIAL, Result, average, best_epoch, summarize
from luthier.training._script import Script, render
from luthier.training._sharing import Sharing
from luthier.training._sources import Sources, is_plain
from luthier.training._step import ForGroup, Step
from luthier.training._task import BuildSettings, TrainingHooks, TrialPaths, TrialTask
from luthier.training._traces import Retrace, RetraceWarning

if TYPE_CHECKING:
    from luthier.training._keras_copies import fresh_callbacks
    from luthier.training._keras_model import build_model, load_model, write_build_config
    from luthier.training._keras_sharing import share_programs
    from luthier.training._keras_trial import run_trial

_WITH_KERAS = {
    "build_model": "_keras_model",
    "fresh_callbacks": "_keras_copies",
    "load_model": "_keras_model",
    "run_trial": "_keras_trial",
    "share_programs": "_keras_sharing",
    "write_build_config": "_keras_model",
}

__all__ = [
    "value_and_gradients",
    "differentiate",
    "gives_batches",
    "gradient",
    "is_plain",
    "custom_gradient",
    "Step",
    "RetraceWarning",
    "Retrace",
    "Derivatives",
    "DROPPED",
    "FIT",
    "FOLDS",
    "ForGroup",
    "RISK",
    "RUN_TRIAL",
    "BuildSettings",
    "CrossValidation",
    "DefaultHyperModel",
    "EstimatorScript",
    "HyperModel",
    "Loop",
    "Reporter",
    "Training",
    "Result",
    "Script",
    "Sources",
    "Sharing",
    "TrainingHooks",
    "TrialPaths",
    "TrialTask",
    "as_hypermodel",
    "average",
    "backend_in_use",
    "best_epoch",
    "build_model",
    "choose_backend",
    "discover",
    "evaluate_function",
    "fits_itself",
    "fresh_callbacks",
    "load_model",
    "programs_kept_in",
    "released",
    "render",
    "render_estimator",
    "run_trial",
    "share_programs",
    "steady",
    "train_step",
    "summarize",
    "write_build_config",
]


def __getattr__(name: str) -> Any:
    home = _WITH_KERAS.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.training' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.training.{home}"), name)
