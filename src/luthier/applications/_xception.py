"""Xception-like networks of separable convolutions with residual connections, as a search space.

Source: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017, figure
5, made smaller and tunable; names, ranges and defaults of hyperparameters are KerasTuner's.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from luthier.applications._images import ImageNetwork, channel_axis, inputs_of, pooled
from luthier.space import HyperParameters


class HyperXception(ImageNetwork):
    """Image classifiers in the manner of Xception.

    Args:
        include_top: whether dense layers for classification stand at the end; without them the
            model is not compiled.
        input_shape: height, width and channels of an image, such as `(28, 28, 1)`.
        input_tensor: a tensor to begin with, in place of `input_shape`.
        classes: how many classes there are; labels are expected as one-hot rows.
        **kwargs: `name` and `tunable`: see `HyperModel`.

    Raises:
        ValueError: if `classes` is missing with `include_top`, or both inputs are.

    Example:
        >>> import luthier
        >>> model = luthier.applications.HyperXception(
        ...     input_shape=(28, 28, 1), classes=10
        ... )  # doctest: +SKIP
    """

    def build(self, hp: HyperParameters) -> Any:
        """A model with the values of `hp`, compiled if it has its top."""
        inputs, x = inputs_of(self.input_shape, self.input_tensor)
        activation = hp.Choice("activation", ["relu", "selu"])
        x = _convolution(
            x,
            layers.Conv2D,
            hp.Choice("conv2d_num_filters", [32, 64, 128], default=64),
            activation,
            kernel_size=hp.Choice("kernel_size", [3, 5]),
            strides=hp.Choice("initial_strides", [2]),
        )
        width = hp.Int("sep_num_filters", 128, 768, step=128, default=256)
        blocks = hp.Int("num_residual_blocks", 2, 8, default=4)
        x = _residual(x, width, activation)
        for _ in range(blocks - 1):
            x = _residual(x, width, activation)
        x = _residual(x, 2 * width, activation, shrink=True)
        x = _pooling(x, hp.Choice("pooling", ["avg", "flatten", "max"]))
        if not self.include_top:
            return keras.Model(inputs, x, name="Xception")
        model = keras.Model(inputs, self._top(x, hp, activation), name="Xception")
        model.compile(
            optimizer=keras.optimizers.Adam(hp.Choice("learning_rate", [1e-3, 1e-4, 1e-5])),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    def _top(self, x: Any, hp: HyperParameters, activation: str) -> Any:
        count = hp.Int("num_dense_layers", 1, 3)
        rate = hp.Float("dropout_rate", 0.0, 0.6, step=0.1, default=0.5)
        normalize = hp.Choice("dense_use_bn", [True, False])
        for _ in range(count):
            x = layers.Dense(self.classes, activation=activation)(x)
            if normalize and activation != "selu":
                x = layers.BatchNormalization()(x)
            x = layers.Dropout(rate)(x)
        return layers.Dense(self.classes, activation="softmax")(x)


def _convolution(
    x: Any, layer: Any, filters: int, activation: str, *, kernel_size: int = 3, strides: int = 1
) -> Any:
    """A convolution and its activation; `selu` normalizes by itself, anything else in between."""
    if activation == "selu":
        return layer(
            filters,
            kernel_size,
            strides=strides,
            padding="same",
            activation="selu",
            **_initializers(layer),
        )(x)
    x = layer(filters, kernel_size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(axis=channel_axis())(x)
    return layers.Activation(activation)(x)


def _initializers(layer: Any) -> dict[str, str]:
    # What keeps activations of selu at mean 0 and variance 1 (Klambauer et al. 2017, section 2).
    if layer is layers.Conv2D:
        return {"kernel_initializer": "lecun_normal"}
    return {"depthwise_initializer": "lecun_normal", "pointwise_initializer": "lecun_normal"}


def _residual(x: Any, filters: int, activation: str, *, shrink: bool = False) -> Any:
    """Two separable convolutions beside a shortcut; halves height and width if asked to."""
    shortcut = x
    x = _convolution(x, layers.SeparableConv2D, filters, activation)
    x = _convolution(x, layers.SeparableConv2D, filters, activation)
    if shrink:
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    if shrink or shortcut.shape[channel_axis()] != filters:
        strides = 2 if shrink else 1
        shortcut = layers.Conv2D(filters, 1, strides=strides, padding="same")(shortcut)
    return layers.add([x, shortcut])


def _pooling(x: Any, kind: str) -> Any:
    if kind == "flatten":
        return layers.Flatten()(x)
    return pooled(x, kind)
