from __future__ import annotations

import pickle
from typing import Any

import pytest

from luthier.errors import FatalValueError
from luthier.space import HyperParameters
from luthier.training import DefaultHyperModel, HyperModel, as_hypermodel, fits_itself


class Width(HyperModel):
    def build(self, hp: HyperParameters) -> Any:
        return hp.Int("width", 1, 9, default=3)


class Forgetful(HyperModel):
    def __init__(self, width: int) -> None:
        self.width = width

    def build(self, hp: HyperParameters) -> Any:
        return hp.Int("width", 1, self.width)


class OwnFit(Width):
    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        return 1.0


def test_a_subclass_may_forget_to_call_init() -> None:
    hp = HyperParameters()
    model = Forgetful(5)
    assert model.build(hp) == 1
    assert (model.name, model.tunable) == (None, True)
    assert hp.values == {"width": 1}


def test_what_an_untunable_model_defines_is_not_searched() -> None:
    hp = HyperParameters()
    assert Width(tunable=False).build(hp) == 3
    assert hp.space == []
    assert hp.values == {}


def test_an_untunable_model_uses_the_values_that_the_search_gave() -> None:
    hp = HyperParameters()
    hp.Int("width", 1, 9)
    hp.Int("depth", 1, 9)
    hp = HyperParameters.from_config(hp.get_config())
    hp.values["width"] = 7
    assert Width(tunable=False).build(hp) == 7
    assert hp.used == ("width",)


def test_tunable_may_be_changed_later() -> None:
    model = Width()
    model.tunable = False
    hp = HyperParameters()
    model.build(hp)
    assert hp.space == []


def test_a_subclass_of_a_subclass_builds_once() -> None:
    class Wider(Width):
        def build(self, hp: HyperParameters) -> Any:
            return 2 * super().build(hp)

    hp = HyperParameters()
    assert Wider(tunable=False).build(hp) == 6
    assert hp.space == []


@pytest.mark.parametrize("tunable", [True, False])
def test_a_hypermodel_can_be_pickled(tunable: bool) -> None:
    twin = pickle.loads(pickle.dumps(Width(name="w", tunable=tunable)))
    assert (twin.name, twin.tunable) == ("w", tunable)
    assert twin.build(HyperParameters()) == 3


def test_a_model_without_build_says_what_to_override() -> None:
    with pytest.raises(NotImplementedError, match="override `build"):
        HyperModel().build(HyperParameters())


def test_fit_is_the_models_own_unless_overridden() -> None:
    class Model:
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            return args, kwargs

    got = Width().fit(HyperParameters(), Model(), 1, 2, epochs=3)
    assert got == ((1, 2), {"epochs": 3})
    assert not fits_itself(Width())
    assert fits_itself(OwnFit())


def test_a_function_is_wrapped_and_a_hypermodel_kept() -> None:
    model = as_hypermodel(lambda hp: hp.Int("a", 2, 4))
    assert isinstance(model, DefaultHyperModel)
    assert model.build(HyperParameters()) == 2
    own = Width()
    assert as_hypermodel(own) is own
    assert as_hypermodel(None) is None


@pytest.mark.parametrize("wrong", [3, "model", {"build": 1}])
def test_anything_else_is_refused_with_what_came(wrong: object) -> None:
    start = "The `hypermodel` argument should be either a callable with signature `build(hp)`"
    with pytest.raises(FatalValueError) as error:
        as_hypermodel(wrong)
    assert str(error.value).startswith(start)
    assert repr(wrong) in str(error.value)


def test_a_class_is_refused_with_the_advice_to_call_it() -> None:
    with pytest.raises(FatalValueError, match="class Width: call it"):
        as_hypermodel(Width)


def test_a_model_in_place_of_the_function_that_builds_it_is_refused() -> None:
    class Model:
        compile = fit = evaluate = __call__ = layers = None

    with pytest.raises(FatalValueError, match="a model that is built already, of type Model"):
        as_hypermodel(Model())
