"""The contract of schedulers, as a suite: `class TestMine(SchedulerContract): make =
staticmethod(MyScheduler)`.
"""

from __future__ import annotations

from collections.abc import Callable

from luthier.abc import Scheduler
from luthier.objective import Objective
from luthier.records import Decision, History, Measurement, Suggestion, Trial, TrialState
from luthier.space import Float, Space

_SPACE = Space([Float("x", 0.0, 1.0)])
_LOSS = Objective("loss", "min")


def _trial(number: int, losses: list[float], state: TrialState) -> Trial:
    return Trial(
        number,
        Suggestion({"x": number / 100}),
        state,
        values={"x": number / 100},
        attempt=1,
        measurements=tuple(Measurement(step, {"loss": loss}) for step, loss in enumerate(losses)),
        scores=(min(losses),) if state.has_score else (),
    )


def _history(*trials: Trial) -> History:
    return History(
        space=_SPACE,
        objectives=(_LOSS,),
        finished=tuple(trial for trial in trials if trial.state.is_finished),
        open=tuple(trial for trial in trials if not trial.state.is_finished),
        number=len(trials),
    )


class SchedulerContract:
    """What every scheduler promises; subclass it and set `make`."""

    make: Callable[[], Scheduler]

    def test_a_lone_trial_is_not_stopped_at_its_first_report(self) -> None:
        """Nothing to compare with is no reason to stop."""
        trial = _trial(0, [1.0], TrialState.RUNNING)
        assert self.make().decide(trial, _history(trial)) is not Decision.STOP

    def test_the_best_running_trial_is_not_stopped(self) -> None:
        """Whoever leads goes on."""
        losers = [_trial(n, [5.0, 4.0, 3.0], TrialState.COMPLETED) for n in range(8)]
        leader = _trial(8, [1.0, 0.5, 0.25], TrialState.RUNNING)
        assert self.make().decide(leader, _history(*losers, leader)) is not Decision.STOP

    def test_the_same_history_gets_the_same_answer(self) -> None:
        """A scheduler is a function of the history."""
        trials = [_trial(n, [1.0 + n, 0.5 + n], TrialState.COMPLETED) for n in range(5)]
        running = _trial(5, [3.0, 2.9], TrialState.RUNNING)
        history = _history(*trials, running)
        assert self.make().decide(running, history) is self.make().decide(running, history)
        assert self.make().propose(history) == self.make().propose(history)

    def test_nothing_is_proposed_for_an_empty_study(self) -> None:
        """The first trial is the sampler's."""
        proposal = self.make().propose(_history())
        assert proposal is None or proposal.resume_from is None

    def test_a_report_that_is_not_finite_is_answered(self) -> None:
        """NaN in a curve is not an error of the scheduler."""
        others = [_trial(n, [1.0, 0.5], TrialState.COMPLETED) for n in range(5)]
        trial = _trial(5, [float("nan"), float("inf")], TrialState.RUNNING)
        assert isinstance(self.make().decide(trial, _history(*others, trial)), Decision)
