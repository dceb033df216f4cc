"""Requests of many lanes are answered together as each would be alone, in as many lanes as fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

DATA = np.arange(12, dtype=np.float32)


def _state(value: float) -> Any:
    import jax.numpy as jnp

    return {"w": jnp.full((2, 3), value), "n": jnp.int32(0), "b": jnp.float32(value)}


def _request(rate: float, *, first: bool = False) -> Any:
    import jax.numpy as jnp

    from luthier.programs import Maker, Request, trace

    def step(state: Any, x: Any) -> Any:
        new = {"w": state["w"] * rate, "n": state["n"] + 1, "b": state["b"] + x.sum() * rate}
        return {"loss": new["b"]}, new

    def make(replay: Any) -> Any:
        return lambda state, data, rows, streams: replay(state, data[0][rows])

    data = [_request.data] if hasattr(_request, "data") else [jnp.asarray(DATA)]
    _request.data = data[0]  # type: ignore[attr-defined]
    rows = np.array([1, 4], np.int32)
    state = _state(rate)
    one = trace(step, state, data[0][rows])
    return Request((one,), Maker(make, "test"), state, data, rows, [], first=first)


def _expected(rate: float) -> tuple[float, float]:
    rate = float(np.float32(rate))
    return rate + 5 * rate, rate * rate


def _check(reply: Any, rate: float) -> None:
    logs, state = reply
    loss, weight = _expected(rate)
    assert float(logs["loss"]) == pytest.approx(loss, rel=1e-6)
    assert int(state["n"]) == 1
    np.testing.assert_allclose(state["w"], np.full((2, 3), weight), rtol=1e-6)


RATES = [0.15, 0.25, 0.35, 0.45, 0.55]


def test_each_lane_gets_what_it_would_get_alone() -> None:
    from luthier.programs import Packer, Programs

    packer = Packer(Programs(), 8)
    for count in (5, 1, 3):
        replies = packer([_request(rate) for rate in RATES[:count]])
        for reply, rate in zip(replies, RATES[:count], strict=True):
            _check(reply, rate)


def test_lanes_that_do_not_fit_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    from luthier.programs import Packer, Programs, _jax_packing

    packer = Packer(Programs(), 4)
    sizes: list[int] = []
    executable = _jax_packing._executable

    def limited(bound: Any, constants: Any, args: Any, axes: Any) -> Any:
        sizes.append(len(args[0]["float32"]))
        if sizes[-1] > 2:
            raise MemoryError
        return executable(bound, constants, args, axes)

    monkeypatch.setattr(_jax_packing, "_executable", limited)
    for reply, rate in zip(packer([_request(rate) for rate in RATES]), RATES, strict=True):
        _check(reply, rate)
    assert sizes[:2] == [4, 2]
    assert packer.halved == 1


def test_a_budget_that_nothing_fits_runs_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from luthier.programs import Packer, Programs, _jax_packing

    monkeypatch.setattr(_jax_packing, "memory_budget", lambda: 0.0)
    packer = Packer(Programs(), 2)
    for reply, rate in zip(packer([_request(rate) for rate in RATES[:2]]), RATES, strict=False):
        _check(reply, rate)


def test_those_that_go_first_are_waited_for() -> None:
    from luthier.programs import Packer, Programs

    replies = Packer(Programs(), 4)([_request(0.15), _request(0.25, first=True)])
    assert replies[0] is None
    _check(replies[1], 0.25)


def test_an_error_reaches_those_who_asked() -> None:
    from luthier.programs import Maker, Packer, Programs, Request
    from luthier.programs._failure import Failure

    good = _request(0.15)
    bad = Request(good.traces, Maker(lambda replay: 1 / 0, "bad"), good.state, good.data, [], [])
    replies = Packer(Programs(), 4)([good, bad])
    _check(replies[0], 0.15)
    assert isinstance(replies[1], Failure)
    assert isinstance(replies[1].error, Exception)
