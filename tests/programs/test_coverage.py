"""Pieces of Keras share one program when a number in them changes, and keep their own when not."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.jax


@pytest.fixture(scope="module")
def pieces() -> Any:
    from tests.programs import pieces

    return pieces


def test_nearly_all_pieces_share_a_skeleton_and_replay_exactly(pieces: Any) -> None:
    from luthier.programs import trace
    from luthier.programs._jax_wiring import check_replay

    own = set()
    for name in pieces.PIECES:
        traces = []
        for value in (0.3, 0.2):
            model, state, batch = pieces.prepared(name, value)
            traces.append(trace(model.train_step, state, batch))
        check_replay(traces[1])
        if traces[0].skeleton != traces[1].skeleton:
            own.add(name)
    assert own == pieces.OWN_SKELETON
    assert len(pieces.PIECES) - len(own) >= 78


@pytest.mark.parametrize(
    "name", ["SpatialDropout2D", "LSTM recurrent dropout", "optimizer Lamb", "loss focal"]
)
def test_a_step_in_a_shared_program_is_kerass_own(pieces: Any, name: str) -> None:
    assert pieces.agreement(name) <= 2e-6
