"""When programs are compiled, when they are compiled again, and that they outlive JAX's caches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

X = np.arange(4, dtype=np.float32)


def test_the_second_function_of_a_skeleton_is_not_compiled() -> None:
    import jax

    from luthier.programs import Programs

    programs = Programs()
    results = []
    for rate in (0.11, 0.22, 0.33):
        results.append(programs.compiled(lambda x, rate=rate: x * rate, X)(X))
        jax.clear_caches()
    assert programs.compiles == 1
    np.testing.assert_allclose(results, [0.11 * X, 0.22 * X, 0.33 * X], rtol=1e-6)


@pytest.mark.parametrize("values", [(1.0, 0.0), (0.0, -0.0), (2, 3), (1.0, float("nan"))])
def test_a_number_that_programs_are_full_of_becomes_an_input_when_it_differs(values: Any) -> None:
    from luthier.programs import Programs

    programs = Programs()
    first = programs.compiled(lambda x: x * values[0], X)
    first(X)
    second = programs.compiled(lambda x: x * values[1], X)
    np.testing.assert_array_equal(second(X), X * values[1])
    np.testing.assert_array_equal(first(X), X * values[0])
    assert first.program is second.program
    assert programs.compiles <= 2


def test_other_shapes_of_one_program_are_compiled_apart() -> None:
    from luthier.programs import CALL, Programs, trace

    programs = Programs()
    bound = programs.bind([trace(lambda x: x * 0.3, X)], CALL)
    np.testing.assert_allclose(bound(X), X * np.float32(0.3))
    np.testing.assert_allclose(bound(X), X * np.float32(0.3))
    assert programs.compiles == 1


def test_lanes_give_what_each_gives_alone() -> None:
    import jax

    from luthier.programs import Programs

    programs = Programs()
    bound = [programs.compiled(lambda x, y, r=r: x * r + y, X, X) for r in (0.3, 0.6)]
    constants = jax.tree.map(lambda *leaves: np.stack(leaves), *(one.packed() for one in bound))
    args = (np.stack([X, 2 * X]), X)
    ours = bound[0].program.lanes(constants, args, (0, None))(constants, *args)
    np.testing.assert_allclose(ours, [bound[0](X, X), bound[1](2 * X, X)], rtol=1e-6)
