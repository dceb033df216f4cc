"""Random changes to images while a network trains, as a search space.

Source: Cubuk et al., "RandAugment: Practical Automated Data Augmentation with a Reduced Search
Space", 2019, in the simple form that KerasTuner gave it; names, ranges and defaults of
hyperparameters are KerasTuner's. Models are made of Keras's own layers only: they change nothing in
`predict`, and what was saved loads wherever Keras is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from luthier.applications._images import Shape, check_inputs, inputs_of
from luthier.space import HyperParameters
from luthier.training import HyperModel

Range = tuple[float, float]

TRANSFORMS = {
    "rotate": layers.RandomRotation,
    "translate_x": lambda factor: layers.RandomTranslation(0.0, factor),
    "translate_y": lambda factor: layers.RandomTranslation(factor, 0.0),
    "contrast": layers.RandomContrast,
}


class HyperImageAugment(HyperModel):
    """Models that change images at random while training, for `HyperEfficientNet` and others.

    The strength of each change is searched: a number `b` means from 0 to `b`, a pair `(a, b)` from
    `a` to `b`, None or 0 leaves it out.

    Args:
        input_shape: height, width and channels of an image, such as `(32, 32, 3)`.
        input_tensor: a tensor to begin with, in place of `input_shape`.
        rotate: by how much of a full turn, either way.
        translate_x: by how much of the width.
        translate_y: by how much of the height.
        contrast: by how much of the contrast; below 1.
        augment_layers: how often an image is changed, each time in a way drawn for it: a number
            `n` searches 1 to `n`, a pair its range. 0 or None makes every change once, one after
            the other.
        **kwargs: `name` and `tunable`: see `HyperModel`.

    Attributes:
        transforms: names and ranges of the changes that are made.

    Raises:
        ValueError: if both inputs are missing, or a range is none.

    Example:
        >>> import luthier
        >>> augment = luthier.applications.HyperImageAugment(
        ...     input_shape=(32, 32, 3), rotate=[0.2, 0.3], contrast=None
        ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        input_shape: Shape | None = None,
        input_tensor: Any = None,
        rotate: float | Sequence[float] | None = 0.5,
        translate_x: float | Sequence[float] | None = 0.4,
        translate_y: float | Sequence[float] | None = 0.4,
        contrast: float | Sequence[float] | None = 0.3,
        augment_layers: int | Sequence[int] | None = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_inputs(input_shape, input_tensor)
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        given = {
            "rotate": rotate,
            "translate_x": translate_x,
            "translate_y": translate_y,
            "contrast": contrast,
        }
        self.transforms = [(name, _range(name, value)) for name, value in given.items() if value]
        self.model_name = "image_augment"
        if augment_layers:
            self.model_name = "image_rand_augment"
            self.augment_layers_min, self.augment_layers_max = _layer_range(augment_layers)

    def build(self, hp: HyperParameters) -> Any:
        """A model from images to images, not compiled."""
        inputs, x = inputs_of(self.input_shape, self.input_tensor)
        x = self._each_once(x, hp) if self.model_name == "image_augment" else self._drawn(x, hp)
        return keras.Model(inputs, x, name=self.model_name)

    def _each_once(self, x: Any, hp: HyperParameters) -> Any:
        for name, (low, high) in self.transforms:
            factor = hp.Float(f"factor_{name}", low, high, step=0.05, default=low)
            if factor:
                x = TRANSFORMS[name](factor)(x)
        return x

    def _drawn(self, x: Any, hp: HyperParameters) -> Any:
        low, high = self.augment_layers_min, self.augment_layers_max
        count = hp.Int("augment_layers", low, high, default=low)
        for _ in range(count):
            factors = {
                name: hp.Float(f"factor_{name}", low, high, default=low)
                for name, (low, high) in self.transforms
            }
            x = _one_of(x, factors)
        return x


def _one_of(x: Any, factors: dict[str, float]) -> Any:
    """Each image changed in one of the ways, drawn anew for it; a factor of 0 changes nothing."""
    if not any(factors.values()):
        return x
    place = _place(x, len(factors))
    changed = x
    for index, (name, factor) in enumerate(factors.items()):
        if factor:
            changed = ops.where(ops.equal(place, index), TRANSFORMS[name](factor)(x), changed)
    return changed


def _place(x: Any, count: int) -> Any:
    """A whole number below `count` for each image, shape `(batch, 1, 1, 1)`.

    Noise is what Keras draws for itself while training, with no layer of ours: its normal
    distribution function is uniform. In `predict` there is no noise, and no change to choose.
    """
    nothing = ops.zeros_like(ops.max(x, axis=(1, 2, 3), keepdims=True))
    noise = layers.GaussianNoise(1.0)(nothing)
    uniform = 0.5 * (1.0 + ops.erf(noise / math.sqrt(2.0)))
    return ops.minimum(ops.floor(uniform * count), count - 1)


def _range(name: str, value: Any) -> Range:
    """The lowest and the highest factor.

    Raises:
        ValueError: for what is neither a number nor a pair of numbers.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) > 2:
            raise ValueError(f"Length of keyword argument {name} must not exceed 2.")
        pair = tuple(value)
    else:
        pair = (0, value)
    if len(pair) != 2 or not all(isinstance(one, int | float) for one in pair):
        raise ValueError(f"Keyword argument {name} must be int or float, but received {value}.")
    return pair


def _layer_range(value: Any) -> tuple[int, int]:
    """The least and the most changes an image.

    Raises:
        ValueError: for what is neither a whole number nor a pair of them.
    """
    pair = (
        tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (1, value)
    )
    if len(pair) != 2 or not all(isinstance(one, int) for one in pair):
        raise ValueError(f"Keyword argument `augment_layers` must be int, but received {value}.")
    return pair
