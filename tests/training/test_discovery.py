from __future__ import annotations

from typing import Any

import pytest

from luthier.space import HyperParameters
from luthier.training import HyperModel, discover


class Declaring(HyperModel):
    def declare_hyperparameters(self, hp: HyperParameters) -> None:
        hp.Choice("kind", ["a", "b"])

    def build(self, hp: HyperParameters) -> Any:
        with hp.conditional_scope("kind", "b"):
            hp.Int("depth", 1, 3)


def test_declared_ones_come_first_and_scopes_are_entered() -> None:
    hp = HyperParameters()
    found = discover(Declaring(), hp)
    assert [parameter.name for parameter in hp.space] == ["kind", "depth"]
    assert found.builds == 2


def test_a_builder_may_take_the_place_of_build() -> None:
    hp = HyperParameters()
    discover(Declaring(), hp, lambda hp: hp.Int("other", 1, 2))
    assert [parameter.name for parameter in hp.space] == ["kind", "other"]


def test_what_the_first_build_raises_passes_through() -> None:
    class Broken(HyperModel):
        def build(self, hp: HyperParameters) -> Any:
            raise ZeroDivisionError("in the user's code")

    with pytest.raises(ZeroDivisionError):
        discover(Broken(), HyperParameters())
