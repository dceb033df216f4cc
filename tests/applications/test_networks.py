"""`HyperResNet`, `HyperEfficientNet` and `HyperImageAugment`.

Reference: the same models of keras-tuner 1.4.8, asked for their numbers of parameters (EfficientNet
without the weights that it downloads).
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from luthier.applications import HyperEfficientNet, HyperImageAugment, HyperResNet
from luthier.errors import FatalRuntimeError
from luthier.space import HyperParameters
from luthier.training import HyperModel

pytestmark = pytest.mark.keras

SHAPE = (32, 32, 3)
RNG = np.random.default_rng(0)
X = RNG.random((4, *SHAPE), dtype="float32")
Y = np.eye(3, dtype="float32")[[0, 1, 2, 0]]


def build(hypermodel: HyperModel, **values: Any) -> tuple[Any, HyperParameters]:
    hp = HyperParameters()
    hp.values.update(values)
    return hypermodel.build(hp), hp


def saved_and_loaded(model: Any, folder: Any) -> Any:
    import keras

    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that are trained within a test."""
    from luthier.applications import _efficientnet, _resnet

    monkeypatch.setattr(_resnet, "_OUTER_BLOCKS", 1)
    monkeypatch.setattr(_efficientnet, "SIZES", _efficientnet.SIZES | {"B0": 32})


@pytest.mark.torch  # what is built is the same on every backend
@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"version": "v1", "conv3_depth": 4, "conv4_depth": 6}, 23_597_957),
        ({"version": "v2", "conv3_depth": 4, "conv4_depth": 6}, 23_575_045),
        ({"version": "next", "conv3_depth": 4, "conv4_depth": 6}, 22_810_949),
    ],
)
def test_a_resnet_is_of_the_known_size(values: dict[str, Any], size: int) -> None:
    model, hp = build(HyperResNet(input_shape=(64, 64, 3), classes=5), **values)
    assert model.count_params() == size
    assert [(p.name, p.get_config()["values"], p.default) for p in hp.space] == [
        ("version", ["v1", "v2", "next"], "v2"),
        ("conv3_depth", [4, 8], 4),
        ("conv4_depth", [6, 23, 36], 6),
        ("pooling", ["avg", "max"], "avg"),
        ("optimizer", ["adam", "rmsprop", "sgd"], "adam"),
        ("learning_rate", [0.1, 0.01, 0.001], 0.01),
    ]
    assert (model.name, type(model.optimizer).__name__) == ("ResNet", "Adam")
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


@pytest.mark.torch
def test_an_efficientnet_is_of_the_known_size_and_augmented() -> None:
    augment = HyperImageAugment(input_shape=SHAPE, rotate=0.2)
    model, hp = build(
        HyperEfficientNet(input_shape=SHAPE, classes=5, augmentation_model=augment),
        factor_rotate=0.1,
        pooling="max",
    )
    assert model.count_params() == 4_055_976
    assert [p.name for p in hp.space] == [
        "augment_layers",
        "factor_rotate",
        "factor_translate_x",
        "factor_translate_y",
        "factor_contrast",
        "version",
        "pooling",
        "top_dropout_rate",
        "learning_rate",
    ]
    assert hp.space[5].get_config()["values"] == [f"B{i}" for i in range(8)]
    assert hp.space[7].get_config()["step"] == 0.2
    assert model.layers[-3].name == "max_pool"


@pytest.mark.torch
def test_without_its_top_a_resnet_gives_features(small: None) -> None:
    import keras

    tensor = keras.layers.Rescaling(2.0)(keras.Input(SHAPE))
    hypermodel = HyperResNet(include_top=False, input_tensor=tensor)
    model, hp = build(hypermodel, conv3_depth=1, conv4_depth=1, pooling="max")
    assert model.output.shape == (None, 2048)
    assert not model.compiled
    assert [p.name for p in hp.space][-1] == "pooling"


@pytest.mark.tensorflow
@pytest.mark.torch  # on JAX, too, but compiling it takes too long for a test
def test_a_resnet_is_trained_saved_and_loaded(small: None, tmp_path: Any, backend: str) -> None:
    hypermodel = HyperResNet(input_shape=SHAPE, classes=3)
    model, _ = build(hypermodel, version="next", conv3_depth=1, conv4_depth=1)
    model.compile("sgd", "categorical_crossentropy", run_eagerly=backend == "tensorflow")
    assert np.isfinite(model.train_on_batch(X, Y)).all()
    again = saved_and_loaded(model, tmp_path)
    np.testing.assert_allclose(
        again.predict_on_batch(X), model.predict_on_batch(X), rtol=1e-4, atol=1e-5
    )


@pytest.mark.torch
def test_an_efficientnet_is_trained_saved_and_loaded(small: None, tmp_path: Any) -> None:
    class Own(HyperEfficientNet):
        def _compile(self, model: Any, hp: HyperParameters) -> None:
            model.compile("adam", "categorical_crossentropy", run_eagerly=True)

    model, _ = build(Own(input_shape=SHAPE, classes=3), version="B0")
    assert type(model.optimizer).__name__ == "Adam"
    assert np.isfinite(model.train_on_batch(X, Y)).all()
    again = saved_and_loaded(model, tmp_path)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


