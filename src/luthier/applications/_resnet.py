"""Residual networks of three kinds, as a search space.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016 (v1, table 1);
"Identity Mappings in Deep Residual Networks", ECCV 2016 (v2, figure 4e); Xie et al., "Aggregated
Residual Transformations for Deep Neural Networks", CVPR 2017 (next, figure 3c). Names, ranges and
defaults of hyperparameters are KerasTuner's, and so is the size of each network.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from luthier.applications._images import ImageNetwork, channel_axis, inputs_of, pooled
from luthier.space import HyperParameters

# Filters of the four stages, before the widening at the end of each block; blocks of the outer two.
_FILTERS = {"v1": (64, 128, 256, 512), "v2": (64, 128, 256, 512), "next": (64, 256, 512, 1024)}
_OUTER_BLOCKS = 3
_GROUPS = 32


class HyperResNet(ImageNetwork):
    """Image classifiers in the manner of ResNet, ResNetV2 and ResNeXt.

    Args:
        include_top: whether a dense layer for classification stands at the end; without it the
            model is not compiled.
        input_shape: height, width and channels of an image, such as `(32, 32, 3)`.
        input_tensor: a tensor to begin with, in place of `input_shape`.
        classes: how many classes there are; labels are expected as one-hot rows.
        **kwargs: `name` and `tunable`: see `HyperModel`.

    Raises:
        ValueError: if `classes` is missing with `include_top`, or both inputs are.

    Example:
        >>> import luthier
        >>> model = luthier.applications.HyperResNet(
        ...     input_shape=(32, 32, 3), classes=10
        ... )  # doctest: +SKIP
    """

    def build(self, hp: HyperParameters) -> Any:
        """A model with the values of `hp`, compiled if it has its top."""
        version = hp.Choice("version", ["v1", "v2", "next"], default="v2")
        depths = (
            _OUTER_BLOCKS,
            hp.Choice("conv3_depth", [4, 8]),
            hp.Choice("conv4_depth", [6, 23, 36]),
            _OUTER_BLOCKS,
        )
        inputs, x = inputs_of(self.input_shape, self.input_tensor)
        x = _stem(x, version)
        for stage, (filters, depth) in enumerate(zip(_FILTERS[version], depths, strict=True)):
            x = _stage(x, version, filters, depth, number=stage + 2)
        if version == "v2":
            x = _activated(x, "post")
        x = pooled(x, hp.Choice("pooling", ["avg", "max"], default="avg"))
        if not self.include_top:
            return keras.Model(inputs, x, name="ResNet")
        outputs = layers.Dense(self.classes, activation="softmax", name="probs")(x)
        model = keras.Model(inputs, outputs, name="ResNet")
        optimizer = keras.optimizers.get(
            hp.Choice("optimizer", ["adam", "rmsprop", "sgd"], default="adam")
        )
        optimizer.learning_rate = hp.Choice("learning_rate", [0.1, 0.01, 0.001], default=0.01)
        model.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
        return model


def _stem(x: Any, version: str) -> Any:
    """A wide convolution and pooling: a quarter of the height and width."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(64, 7, strides=2, use_bias=version != "next", name="conv1_conv")(x)
    if version != "v2":
        x = _activated(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _stage(x: Any, version: str, filters: int, depth: int, number: int) -> Any:
    """So many blocks of one width: v1 and next halve height and width in the first, v2 in the last.

    One stage of each keeps them, as in KerasTuner: the first of v1, the last of v2 and next.
    """
    block = {"v1": _block_v1, "v2": _block_v2, "next": _block_next}[version]
    kept = 2 if version == "v1" else 5
    strides = 1 if number == kept else 2
    for index in range(1, depth + 1):
        shrinking = index == (depth if version == "v2" else 1)
        x = block(
            x,
            filters,
            strides if shrinking else 1,
            widen=index == 1,
            name=f"conv{number}_block{index}",
        )
    return x


def _block_v1(x: Any, filters: int, strides: int, *, widen: bool, name: str) -> Any:
    shortcut = x
    if widen:
        shortcut = layers.Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(x)
        shortcut = _normalized(shortcut, f"{name}_0")
    x = layers.Conv2D(filters, 1, strides=strides, name=f"{name}_1_conv")(x)
    x = _activated(x, f"{name}_1")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = _activated(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, _normalized(x, f"{name}_3")])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _block_v2(x: Any, filters: int, strides: int, *, widen: bool, name: str) -> Any:
    shortcut = x
    x = _activated(x, f"{name}_preact")
    if widen:
        shortcut = layers.Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(x)
    elif strides > 1:
        shortcut = layers.MaxPooling2D(1, strides=strides)(shortcut)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(x)
    x = _activated(x, f"{name}_1")
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")(x)
    x = _activated(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([shortcut, x])


def _block_next(x: Any, filters: int, strides: int, *, widen: bool, name: str) -> Any:
    out = 64 // _GROUPS * filters
    shortcut = x
    if widen:
        shortcut = layers.Conv2D(out, 1, strides=strides, use_bias=False, name=f"{name}_0_conv")(x)
        shortcut = _normalized(shortcut, f"{name}_0")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(x)
    x = _activated(x, f"{name}_1")
    x = _grouped(x, filters, strides, name)
    x = _activated(x, f"{name}_2")
    x = layers.Conv2D(out, 1, use_bias=False, name=f"{name}_3_conv")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, _normalized(x, f"{name}_3")])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _grouped(x: Any, filters: int, strides: int, name: str) -> Any:
    """A 3 x 3 convolution within each group of channels.

    One depthwise convolution whose channels are added up: TensorFlow cannot train a grouped one on
    a CPU. Made of Keras's own layers only, so a saved model loads anywhere.
    """
    width = filters // _GROUPS
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.DepthwiseConv2D(
        3, strides=strides, depth_multiplier=width, use_bias=False, name=f"{name}_2_conv"
    )(x)
    if channel_axis() == 3:
        height, length = x.shape[1:3]
        x = layers.Reshape((height, length, _GROUPS, width, width))(x)
        return layers.Reshape((height, length, filters))(keras.ops.sum(x, axis=4))
    height, length = x.shape[2:4]
    x = layers.Reshape((_GROUPS, width, width, height, length))(x)
    return layers.Reshape((filters, height, length))(keras.ops.sum(x, axis=2))


def _normalized(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), epsilon=1.001e-5, name=f"{name}_bn")(x)


def _activated(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_relu")(_normalized(x, name))
