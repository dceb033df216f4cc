"""Models of all widths in one program: what they learn is what they learn alone, bit for bit of
their random numbers; what cannot be padded has a program of its own and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from luthier.space import HyperParameters
from luthier.training import Sharing, share_programs

pytestmark = pytest.mark.jax

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.random((40, 5)).astype("float32")
IMAGES = RANDOM.random((24, 4, 4, 2)).astype("float32")
TOKENS = RANDOM.integers(0, 9, (24, 3))
Build = Callable[[HyperParameters], list[Any]]


def trained(
    layers: Build,
    x: Any,
    values: dict[str, Any],
    sharing: Sharing | None,
    *,
    seed: int = 0,
    optimizer: str = "sgd",
) -> list[Any]:
    """Logs and variables after training, and what was told of it."""
    import keras

    # Names of layers count on; in a search those of each model begin anew.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    y = np.arange(len(x)) % 3
    hp, info = HyperParameters(), {}
    hp.values = dict(values)
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers(hp)])
    model.add(keras.layers.Dense(3, activation="softmax"))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    share_programs(model, sharing, info, hp)
    history = model.fit(x, y, batch_size=10, epochs=2, verbose=0, validation_data=(x[:10], y[:10]))
    variables = [*model.variables, *model.optimizer.variables]
    return [history.history, [np.asarray(v) for v in variables], info]


def compared(
    layers: Build,
    x: Any,
    *widths: dict[str, Any],
    optimizer: str = "sgd",
    sharing: Sharing | None = None,
) -> tuple[list[dict[str, Any]], Sharing]:
    """Train with shared programs and with Keras alone, make sure that both are the same; what was
    told of each, and what they shared.
    """
    sharing, told = sharing or Sharing(), []
    for seed, values in enumerate(widths):
        ended = [
            trained(layers, x, values, one, seed=seed, optimizer=optimizer)
            for one in (sharing, None)
        ]
        told.append(ended[0].pop())
        ended[1].pop()
        (ours, weights), (theirs, their_weights) = ended
        assert list(ours) == list(theirs)
        for name, expected in theirs.items():
            np.testing.assert_allclose(ours[name], expected, rtol=1e-5, atol=1e-5, err_msg=name)
        for one, other in zip(weights, their_weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    return told, sharing


def dense(activation: str) -> Build:
    def layers(hp: HyperParameters) -> list[Any]:
        from keras import layers

        return [
            layers.Dense(hp.Int("units", 2, 12), activation=activation),
            layers.Dropout(0.3),
        ]

    return layers


def normalized(hp: HyperParameters) -> list[Any]:
    from keras import layers

    return [layers.Dense(hp.Int("units", 2, 12)), layers.LayerNormalization()]


def embedded(hp: HyperParameters) -> list[Any]:
    from keras import layers

    return [layers.Embedding(9, hp.Int("units", 2, 12)), layers.GlobalAveragePooling1D()]


def convolutions(hp: HyperParameters) -> list[Any]:
    from keras import layers

    return [
        layers.Conv2D(hp.Int("filters", 2, 6), 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(hp.Int("units", 2, 9), activation="gelu", kernel_regularizer="l2"),
    ]


def test_a_space_of_widths_has_one_program() -> None:
    told, sharing = compared(dense("relu"), ROWS, {"units": 7}, {"units": 12}, optimizer="adam")
    assert [info["ran"] for info in told] == ["compiled once"] * 2
    assert not any("own_width_why" in info for info in told)
    # One for an epoch of training, one for a validation.
    assert len(sharing.programs) == 2


@pytest.mark.parametrize(
    ("layers", "x"), [(convolutions, IMAGES), (embedded, TOKENS)], ids=["images", "tokens"]
)
def test_layers_of_other_kinds_are_padded_too(layers: Build, x: Any) -> None:
    told, _ = compared(layers, x, {"filters": 4, "units": 5})
    assert "own_width_why" not in told[0]


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        (dense("sigmoid"), "its padding does not stay zero"),
        (normalized, "its padding does not stay zero"),
    ],
    ids=["sigmoid", "layer normalization"],
)
def test_what_cannot_be_padded_has_a_program_of_its_own(layers: Build, why: str) -> None:
    told, _ = compared(layers, ROWS, {"units": 5})
    assert told[0] == {"ran": "compiled once", "own_width_why": why}


def test_padding_that_is_right_at_first_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luthier.training._jax_widths.disagreement", lambda *_: "")
    told, _ = compared(dense("sigmoid"), ROWS, {"units": 5})
    assert told[0]["own_width_why"] == "its padding does not stay zero"


def test_lanes_of_several_widths_train_together() -> None:
    import keras

    def trained(sharing: Sharing | None, units: int) -> tuple[list[float], str]:
        keras.utils.set_random_seed(units)
        hp, info = HyperParameters(), {}
        hp.values = {"units": units}
        model = keras.Sequential([keras.Input((5,)), *dense("relu")(hp), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        share_programs(model, sharing, info, hp)
        history = model.fit(ROWS, ROWS[:, :1], batch_size=20, epochs=2, verbose=0)
        return history.history["loss"], info.get("ran", "")

    sharing = Sharing(lanes=2)
    lanes, ended = sharing.open_lanes(2), {}
    for units in (4, 7):
        lanes.start(units, partial(trained, sharing, units))
    while len(lanes):
        ended.update(lanes.advance())
    for units, (losses, ran) in ended.items():
        assert ran == "packed"
        np.testing.assert_allclose(losses, trained(None, units)[0], rtol=1e-5)
    assert len(sharing.programs) == 1


def wide(hp: HyperParameters) -> list[Any]:
    from keras import layers

    return [
        layers.Dense(hp.Int("first", 2, 64), activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(hp.Int("second", 2, 64), activation="relu"),
    ]


def thin(hp: HyperParameters) -> list[Any]:
    from keras import layers

    return [
        layers.Dense(hp.Int("units", 2, 9), activation="relu", use_bias=hp.Boolean("bias")),
        layers.Dropout(hp.Float("rate", 0.1, 0.5)),
    ]


def test_models_of_other_widths_are_not_traced_after_a_few() -> None:
    def values(units: int, *, bias: bool = True) -> dict[str, Any]:
        return {"units": units, "bias": bias, "rate": units / 20}

    traced, sharing = [], Sharing()
    for one in (values(3), values(7), values(5), values(9), values(2, bias=False)):
        assert "own_width_why" not in trained(thin, ROWS, one, sharing)[-1]
        traced.append(sharing.families.traced)
    assert traced[0] < traced[1] < traced[2] == traced[3] < traced[4]
    # The last one is compared: it is told too.
    compared(thin, ROWS, values(4), sharing=sharing)
    assert sharing.families.traced == traced[4]


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many loops each product that may be cut has; small ones are cut too."""
    from luthier.programs import _jax_blocks

    monkeypatch.setattr(_jax_blocks, "_LEAST_WORK", 1e3)
    found, look = [], _jax_blocks._loops

    def looked(line: Any) -> Any:
        found.append(len(look(line)))
        return look(line)

    monkeypatch.setattr(_jax_blocks, "_loops", looked)
    return found


