"""Which models of a search are the same but for their widths."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.jax


class Family:
    """Takes every trace."""

    def add(self, *_: Any) -> bool:
        return True


class Widening:
    """Of some sizes."""

    def __init__(self, *sizes: int) -> None:
        self.factors = [type("Factor", (), {"size": size}) for size in sizes]


def _known(*seen: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Any, list[bool]]:
    from luthier.training._jax_sizes import Known

    known: Any = Known(Family(), None)  # type: ignore[arg-type]
    return known, [known.add(_look(sizes), Widening(*widths), None) for sizes, widths in seen]


def _look(sizes: tuple[int, ...]) -> Any:
    from luthier.training._jax_sizes import Look

    return Look("key", (), sizes, ())


def test_whole_numbers_follow_the_widths_or_stay() -> None:
    # A kernel's side, units, four times as many, of two layers.
    known, took = _known(((3, 8, 32, 20), (8, 20)), ((3, 24, 96, 50), (24, 50)))
    assert took == [True, True]
    assert known.fits(_look((3, 10, 40, 7)), (10, 7))
    # Another kernel; units that are none of the layer's; five times as many; fewer numbers.
    for sizes in [(5, 10, 40, 7), (3, 7, 40, 7), (3, 10, 50, 7), (3, 10, 40)]:
        assert not known.fits(_look(sizes), (10, 7))


def test_what_never_changed_has_to_stay() -> None:
    """A number that was as large as a width which was always the same may be something else."""
    known, _ = _known(((8, 8), (8,)), ((8, 24), (24,)))
    assert known.fits(_look((8, 10)), (10,))
    known, _ = _known(((8, 8), (8,)))
    assert not known.fits(_look((10, 10)), (10,))


def test_another_number_is_another_family() -> None:
    _, took = _known(((3, 8), (8,)), ((5, 24), (24,)), ((3, 24), (24,)))
    assert took == [True, False, True]


def test_a_model_s_form_is_without_its_widths() -> None:
    import keras

    from luthier.training._keras_fingerprint import fingerprint

    def seen(units: int, activation: str = "relu", rate: float = 0.1) -> Any:
        keras.backend.clear_session()
        layers = [keras.layers.Dense(units, activation), keras.layers.Dropout(rate)]
        model = keras.Sequential([keras.Input((5,)), *layers, keras.layers.Dense(2)])
        model.compile("sgd", "mse")
        return fingerprint(model)

    one, other = seen(7), seen(12, rate=0.2)
    assert one.form == other.form
    assert one.key != other.key
    assert len(one.sizes) == len(other.sizes)
    assert {size for size, now in zip(one.sizes, other.sizes, strict=True) if size != now} == {7}
    assert seen(7, "tanh").form != one.form
