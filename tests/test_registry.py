"""Names of samplers and schedulers."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from luthier import registry
from luthier.abc import Sampler, Scheduler


@pytest.mark.parametrize("name", ["random", "grid", "tpe", "cmaes", "sobol", "evolution", "nsga2"])
def test_a_name_gives_a_new_sampler(name: str) -> None:
    assert isinstance(registry.sampler(name), Sampler)
    assert registry.sampler(name) is not registry.sampler(name)


@pytest.mark.parametrize("name", ["TPE", "CMA-ES", "nsga_2", " Random"])
def test_case_dashes_and_underscores_do_not_matter(name: str) -> None:
    assert isinstance(registry.sampler(name), Sampler)


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'random'") as caught:
        registry.sampler("randon")
    for name in ("auto", "bayesian", "grid", "tpe"):
        assert name in str(caught.value)


def test_a_name_like_no_other_gets_no_hint() -> None:
    with pytest.raises(ValueError, match="Expected one of: auto") as caught:
        registry.sampler("§§§")
    assert "Did you mean" not in str(caught.value)


def test_other_packages_add_names(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = EntryPoint("my-own", "luthier.samplers:Random", registry.GROUPS["sampler"])
    wrong = EntryPoint("wrong", "builtins:dict", registry.GROUPS["sampler"])
    monkeypatch.setattr(registry, "entry_points", lambda group: (theirs, wrong))
    assert registry.sampler("my_own").settings["name"] == "random"
    assert "myown" in registry.names()
    with pytest.raises(TypeError, match="'wrong' to stand for a Sampler"):
        registry.sampler("wrong")


@pytest.mark.parametrize("name", ["asha", "Hyperband", "successive-halving", "halving", "median"])
def test_a_name_gives_a_new_scheduler(name: str) -> None:
    assert isinstance(registry.scheduler(name), Scheduler)
    assert registry.scheduler(name) is not registry.scheduler(name)


def test_every_scheduler_can_be_made_by_its_name() -> None:
    assert {type(registry.scheduler(name)).__name__ for name in registry.scheduler_names()}


def test_an_unknown_scheduler_lists_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no scheduler named 'ahsa'. Did you mean 'asha'"):
        registry.scheduler("ahsa")
