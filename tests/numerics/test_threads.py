from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics import _threads
from luthier.numerics._threads import one_thread


def counts() -> list[int]:
    return [get() for get, _ in _threads._knobs()]


def test_inside_there_is_one_thread_and_afterwards_as_many_as_before():
    before = counts()
    with pytest.raises(ZeroDivisionError), one_thread():
        assert counts() == [1] * len(before)
        _ = 1 / 0
    assert counts() == before


def test_results_are_those_of_numpy():
    a = np.random.default_rng(0).random((200, 200))
    with one_thread():
        inside = a @ a
    np.testing.assert_allclose(inside, a @ a)
