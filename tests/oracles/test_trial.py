"""Views of trials: states, files, summaries."""

from __future__ import annotations

import pytest

import luthier
from luthier.oracles._trial import Trial, TrialStatus


def some_hp():
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    hp.Choice("c", ["a", "b"])
    return hp


def test_an_id_is_drawn_where_none_is_given():
    first, second = Trial(some_hp()), Trial(some_hp())
    assert len(first.trial_id) == 32
    assert first.trial_id != second.trial_id


def test_a_trial_survives_its_file(tmp_path):
    trial = Trial(some_hp(), "03", status=TrialStatus.COMPLETED, message="fine")
    trial.metrics.update("val_loss", 0.5, step=2)
    trial.score, trial.best_step = 0.5, 2
    trial.save(tmp_path / "trial.json")
    loaded = Trial.load(tmp_path / "trial.json")
    assert loaded.get_state() == trial.get_state()
    other = Trial(luthier.HyperParameters())
    other.reload(tmp_path / "trial.json")
    assert other.get_state() == trial.get_state()


def test_a_trial_made_by_hand_has_no_history():
    assert Trial(some_hp()).history == []


@pytest.mark.parametrize(
    ("score", "message", "ending"),
    [
        (None, None, ["x: -1.0", "c: a"]),
        (2.0, None, ["c: a", "Score: 2.0"]),
        (2.0, "time limit reached", ["Score: 2.0", "time limit reached"]),
        (None, "boom\ntrace", ["boom", "trace"]),
    ],
)
def test_a_summary_ends_with_the_score_and_what_there_is_to_say(capsys, score, message, ending):
    trial = Trial(some_hp(), "03", message=message)
    trial.score = score
    trial.summary()
    assert capsys.readouterr().out.splitlines()[-2:] == ending
