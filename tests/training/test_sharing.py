"""What the trials of a search share: when a long compile is repaid, and the line at the end."""

from __future__ import annotations

from typing import Any

import pytest

from luthier.errors import FatalRuntimeError
from luthier.space import Choice, Fixed, Float, Int
from luthier.training import Sharing


@pytest.mark.parametrize(
    ("space", "first"),
    [
        ([Float("rate", 0.1, 0.5), Fixed("epochs", 3)], True),
        ([Choice("rate", [0.1, 0.01])], True),
        ([Float("rate", 0.1, 0.5), Int("units", 4, 64)], False),
        ([Choice("activation", ["relu", "tanh"])], False),
    ],
)
def test_a_long_compile_is_repaid_by_numbers_and_by_what_came_before(
    space: list[Any], first: bool
) -> None:
    sharing = Sharing()
    sharing.begin(space)
    assert sharing.is_repaid(["a"]) is first
    assert sharing.is_repaid(["b"]) is first
    assert sharing.is_repaid(["a"])


def test_the_line_at_the_end_counts_once() -> None:
    sharing = Sharing()
    assert sharing.summary() == ""
    sharing.note({"ran": "packed"})
    info: dict[str, Any] = {"ran": "compiled once"}
    sharing.note(info)
    sharing.fall_back("run_eagerly", info)
    sharing.note(info)
    assert sharing.summary() == (
        "3 trials: 1 packed, 1 compiled once in 0 programs, 1 plain: run_eagerly"
    )
    assert sharing.summary() == ""


def test_strict_names_the_reason() -> None:
    with pytest.raises(FatalRuntimeError, match="run_eagerly"):
        Sharing(strict=True).fall_back("run_eagerly", {})


def test_jaxs_caches_stay_while_programs_are_shared_and_are_tidied_at_times() -> None:
    sharing = Sharing()
    kept = [sharing.keeps_caches({"ran": "packed"}) for _ in range(60)]
    assert [trial for trial, keeps in enumerate(kept, 1) if not keeps] == [16, 32, 48]
    assert not sharing.keeps_caches({"ran": "plain"})
    assert not sharing.keeps_caches({})
