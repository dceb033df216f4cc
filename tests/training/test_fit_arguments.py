"""What `fit` is called with, and what models are compiled with, looked at before training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalTypeError, FatalValueError

pytestmark = pytest.mark.keras

X, Y = np.zeros((8, 3), "float32"), np.zeros((8, 1), "float32")


def model(compiled: bool = True, **settings: Any) -> Any:
    import keras

    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    if compiled:
        made.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return made


def check(*args: Any, **kwargs: Any) -> None:
    from luthier.training._fit_arguments import check_arguments

    check_arguments(model(), args, kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        ((X, Y[:7]), {}, "'x': 8, 'y': 7"),
        ((), {"x": X, "y": Y, "sample_weight": np.ones(3)}, "'sample_weight': 3"),
        (({"a": X, "b": X[:5]}, Y), {}, r"\"x\['a'\]\": 8, \"x\['b'\]\": 5"),
        (([X, X[:5]], Y), {}, r"'x\[0\]': 8, 'x\[1\]': 5"),
        ((X, Y), {"validation_data": (X[:4], Y[:3])}, r"'validation_data\[0\]': 4"),
        ((X, Y, 4, 1, 0, None, 0.0, (X[:4], Y[:3])), {}, r"'validation_data\[1\]': 3"),
    ],
)
def test_data_of_different_lengths_are_refused(args, kwargs, told):
    with pytest.raises(FatalValueError, match=told):
        check(*args, **kwargs)


@pytest.mark.parametrize("split", [20, 1, 1.0, -0.1])
def test_a_validation_split_that_is_no_part_is_refused(split):
    with pytest.raises(FatalValueError, match="from 0 to below 1"):
        check(X, Y, validation_split=split)


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ({"y": Y}, "got y beside x, a generator"),
        ({"sample_weight": Y}, "got sample_weight beside x, a generator"),
        ({"validation_split": 0.5}, "needs arrays, got x, a generator: pass validation_data"),
    ],
)
def test_what_goes_with_arrays_only_is_refused_beside_batches(beside, told):
    with pytest.raises(FatalValueError, match=told):
        check((batch for batch in [(X, Y)]), **beside)


def test_too_many_arguments_are_refused():
    with pytest.raises(FatalTypeError, match="too many positional"):
        check(*[X] * 30)


def test_what_fits_is_let_through():
    import keras

    class Data(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> Any:
            return X, Y

    check(X, Y, validation_split=0.25, sample_weight=np.ones(8))
    check(X, Y, validation_data=(X[:4], Y[:4], np.ones(4)), class_weight={0: 1.0})
    check({"a": X, "b": [X, X]}, (Y, Y))
    check(Data(), validation_data=Data())
    check(((X, Y) for _ in range(2)), steps_per_epoch=1, validation_split=0.0)
    check(X.tolist(), Y.tolist(), validation_split=0.5)


def test_other_lengths_are_the_business_of_a_model_with_its_own_fit():
    import keras

    from luthier.training._fit_arguments import check_arguments

    class Own(keras.Sequential):
        def fit(self, x: Any, y: Any) -> None:
            """Rows of `x` and `y` do not belong together."""

    check_arguments(Own(), (X, Y[:3]), {})


def test_a_model_that_is_not_compiled_is_refused():
    from luthier.training._keras_compiled import check_compiled

    with pytest.raises(FatalValueError, match=r"call model\.compile\("):
        check_compiled(model(compiled=False))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"loss": "mean_square_error"}, "Expected a loss .* got 'mean_square_error'"),
        ({"loss": ["msee"]}, "Expected a loss .* got 'msee'"),
        ({"metrics": ["acuracy"]}, "Expected a metric .* got 'acuracy'"),
        ({"metrics": [["mae", "maee"]]}, "Expected a metric .* got 'maee'"),
        ({"weighted_metrics": ["maee"]}, "Expected a metric .* got 'maee'"),
    ],
)
def test_names_that_keras_does_not_know_are_refused(settings, told):
    from luthier.training._keras_compiled import check_compiled

    with pytest.raises(FatalValueError, match=told):
        check_compiled(model(**settings))


def test_all_that_keras_knows_is_let_through():
    import keras

    from luthier.training._keras_compiled import check_compiled

    def own(y: Any, outputs: Any) -> Any:
        return keras.ops.mean(y - outputs)

    check_compiled(model(loss="crossentropy", metrics=["accuracy", "acc", "AUC", "mse", own]))
    check_compiled(model(loss=own, weighted_metrics=[keras.metrics.MeanSquaredError()]))
    check_compiled(model(loss=None))
