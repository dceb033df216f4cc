"""What the image networks have in common: their inputs, pooling, and what must be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from luthier.training import HyperModel

Shape = Sequence[int | None]


class ImageNetwork(HyperModel):
    """What networks with or without their top are made with; see each of them.

    Args:
        include_top: whether layers for classification stand at the end.
        input_shape: height, width and channels of an image.
        input_tensor: a tensor to begin with, in place of `input_shape`.
        classes: how many classes there are.
        **kwargs: `name` and `tunable`: see `HyperModel`.

    Raises:
        ValueError: if `classes` is missing with `include_top`, or both inputs are.
    """

    def __init__(
        self,
        include_top: bool = True,
        input_shape: Shape | None = None,
        input_tensor: Any = None,
        classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if include_top and classes is None:
            raise ValueError("You must specify `classes` when `include_top=True`")
        check_inputs(input_shape, input_tensor)
        self.include_top = include_top
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        self.classes = classes


def check_inputs(input_shape: Shape | None, input_tensor: Any) -> None:
    """Refuse a network without inputs.

    Raises:
        ValueError: if neither is given.
    """
    if input_shape is None and input_tensor is None:
        raise ValueError("You must specify either `input_shape` or `input_tensor`.")


def inputs_of(input_shape: Shape | None, input_tensor: Any) -> tuple[Any, Any]:
    """The inputs of the model, and the tensor that its layers begin with."""
    if input_tensor is None:
        inputs = keras.Input(shape=input_shape)
        return inputs, inputs
    return keras.utils.get_source_inputs(input_tensor), input_tensor


def pooled(x: Any, kind: str) -> Any:
    """One number a channel: their mean (`"avg"`) or the largest (`"max"`)."""
    if kind == "avg":
        return layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.GlobalMaxPooling2D(name="max_pool")(x)


def channel_axis() -> int:
    """Where an image's channels are, as Keras is set up."""
    return 3 if keras.config.image_data_format() == "channels_last" else 1
