"""Luthier and its peers behind `ask() -> values` and `tell(values, score)`; less is better.

Several asks may come before the first tell. A peer that is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import replace

import numpy as np


class Luthier:
    """A sampler over a history in memory: what `Study` does, without a store."""

    def __init__(self, name, space, seed, budget):
        from luthier import registry
        from luthier.objective import Objective

        self.sampler = registry.sampler(name)
        self.space = luthier_space(space)
        self.objectives = (Objective("score", "min"),)
        self.seed, self.budget = seed, budget
        self.finished, self.open, self.number = (), {}, 0

    @property
    def history(self):
        from luthier.records import History

        return History(
            self.space,
            self.objectives,
            finished=self.finished,
            open=tuple(self.open.values()),
            seed=self.seed,
            number=self.number,
            max_trials=self.budget,
        )

    def ask(self):
        from luthier.records import Trial, TrialState

        rng = np.random.default_rng([self.seed, self.number])
        suggestion = self.sampler.suggest(self.history, rng)
        if suggestion is None:
            raise StopIteration
        trial = Trial(self.number, suggestion, TrialState.RUNNING, values=suggestion.values)
        self.open[self.number] = trial
        self.number += 1
        return _Asked(suggestion.values, trial.number)

    def tell(self, values, score):
        from luthier.records import TrialState

        trial = self.open.pop(values.key)
        done = replace(trial, state=TrialState.COMPLETED, metrics={"score": score}, scores=(score,))
        self.finished = (*self.finished, done)

    def recommended(self):
        """The number of the trial to use."""
        from luthier.results import Results

        return Results.of(self.history).best.number

    def preload(self, problem, count):
        """Finished trials at random points, as if they had been run before."""
        from luthier.records import Suggestion, Trial, TrialState

        rng, finished = np.random.default_rng(1), []
        for number in range(count):
            values = self.space.sample(rng)
            score = problem(values)
            trial = Trial(number, Suggestion(values), TrialState.COMPLETED, values=values)
            finished.append(replace(trial, metrics={"score": score}, scores=(score,)))
        self.finished, self.number = tuple(finished), count


class _Asked(dict):
    """Values that remember which trial they belong to."""

    def __init__(self, values, key):
        super().__init__(values)
        self.key = key


def luthier_space(space):
    from luthier.space import Choice, Float, Int, Parent, Space

    found = []
    for p in space.params:
        conditions = [Parent(p.when[0], list(p.when[1]))] if p.when else []
        scale = "log" if p.log else "linear"
        if p.kind == "cat":
            new = Choice(p.name, list(p.choices), ordered=False, conditions=conditions)
        elif p.kind == "int":
            new = Int(p.name, int(p.lo), int(p.hi), sampling=scale, conditions=conditions)
        else:
            new = Float(p.name, float(p.lo), float(p.hi), sampling=scale, conditions=conditions)
        found.append(new)
    return Space(found)


class Optuna:
    """Optuna, with one of its samplers."""

    def __init__(self, name, space, seed, budget):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        samplers = {
            "optuna_tpe": lambda: optuna.samplers.TPESampler(seed=seed),
            "optuna_gp": lambda: optuna.samplers.GPSampler(seed=seed),
            "optuna_cma": lambda: optuna.samplers.CmaEsSampler(seed=seed),
        }
        self.study = optuna.create_study(sampler=samplers[name]())
        self.space = space

    def ask(self):
        trial, values = self.study.ask(), {}
        for p in self.space.params:
            if p.when is not None and values.get(p.when[0]) not in p.when[1]:
                continue
            if p.kind == "cat":
                values[p.name] = trial.suggest_categorical(p.name, p.choices)
            elif p.kind == "int":
                values[p.name] = trial.suggest_int(p.name, int(p.lo), int(p.hi), log=p.log)
            else:
                values[p.name] = trial.suggest_float(p.name, p.lo, p.hi, log=p.log)
        return _Asked(values, trial)

    def tell(self, values, score):
        self.study.tell(values.key, score)


class KerasTuner:
    """KerasTuner's Bayesian optimisation, through its oracle."""

    def __init__(self, name, space, seed, budget):
        import keras_tuner

        hp = keras_tuner.HyperParameters()
        for p in space.params:
            if p.when:
                with hp.conditional_scope(p.when[0], list(p.when[1])):
                    self._define(hp, p)
            else:
                self._define(hp, p)
        self.space = space
        self.oracle = keras_tuner.oracles.BayesianOptimizationOracle(
            objective=keras_tuner.Objective("score", "min"),
            max_trials=budget + 5,
            hyperparameters=hp,
            seed=seed,
        )
        self.oracle.verbose = 0
        self.oracle._set_project_dir(tempfile.mkdtemp(), "benchmark")
        self.oracle._display.verbose = 0

    @staticmethod
    def _define(hp, p):
        scale = "log" if p.log else "linear"
        if p.kind == "cat":
            hp.Choice(p.name, list(p.choices))
        elif p.kind == "int":
            hp.Int(p.name, int(p.lo), int(p.hi), sampling=scale)
        else:
            hp.Float(p.name, p.lo, p.hi, sampling=scale)

    def ask(self):
        trial = self.oracle.create_trial("worker")
        if trial.status == "STOPPED":
            raise StopIteration
        known, values = trial.hyperparameters.values, {}
        for p in self.space.params:
            if p.when is None or values.get(p.when[0]) in p.when[1]:
                values[p.name] = int(known[p.name]) if p.kind == "int" else known[p.name]
        return _Asked(values, trial)

    def tell(self, values, score):
        trial = values.key
        self.oracle.update_trial(trial.trial_id, {"score": score})
        trial = self.oracle.get_trial(trial.trial_id)
        trial.status = "COMPLETED"
        self.oracle.end_trial(trial)


PEERS = {
    "optuna_tpe": ("optuna", Optuna),
    "optuna_gp": ("optuna", Optuna),
    "optuna_cma": ("cmaes", Optuna),
    "kt_bo": ("keras_tuner", KerasTuner),
}


def create(name, space, seed, budget):
    """The optimizer of a name: a peer's, else a sampler of Luthier's."""
    home = PEERS.get(name)
    return (home[1] if home else Luthier)(name, space, seed, budget)


def is_installed(name):
    return name not in PEERS or importlib.util.find_spec(PEERS[name][0]) is not None
