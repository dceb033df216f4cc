from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luthier.space import HyperParameters
from luthier.training import Result
from tests.training.models import LOSS, build_eagerly, build_with_input, fit_arguments

pytestmark = pytest.mark.keras


def progress(path: Path, **facts: Any) -> Any:
    from luthier.training import _keras_state as state

    state.write(path, state.Progress(**facts))
    return state.read(path)


def test_progress_is_read_as_it_was_written(tmp_path: Path) -> None:
    facts = {
        "results": (Result({"val_loss": 1.0}, {}, 3, {"a": "b"}),),
        "history": {"val_loss": [2.0, float("inf")], "late": [1.0]},
        "epochs": (4, 5),
        "best": 0.5,
        "stopped": True,
        "build_config": {"input_shape": [None, 3]},
        "arrays": {"v0": np.arange(3.0)},
    }
    got = progress(tmp_path / "deep" / "resume.npz", **facts)
    assert {name: getattr(got, name) for name in facts if name != "arrays"} == {
        name: value for name, value in facts.items() if name != "arrays"
    }
    np.testing.assert_array_equal(got.arrays["v0"], np.arange(3.0))
    assert got.next_epoch == 6
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["resume.npz"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_torn_file_is_no_progress(tmp_path: Path, share: float) -> None:
    from luthier.training import _keras_state as state

    path = tmp_path / "resume.npz"
    progress(path, epochs=(0,), arrays={"v0": np.arange(100.0)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert state.read(path) == state.Progress()
    assert state.read(tmp_path / "none.npz") == state.Progress()
    assert state.read(None) == state.Progress()


def test_random_numbers_go_on_where_they_were() -> None:
    from luthier.training._keras_state import random_states, restore_random_states

    def draw() -> list[float]:
        return [random.random(), float(np.random.rand()), float(np.random.randn())]

    np.random.randn()
    states = random_states()
    first = draw()
    assert draw() != first
    restore_random_states(states)
    assert draw() == first


@pytest.mark.torch
def test_pytorchs_random_numbers_go_on_too() -> None:
    import torch

    from luthier.training._keras_state import random_states, restore_random_states

    states = random_states()
    first = torch.rand(3)
    restore_random_states(states)
    assert torch.equal(torch.rand(3), first)


def test_the_whole_state_is_restored_into_a_new_model(tmp_path: Path) -> None:
    from luthier.training import _keras_state as state
    from luthier.training._keras_callbacks import BestSoFar

    path = tmp_path / "resume.npz"
    args, kwargs = fit_arguments(epochs=2)
    model = build_eagerly(HyperParameters())
    callback = state.SaveProgress(path, state.Progress(), BestSoFar(LOSS))
    model.fit(*args, **kwargs, callbacks=[callback])
    saved = state.read(path)
    assert saved.epochs[0] == 0
    # The first write is always made; later ones only when they cost little of the time.
    state.write(path, saved)
    twin = build_eagerly(HyperParameters())
    restored = state.SaveProgress(tmp_path / "other.npz", saved, BestSoFar(LOSS))
    twin.fit(
        *args,
        **{**kwargs, "epochs": saved.next_epoch},
        initial_epoch=saved.next_epoch,
        callbacks=[restored],
    )
    weights = [np.asarray(v) for v in twin.variables[: len(twin.weights)]]
    assert len(weights) >= 4
    for index, variable in enumerate(twin.trainable_variables):
        assert any(
            np.array_equal(np.asarray(variable), saved.arrays[f"v{other}"])
            for other in range(len(saved.arrays))
            if f"v{other}" in saved.arrays
        ), index
    assert int(np.asarray(twin.optimizer.iterations)) == 2 * saved.next_epoch


def test_the_state_of_another_model_is_refused(tmp_path: Path) -> None:
    from luthier.training import _keras_state as state
    from luthier.training._keras_callbacks import BestSoFar

    path = tmp_path / "resume.npz"
    args, kwargs = fit_arguments(epochs=1)
    build_eagerly(HyperParameters()).fit(
        *args, **kwargs, callbacks=[state.SaveProgress(path, state.Progress(), BestSoFar(LOSS))]
    )
    other = build_with_input(HyperParameters())
    restoring = state.SaveProgress(path, state.read(path), BestSoFar(LOSS))
    with pytest.raises(state.CannotResumeError):
        other.fit(*args, **kwargs, callbacks=[restoring])
