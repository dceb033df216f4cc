"""Which algorithm `Auto` takes, and that it says so."""

from __future__ import annotations

import math

from luthier.objective import Objective
from luthier.samplers import Auto
from luthier.space import Choice, Float, Parent, Space
from luthier.testing._searches import Search

SQUARE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])


def _notes(search, trials):
    return [trial.suggestion.note for trial in search.run(trials)]


def test_a_few_hyperparameters_get_a_gaussian_process_and_a_second_opinion():
    notes = _notes(Search(Auto(), SQUARE), 20)
    assert any(note.startswith("Gaussian process") for note in notes)
    assert any("second opinion" in note for note in notes)
    assert notes[0] == "space-filling start"


def test_many_hyperparameters_get_tpe():
    space = Space([Float(f"x{i}", 0.0, 1.0) for i in range(80)])
    assert "TPE: many hyperparameters" in _notes(Search(Auto(), space), 20)


def test_many_objectives_get_evolution():
    objectives = tuple(Objective(f"y{i}", "min") for i in range(4))
    notes = _notes(Search(Auto(), SQUARE, objectives=objectives), 5)
    assert all(note.endswith("many objectives") for note in notes)


def test_a_gaussian_process_that_expects_nothing_gives_way():
    search = Search(Auto(), SQUARE)
    for _ in range(60):
        trial = search.ask()
        search.tell(trial, (trial.values["x"] - 0.3) ** 2)
    notes = [trial.suggestion.note for trial in search.history.finished]
    assert any("Gaussian process is done" in note for note in notes)


def test_a_branch_that_began_badly_is_not_given_up():
    space = Space(
        [
            Choice("kind", ["easy", "hard"]),
            Float("x", 0.0, 1.0, conditions=[Parent("kind", ["easy"])]),
            Float("y", 0.0, 1.0, conditions=[Parent("kind", ["hard"])]),
        ]
    )

    def score(values):
        # Best by far is a narrow valley of what looks worst everywhere else.
        if values["kind"] == "easy":
            return 0.5 + (values["x"] - 0.3) ** 2
        return 2.0 - 2.0 * math.exp(-(((values["y"] - 0.83) / 0.1) ** 2))

    search = Search(Auto(), space)
    for _ in range(50):
        trial = search.ask()
        search.tell(trial, score(trial.values))
    found = search.history.finished
    assert any("a branch tried little" in trial.suggestion.note for trial in found)
    assert min(trial.scores[0] for trial in found) < 0.1
