"""A Keras trial that is paused and goes on equals one that was never interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import luthier
from luthier.abc import Scheduler
from luthier.records import Decision, Reply, Suggestion, TrialState

pytestmark = pytest.mark.keras

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")
EPOCHS = 3


class PauseAfter(Scheduler):
    """Pauses after so many epochs, and lets the trial go on at once."""

    def __init__(self, epochs):
        self.epochs = epochs

    def propose(self, history):
        for trial in history.open:
            if trial.state is TrialState.PAUSED:
                return Suggestion(trial.values, EPOCHS, resume_from=trial.number, note="goes on")
        return None

    def decide(self, trial, history):
        done = trial.measurements[-1].step + 1
        return Reply(Decision.PAUSE if done in self.epochs else Decision.CONTINUE, "waits")

    def lends(self, history):
        return None

    @property
    def settings(self):
        return {"name": "pause after"}


def build(hp):
    import keras

    hp.Float("rate", 0.1, 0.3, default=0.2)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.7)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(schedule, momentum=0.9),
        "binary_crossentropy",
        run_eagerly=keras.backend.backend() != "jax",  # a compiled step is the quicker one there
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def search(folder: Path, scheduler, backend, *, verbose=0, **options):
    tuner = luthier.RandomSearch(
        build, "val_loss", max_trials=1, seed=3, directory=folder, scheduler=scheduler, **options
    )
    tuner.search(
        X,
        Y,
        validation_data=(X, Y),
        epochs=EPOCHS,
        batch_size=8,
        # TensorFlow draws the order of batches from a state of its own, which nobody can set.
        shuffle=backend != "tensorflow",
        verbose=verbose,
    )
    return tuner


def curve(tuner):
    (trial,) = tuner.results.trials
    return [m.metrics["val_loss"] for m in trial.measurements]


def test_a_paused_and_resumed_trial_equals_an_unbroken_one(tmp_path, backend):
    whole = search(tmp_path / "whole", None, backend)
    broken = search(tmp_path / "broken", PauseAfter({1, 2}), backend)
    np.testing.assert_allclose(curve(broken), curve(whole), atol=1e-6)
    (trial,) = broken.results.trials
    assert (trial.state, trial.attempt, len(trial.measurements)) == (
        TrialState.COMPLETED,
        3,
        EPOCHS,
    )
    assert trial.info["resumed_from_epoch"] == 2
    for one, other in zip(
        whole.get_best_models()[0].weights, broken.get_best_models()[0].weights, strict=True
    ):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-6)
    assert not list(tmp_path.rglob("resume.npz"))


def test_a_state_that_vanished_is_begun_afresh_and_said(tmp_path, backend, capsys):
    class Forget(PauseAfter):
        def propose(self, history):
            for file in tmp_path.rglob("resume.npz"):
                file.unlink()
            return super().propose(history)

        def decide(self, trial, history):
            return (
                super().decide(trial, history) if trial.attempt == 1 else Reply(Decision.CONTINUE)
            )

    tuner = search(tmp_path, Forget({1}), backend, verbose=1)
    (trial,) = tuner.results.trials
    assert trial.state is TrialState.COMPLETED
    why = "begun afresh: the state that it had reached is gone"
    assert trial.info["resume"] == why
    assert f"Note: trial 0 was {why}." in capsys.readouterr().out
    whole = search(tmp_path / "whole", None, backend)
    np.testing.assert_allclose(curve(tuner), curve(whole), atol=1e-6)


class Losing(luthier.schedulers.Population):
    """A population whose disk loses what the next generation is to go on from."""

    folder: Path

    def propose(self, history):
        found = super().propose(history)
        if found is not None:
            for file in self.folder.rglob("resume.npz"):
                file.unlink()
        return found


def test_a_state_that_another_trial_was_to_go_on_from_vanished(tmp_path, backend, capsys):
    scheduler = Losing(2, 1, 2)
    scheduler.folder = tmp_path
    tuner = luthier.RandomSearch(
        build, "val_loss", max_trials=4, seed=3, directory=tmp_path, scheduler=scheduler
    )
    tuner.search(X, Y, validation_data=(X, Y), epochs=EPOCHS, batch_size=8, verbose=1)
    children = tuner.results.trials[2:]
    assert [trial.suggestion.resume_from is not None for trial in children] == [True, True]
    said = capsys.readouterr().out
    for trial in children:
        assert trial.state.has_score
        assert trial.info["resume"] == "begun afresh: the state to go on from is gone"
        assert trial.measurements[0].step == 0
        assert f"Note: trial {trial.number} was begun afresh" in said


def test_what_callbacks_had_in_mind_goes_on(tmp_path):
    import keras

    from luthier.training import _minds

    def halt():
        callback = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3)
        callback.on_train_begin()
        return callback

    one = halt()
    one.wait, one.best = 2, 0.25
    other = halt()
    _minds.restore([other], _minds.read([one]))
    assert (other.wait, other.best) == (2, 0.25)
    _minds.restore([keras.callbacks.Callback()], _minds.read([one]))
