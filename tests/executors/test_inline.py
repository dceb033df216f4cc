from __future__ import annotations

import pytest

from luthier.executors import InlineExecutor
from luthier.records import Suggestion, Trial


def test_a_second_trial_is_refused_by_name_of_the_first():
    executor = InlineExecutor()
    executor.submit(Trial(4, Suggestion({})), lambda trial, report: None, lambda m: None)
    with pytest.raises(RuntimeError, match="holds trial 4"):
        executor.submit(Trial(5, Suggestion({})), lambda trial, report: None, lambda m: None)
