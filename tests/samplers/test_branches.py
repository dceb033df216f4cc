"""Which branches a conditional space has, and in which order they are taken."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.samplers import Random
from luthier.samplers._branches import least_tried
from luthier.samplers._common import Memory
from luthier.samplers._frame import Frame
from luthier.space import Choice, Float, Int, Parent, Space
from luthier.testing._searches import Search
from tests.samplers.problems import BRANCHES

STACKED = Space(
    [
        Int("layers", 1, 3),
        *(
            Float(f"width{i}", 0.0, 1.0, conditions=[Parent("layers", tuple(range(i, 4)))])
            for i in (2, 3)
        ),
        Choice("kind", ["a", "b"]),
    ]
)


def _counted(space, trials):
    """Branches, and how many trials of a random search lie in each."""
    search = Search(Random(), space)
    for _ in range(trials):
        search.tell(search.ask(), 1.0)
    evidence = Memory().update(search.history)
    frame = Frame(evidence.encoding, np.zeros(len(evidence.encoding.columns), bool))
    found = least_tried(frame, evidence)
    rows, active = frame.snap(frame.rows(evidence.scored.x))
    return found, [int(branch.holds(rows, active).sum()) for branch in found]


@pytest.mark.parametrize(("space", "values"), [(BRANCHES, 3), (STACKED, 3)])
def test_every_value_on_which_others_depend_is_a_branch(space, values):
    found, counts = _counted(space, 20)
    assert len(found) == values
    assert sum(counts) == 20
    assert counts == sorted(counts)


def test_without_conditions_there_is_none():
    assert _counted(Space([Float("x", 0.0, 1.0), Choice("kind", ["a", "b"])]), 5) == ([], [])


def test_moved_rows_lie_in_the_branch():
    search = Search(Random(), STACKED)
    evidence = Memory().update(search.history)
    frame = Frame(evidence.encoding, np.zeros(4, bool))
    rows = np.random.default_rng(0).random((10, 4))
    for branch in least_tried(frame, evidence):
        assert branch.holds(*frame.snap(branch.moved(rows))).all()