def test_widths_that_share_a_program_do_not_compute_what_they_lack(loops: list[int]) -> None:
    told, sharing = compared(wide, ROWS, {"first": 9, "second": 40}, {"first": 33, "second": 7})
    assert not any("own_width_why" in info for info in told)
    assert len(sharing.programs) == 2
    assert max(loops) == 2


def test_side_by_side_nobody_waits_for_the_widest(loops: list[int]) -> None:
    test_lanes_of_several_widths_train_together()
    assert loops == []


def test_how_wide_a_layer_may_become() -> None:
    from luthier.training._jax_widths import Structure

    # Named by a hyperparameter; twice as wide as one; as wide as ever.
    known = Structure([5, 10, 3], {"units": (5, 12), "batch": (10, 64)})
    assert known.most({"units": (5, 12), "batch": (10, 64)}) == [12, 64, 3]
    known.look([6, 12, 3], {"units": (6, 12), "batch": (10, 64)})
    assert known.most({"units": (6, 12), "batch": (10, 64)}) == [12, 16, 3]


def test_which_sizes_a_program_is_made_for() -> None:
    from luthier.training._jax_widths import rounded

    assert [rounded(size, 64, 0) for size in (8, 33, 64)] == [64, 64, 64]
    assert [rounded(size, 64, 2) for size in (8, 16, 17, 33)] == [16, 16, 32, 64]
    assert rounded(80, 64, 1) == 80


def test_hyperparameters_that_may_be_widths() -> None:
    from luthier.training._jax_widths import widest

    hp = HyperParameters()
    hp.Int("units", 2, 12, default=4)
    hp.Choice("filters", [8, 32])
    hp.Choice("activation", ["relu", "tanh"])
    hp.Float("rate", 0.1, 1.0)
    assert widest(hp) == {"units": (4, 12), "filters": (8, 32)}
    assert widest(None) == {}
