"""Which operations of a JAX trace hold traces of their own, and how each is bound again.

Two kinds. *Inlined* ones (`jit`, custom derivatives that were applied already) mean the same as
what is in them. *Lifted* ones (`scan`, `while`, `cond`, `remat`) stay as they are, but constants in
them become operands of theirs, which each takes in a place of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
}
"""Name of the operation → the parameter that holds what is in it."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """How constants get into an operation that holds traces.

    Attributes:
        inner: the nested traces of an operation's parameters, in order.
        rebind: the operation's parameters and operands, changed; called with the old ones, the new
            traces and, for each of them, the operands that it now takes in front of its own.
        shares_operands: whether all nested traces take the same operands.
    """

    inner: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    rebind: Callable[
        [Mapping[str, Any], Sequence[Any], Sequence[Any], Sequence[Sequence[Any]]],
        tuple[dict[str, Any], list[Any]],
    ]
    shares_operands: bool = False


def _scan(
    params: Mapping[str, Any],
    operands: Sequence[Any],
    inner: Sequence[Any],
    extra: Sequence[Sequence[Any]],
) -> tuple[dict[str, Any], list[Any]]:
    count = len(extra[0])
    changed = dict(params, jaxpr=inner[0], num_consts=params["num_consts"] + count)
    if "linear" in params:
        changed["linear"] = (False,) * count + tuple(params["linear"])
    return changed, [*extra[0], *operands]


def _while(
    params: Mapping[str, Any],
    operands: Sequence[Any],
    inner: Sequence[Any],
    extra: Sequence[Sequence[Any]],
) -> tuple[dict[str, Any], list[Any]]:
    conditions, bodies = params["cond_nconsts"], params["body_nconsts"]
    changed = dict(
        params,
        cond_jaxpr=inner[0],
        body_jaxpr=inner[1],
        cond_nconsts=conditions + len(extra[0]),
        body_nconsts=bodies + len(extra[1]),
    )
    return changed, [*extra[0], *operands[:conditions], *extra[1], *operands[conditions:]]


def _cond(
    params: Mapping[str, Any],
    operands: Sequence[Any],
    inner: Sequence[Any],
    extra: Sequence[Sequence[Any]],
) -> tuple[dict[str, Any], list[Any]]:
    # All branches take the same operands; the extra ones of all of them were put before each.
    return dict(params, branches=tuple(inner)), [operands[0], *extra[0], *operands[1:]]


def _remat(
    params: Mapping[str, Any],
    operands: Sequence[Any],
    inner: Sequence[Any],
    extra: Sequence[Sequence[Any]],
) -> tuple[dict[str, Any], list[Any]]:
    return dict(params, jaxpr=inner[0].jaxpr), [*extra[0], *operands]


_REMAT = Lifted(lambda params: (params["jaxpr"],), _remat)

LIFTED = {
    "scan": Lifted(lambda params: (params["jaxpr"],), _scan),
    "while": Lifted(lambda params: (params["cond_jaxpr"], params["body_jaxpr"]), _while),
    "cond": Lifted(lambda params: tuple(params["branches"]), _cond, shares_operands=True),
    "checkpoint": _REMAT,
    "remat": _REMAT,
    "remat2": _REMAT,
}
"""Name of the operation → how constants get into it."""

# What an inlined operation carries beside what it does: how to derive it, which was done.
DERIVATIVES = frozenset({"jvp_jaxpr_fun", "jvp_jaxpr_thunk", "fwd_jaxpr_thunk", "bwd"})
