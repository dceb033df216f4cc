"""The contract of schedulers, as a suite: `class TestMine(SchedulerContract): make =
staticmethod(MyScheduler)`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

from luthier.abc import Scheduler
from luthier.objective import Objective
from luthier.records import (
    Decision,
    History,
    Measurement,
    Outcome,
    Reply,
    Suggestion,
    Trial,
    TrialState,
)
from luthier.space import Float, Space
from luthier.study import Study

_SPACE = Space([Float("x", 0.0, 1.0)])
_LOSS = Objective("loss", "min")
_EPOCHS = 12


def _trial(number: int, losses: Sequence[float], state: TrialState, metric: str = "loss") -> Trial:
    return Trial(
        number,
        Suggestion({"x": number / 100}),
        state,
        values={"x": number / 100},
        attempt=1,
        measurements=tuple(Measurement(step, {metric: loss}) for step, loss in enumerate(losses)),
        scores=(min(losses),) if state.has_score else (),
    )


def _history(*trials: Trial, is_resumable: bool = False) -> History:
    return History(
        space=_SPACE,
        objectives=(_LOSS,),
        finished=tuple(trial for trial in trials if trial.state.is_finished),
        open=tuple(trial for trial in trials if not trial.state.is_finished),
        number=len(trials),
        is_resumable=is_resumable,
    )


def _loss(trial: Trial, step: int) -> float:
    x = float(trial.values["x"])
    if 0.4 < x < 0.45 and step == 3:
        return math.nan
    return float(1.0 + x + (0.5 + math.sin(20 * x)) / (1 + step))


class SchedulerContract:
    """What every scheduler promises; subclass it and set `make`."""

    make: Callable[[], Scheduler]

    def _search(self, trials: int = 20, *, fresh: bool = False, resumable: bool = True) -> Study:
        """Run a search; with `fresh`, a new scheduler is made for every single question."""
        scheduler = _Forgetful(self.make) if fresh else self.make()
        study = Study(_SPACE, _LOSS, sampler="random", scheduler=scheduler, seed=3)
        study.max_trials, study.horizon, study.is_resumable = trials, _EPOCHS, resumable
        for _ in range(40 * trials):
            trial = study.ask()
            if trial is None:
                return study
            begin = trial.measurements[-1].epoch + 1 if trial.measurements and resumable else 0
            for step in range(begin, _EPOCHS):
                report = Measurement(step, {"loss": _loss(trial, step)})
                if study.report(trial, report) is not Decision.CONTINUE:
                    break
            study.tell(trial)
        raise AssertionError("the search does not come to an end")

    def test_a_lone_trial_is_not_stopped(self) -> None:
        """Nothing to compare with is no reason to stop, as long as it improves."""
        scheduler = self.make()
        for epochs in range(1, _EPOCHS + 1):
            losses = [1.0 / (1 + step) for step in range(epochs)]
            trial = _trial(0, losses, TrialState.RUNNING)
            history = _history(trial, is_resumable=True)
            assert scheduler.decide(trial, history).decision is not Decision.STOP

    def test_the_best_running_trial_is_not_stopped(self) -> None:
        """Whoever leads goes on."""
        losers = [_trial(n, [5.0, 4.0, 3.0], TrialState.COMPLETED) for n in range(8)]
        leader = _trial(8, [1.0, 0.5, 0.25], TrialState.RUNNING)
        reply = self.make().decide(leader, _history(*losers, leader))
        assert reply.decision is not Decision.STOP

    def test_the_same_history_gets_the_same_answer(self) -> None:
        """A scheduler is a function of the history."""
        trials = [_trial(n, [1.0 + n, 0.5 + n], TrialState.COMPLETED) for n in range(5)]
        running = _trial(5, [3.0, 2.9], TrialState.RUNNING)
        history = _history(*trials, running)
        assert self.make().decide(running, history) == self.make().decide(running, history)
        assert self.make().propose(history) == self.make().propose(history)

    def test_what_it_keeps_changes_nothing(self) -> None:
        """The replay law: one scheduler all along, or a new one for every question."""
        kept, forgotten = self._search(), self._search(fresh=True)
        for one, other in zip(kept.history().trials, forgotten.history().trials, strict=True):
            assert (one.state, one.scores, one.message) == (
                other.state,
                other.scores,
                other.message,
            )
            assert len(one.measurements) == len(other.measurements)

    def test_every_search_comes_to_its_end_with_a_best_trial(self) -> None:
        """Paused or not, resumable or not: nobody waits for ever, and the best has a score."""
        for resumable in (True, False):
            study = self._search(resumable=resumable)
            trials = study.history().trials
            assert len(trials) == 20
            assert all(trial.state.is_finished or trial.scores for trial in trials)
            assert study.best is not None

    def test_what_is_cut_short_says_why(self) -> None:
        """A trial that was stopped carries the reason."""
        for trial in self._search().history().finished:
            assert trial.state is not TrialState.STOPPED or trial.message

    def test_nothing_is_proposed_for_an_empty_study(self) -> None:
        """The first trial is the sampler's."""
        proposal = self.make().propose(_history())
        assert proposal is None or proposal.resume_from is None

    def test_nan_in_the_middle_is_not_the_end(self) -> None:
        """The leader is not stopped for one report that is not finite."""
        others = [_trial(n, [2.0, 1.5, 1.4], TrialState.COMPLETED) for n in range(5)]
        for hole in (math.nan, math.inf):
            trial = _trial(5, [0.5, hole, 0.4], TrialState.RUNNING)
            for reports in (2, 3):
                part = _trial(5, [0.5, hole, 0.4][:reports], TrialState.RUNNING)
                reply = self.make().decide(part, _history(*others, part))
                assert reply.decision is not Decision.STOP, trial

    def test_a_metric_that_comes_late_or_never_stops_nothing(self) -> None:
        """Nothing can be compared: the trial goes on, and what was seen is said if anything is."""
        others = [_trial(n, [2.0] * 6, TrialState.COMPLETED) for n in range(5)]
        trial = _trial(5, [0.5] * 6, TrialState.RUNNING, metric="other")
        reply = self.make().decide(trial, _history(*others, trial))
        assert reply.decision is Decision.CONTINUE
        assert not reply.why or ("loss" in reply.why and "other" in reply.why)

    def test_several_running_trials_are_judged_each_for_itself(self) -> None:
        """Many reports between two decisions, as lanes make them: the leader is not stopped."""
        running = [_trial(n, [1.0 + n, 0.9 + n, 0.8 + n], TrialState.RUNNING) for n in range(9)]
        scheduler, history = self.make(), _history(*running, is_resumable=True)
        replies = [scheduler.decide(trial, history).decision for trial in running]
        assert replies[0] is not Decision.STOP
        assert all(isinstance(reply, Decision) for reply in replies)

    def test_several_objectives_are_ranked_by_dominance(self) -> None:
        """What nothing dominates is not stopped."""
        objectives = (_LOSS, Objective("speed", "max"))
        study = Study(_SPACE, objectives, sampler="random", scheduler=self.make(), seed=1)
        study.max_trials, study.horizon, study.is_resumable = 12, 6, True
        while (trial := study.ask()) is not None:
            begin = trial.measurements[-1].epoch + 1 if trial.measurements else 0
            metrics = {"loss": 1.0 - trial.values["x"], "speed": -float(trial.values["x"])}
            for step in range(begin, 6):
                shrunk = {name: value / (1 + 0.1 * step) for name, value in metrics.items()}
                if study.report(trial, Measurement(step, shrunk)) is not Decision.CONTINUE:
                    break
            study.tell(trial)
        assert all(len(trial.scores) == 2 for trial in study.history().trials)

    def test_failed_trials_do_not_hold_up_the_others(self) -> None:
        """A crash in the middle of a rung: the rest go on."""
        study = Study(_SPACE, _LOSS, sampler="random", scheduler=self.make(), seed=2)
        study.max_trials, study.horizon, study.is_resumable = 10, _EPOCHS, True
        while (trial := study.ask()) is not None:
            begin = trial.measurements[-1].epoch + 1 if trial.measurements else 0
            for step in range(begin, _EPOCHS):
                report = Measurement(step, {"loss": _loss(trial, step)})
                if study.report(trial, report) is not Decision.CONTINUE:
                    break
            if trial.number % 4 == 1:
                study.tell(Outcome(trial.number, trial.attempt, TrialState.FAILED, message="no"))
            else:
                study.tell(trial)
        assert study.best is not None
        assert any(t.measurements[-1].step == _EPOCHS - 1 for t in study.history().trials)

    def test_settings_are_json_with_a_name(self) -> None:
        """What is stored with the study."""
        settings = dict(self.make().settings)
        assert json.loads(json.dumps(settings)) == settings
        assert settings["name"]


class _Forgetful(Scheduler):
    """Asks a new scheduler every time."""

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self._make = make

    def propose(self, history: History) -> Suggestion | None:
        return self._make().propose(history)

    def decide(self, trial: Trial, history: History) -> Reply:
        return self._make().decide(trial, history)

    def lends(self, history: History) -> frozenset[int] | None:
        return self._make().lends(history)

    @property
    def settings(self) -> dict[str, object]:
        return dict(self._make().settings)