@pytest.mark.torch
def test_weights_that_cannot_be_had_are_named(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def offline(**options: Any) -> Any:
        if options["weights"]:
            raise Exception("URL fetch failure on https://example.org: no network")

    monkeypatch.setattr(keras.applications, "EfficientNetB0", offline)
    hypermodel = HyperEfficientNet(input_shape=SHAPE, classes=3, weights="imagenet")
    with pytest.raises(FatalRuntimeError, match=r"'imagenet' of EfficientNetB0 cannot be had: URL"):
        build(hypermodel)
    missing = HyperEfficientNet(input_shape=SHAPE, classes=3, weights="nowhere.weights.h5")
    monkeypatch.undo()
    with pytest.raises((FatalRuntimeError, ValueError), match=r"nowhere|weights"):
        build(missing)


@pytest.mark.parametrize("layers", [2, 0])
def test_images_change_in_training_only_also_after_saving(
    layers: int, tmp_path: Any, backend: str
) -> None:
    hypermodel = HyperImageAugment(input_shape=SHAPE, contrast=[0.2, 0.3], augment_layers=layers)
    values = {"factor_rotate": 0.2, "factor_translate_x": 0.1, "factor_translate_y": 0.1}
    model, _ = build(hypermodel, augment_layers=layers, **values)
    model.compile(run_eagerly=backend == "tensorflow")
    images = np.repeat(X, 8, axis=0)
    for one in (model, saved_and_loaded(model, tmp_path)):
        np.testing.assert_allclose(one.predict_on_batch(images), images, atol=1e-6)
        changed = one(images, training=True)
        changed = np.asarray(changed.detach() if hasattr(changed, "detach") else changed)
        assert changed.shape == images.shape
        # Equal images are changed each in its own way.
        ways = {changed[index].tobytes() for index in range(0, 32, 4)}
        assert len(ways) > 4


@pytest.mark.torch
def test_each_direction_is_its_own() -> None:
    line = np.zeros((1, 32, 32, 1), "float32")
    line[:, 8:24] = 1.0  # the same in each column: moving it along x changes nothing
    model, _ = build(
        HyperImageAugment(
            input_shape=(32, 32, 1),
            rotate=None,
            translate_x=[0.4, 0.4],
            translate_y=None,
            contrast=0,
            augment_layers=0,
        )
    )
    moved = model(line, training=True).detach().numpy()
    np.testing.assert_allclose(moved, line, atol=1e-5)


@pytest.mark.torch
def test_the_space_of_augmentations_is_keras_tuners() -> None:
    _, hp = build(HyperImageAugment(input_shape=SHAPE, translate_y=None))
    ranges = [(p.name, p.min_value, p.max_value, p.step) for p in hp.space]
    assert ranges == [
        ("augment_layers", 1, 3, 1),
        ("factor_rotate", 0.0, 0.5, None),
        ("factor_translate_x", 0.0, 0.4, None),
        ("factor_contrast", 0.0, 0.3, None),
    ]
    options = {"rotate": [0.2, 0.3], "translate_x": 0.1, "translate_y": None, "contrast": None}
    hypermodel = HyperImageAugment(input_shape=SHAPE, augment_layers=0, **options)
    assert hypermodel.transforms == [("rotate", (0.2, 0.3)), ("translate_x", (0, 0.1))]
    model, hp = build(hypermodel)
    assert [(p.name, p.step) for p in hp.space] == [
        ("factor_rotate", 0.05),
        ("factor_translate_x", 0.05),
    ]
    assert model.name == "image_augment"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (HyperResNet, {"input_shape": SHAPE}, "specify `classes` when `include_top=True`"),
        (HyperResNet, {"classes": 3}, "specify either `input_shape` or `input_tensor`"),
        (HyperEfficientNet, {"input_shape": SHAPE}, "You must specify `classes`"),
        (HyperEfficientNet, {"classes": 3}, "specify either `input_shape` or `input_tensor`"),
        (
            HyperEfficientNet,
            {"input_shape": SHAPE, "classes": 3, "augmentation_model": 20},
            "augmentation_model should be a `HyperModel`, a Keras `Model` or empty. Received 20",
        ),
        (HyperImageAugment, {}, "specify either `input_shape` or `input_tensor`"),
        (HyperImageAugment, {"input_shape": SHAPE, "rotate": [0.1, 0.2, 0.3]}, "not exceed 2"),
        (HyperImageAugment, {"input_shape": SHAPE, "contrast": [0.1, "a"]}, "int or float"),
        (HyperImageAugment, {"input_shape": SHAPE, "augment_layers": 1.5}, "must be int"),
        (HyperImageAugment, {"input_shape": SHAPE, "augment_layers": [1, 2.5]}, "must be int"),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_once(
    kind: Any, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        kind(**options)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (HyperResNet, "include_top=True, input_shape=None, input_tensor=None, classes=None"),
        (
            HyperEfficientNet,
            "input_shape=None, input_tensor=None, classes=None, augmentation_model=None, *, "
            "weights=None",
        ),
        (
            HyperImageAugment,
            "input_shape=None, input_tensor=None, rotate=0.5, translate_x=0.4, translate_y=0.4, "
            "contrast=0.3, augment_layers=3",
        ),
    ],
)
def test_a_network_takes_the_arguments_that_it_took(kind: Any, arguments: str) -> None:
    parameters = inspect.signature(kind).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    assert str(inspect.Signature(bare)) == f"({arguments}, **kwargs)"
