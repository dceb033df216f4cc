from __future__ import annotations

import importlib.util
import sys
import threading
import types
from typing import Any

import pytest

from luthier.errors import FatalRuntimeError, FatalValueError
from luthier.space import HyperParameters
from luthier.training import fresh_callbacks
from tests.training.models import build_eagerly, fit_arguments

pytestmark = pytest.mark.keras


def stopping() -> Any:
    import keras

    return keras.callbacks.EarlyStopping(monitor="loss", patience=3)


def locked() -> Any:
    import keras

    class WithLock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

    return WithLock()


def test_callbacks_are_copied() -> None:
    given = [stopping(), stopping()]
    made = fresh_callbacks(given, "0", 0)
    assert [callback.patience for callback in made] == [3, 3]
    assert not {id(callback) for callback in made} & {id(callback) for callback in given}


def test_one_callback_and_none_will_do() -> None:
    assert len(fresh_callbacks(stopping(), "0", 0)) == 1
    assert fresh_callbacks(None, "0", 0) == []


def test_functions_and_classes_make_callbacks_anew() -> None:
    import keras

    made = [
        fresh_callbacks([locked, keras.callbacks.TerminateOnNaN], "0", execution)
        for execution in range(2)
    ]
    assert [type(callback).__name__ for callback in made[0]] == ["WithLock", "TerminateOnNaN"]
    assert made[0][0] is not made[1][0]


def test_a_function_may_make_several() -> None:
    assert len(fresh_callbacks(lambda: [stopping(), locked()], "0", 0)) == 2


def test_a_callback_that_cannot_be_copied_is_named_with_the_way_out() -> None:
    with pytest.raises(FatalValueError) as error:
        fresh_callbacks([stopping(), locked()], "0", 0)
    text = str(error.value)
    assert text.startswith(
        "All callbacks used during a search should be deep-copyable (since they are reused across "
        "trials). It is not possible to do `copy.deepcopy("
    )
    assert "callbacks=[lambda: WithLock(...)]" in text


@pytest.mark.parametrize("wrong", ["stop", [3], lambda: 3])
def test_what_is_no_callback_is_refused(wrong: object) -> None:
    with pytest.raises(FatalValueError, match="Expected callbacks to be Keras callbacks"):
        fresh_callbacks(wrong, "0", 0)


def test_the_model_of_an_earlier_training_is_not_copied() -> None:
    callback = stopping()
    model = build_eagerly(HyperParameters())
    args, kwargs = fit_arguments(epochs=1)
    model.fit(*args, **kwargs, callbacks=[callback])
    assert fresh_callbacks(callback, "0", 0)[0]._model is model


def test_tensorboard_writes_into_a_folder_of_each_execution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keras

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    given = keras.callbacks.TensorBoard("logs")
    made = [fresh_callbacks(given, "07", execution)[0] for execution in range(2)]
    assert [callback.log_dir for callback in made] == ["logs/07/execution0", "logs/07/execution1"]
    assert given.log_dir == "logs"


@pytest.mark.tensorflow
def test_tensorboard_shows_the_values_of_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    class Recorded(keras.callbacks.Callback):
        def __init__(self, **given: object) -> None:
            super().__init__()
            self.given = given

    # TensorBoard is optional, here too: what it would be given is looked at.
    page = types.SimpleNamespace(api=types.SimpleNamespace(KerasCallback=Recorded))
    monkeypatch.setitem(sys.modules, "tensorboard", types.ModuleType("tensorboard"))
    monkeypatch.setitem(sys.modules, "tensorboard.plugins", types.ModuleType("tensorboard.plugins"))
    monkeypatch.setitem(sys.modules, "tensorboard.plugins.hparams", page)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, "luthier.training._tensorboard", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    made = fresh_callbacks(
        keras.callbacks.TensorBoard("logs"), "7", 0, {"units": 8, "pair": (1, 2)}
    )
    assert made[1].given == {
        "writer": "logs/7/execution0",
        "hparams": {"units": 8, "pair": "(1, 2)"},
        "trial_id": "7",
    }
    monkeypatch.delitem(sys.modules, "luthier.training._tensorboard")


def test_tensorboard_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboard" else real(name)
    )
    with pytest.raises(FatalRuntimeError, match=r"needs tensorboard.*luthier\[tensorboard\]"):
        fresh_callbacks([keras.callbacks.TensorBoard("logs")], "0", 0)
