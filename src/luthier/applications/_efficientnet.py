"""EfficientNet B0 to B7, as a search space.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
2019, with Keras's layers. Names, ranges and defaults of hyperparameters are KerasTuner's.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from luthier.applications._images import Shape, check_inputs, inputs_of, pooled
from luthier.errors import FatalRuntimeError
from luthier.space import HyperParameters
from luthier.training import HyperModel

# Height and width that each version is made for.
SIZES = {
    "B0": 224,
    "B1": 240,
    "B2": 260,
    "B3": 300,
    "B4": 380,
    "B5": 456,
    "B6": 528,
    "B7": 600,
}


class HyperEfficientNet(HyperModel):
    """Image classifiers in the manner of EfficientNet; images are resized to what they want.

    Args:
        input_shape: height, width and channels of an image, such as `(32, 32, 3)`.
        input_tensor: a tensor to begin with, in place of `input_shape`.
        classes: how many classes there are; labels are expected as one-hot rows.
        augmentation_model: a model, or a `HyperModel` such as `HyperImageAugment`, that images go
            through first.
        weights: None begins with random weights; `"imagenet"` with those that Keras downloads (or
            has in `~/.keras/models`), or the path of a file of weights.
        **kwargs: `name` and `tunable`: see `HyperModel`.

    Raises:
        ValueError: if `classes` or both inputs are missing, or the augmentation is no model.

    Example:
        >>> import luthier
        >>> model = luthier.applications.HyperEfficientNet(
        ...     input_shape=(32, 32, 3), classes=10
        ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        input_shape: Shape | None = None,
        input_tensor: Any = None,
        classes: int | None = None,
        augmentation_model: Any = None,
        *,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(augmentation_model, HyperModel | keras.Model | None):
            raise ValueError(
                "Keyword augmentation_model should be a `HyperModel`, a Keras `Model` or empty. "
                f"Received {augmentation_model}."
            )
        if not classes:
            raise ValueError("You must specify `classes`.")
        check_inputs(input_shape, input_tensor)
        self.input_shape = input_shape
        self.input_tensor = input_tensor
        self.classes = classes
        self.augmentation_model = augmentation_model
        self.weights = weights

    def build(self, hp: HyperParameters) -> Any:
        """A compiled model with the values of `hp`."""
        inputs, x = inputs_of(self.input_shape, self.input_tensor)
        augment = self.augmentation_model
        if augment is not None:
            x = (augment.build(hp) if isinstance(augment, HyperModel) else augment)(x)
        version = hp.Choice("version", list(SIZES), default="B0")
        x = layers.Resizing(SIZES[version], SIZES[version], interpolation="bilinear")(x)
        x = self._features(version, x)
        x = pooled(x, hp.Choice("pooling", ["avg", "max"], default="avg"))
        rate = hp.Float("top_dropout_rate", 0.2, 0.8, step=0.2, default=0.2)
        x = layers.Dropout(rate, name="top_dropout")(x)
        outputs = layers.Dense(self.classes, activation="softmax", name="probs")(x)
        model = keras.Model(inputs, outputs, name="EfficientNet")
        self._compile(model, hp)
        return model

    def _compile(self, model: Any, hp: HyperParameters) -> None:
        """Compile the model; override it to compile in another way."""
        rate = hp.Choice("learning_rate", [0.1, 0.01, 0.001], default=0.01)
        model.compile(
            keras.optimizers.SGD(learning_rate=rate, momentum=0.1),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )

    def _features(self, version: str, x: Any) -> Any:
        """What the network makes of the images, before pooling.

        Raises:
            FatalRuntimeError: (a RuntimeError) if the weights that were asked for cannot be had.
        """
        network = getattr(keras.applications, f"EfficientNet{version}")
        try:
            return network(include_top=False, weights=self.weights, input_tensor=x).output
        except Exception as error:
            if self.weights is None or not _is_unreachable(error):
                raise
            raise FatalRuntimeError(
                f"The weights {self.weights!r} of EfficientNet{version} cannot be had: {error}. "
                "Put the file into ~/.keras/models, name a file of your own "
                "(weights=path), or begin with random weights (weights=None)."
            ) from error


def _is_unreachable(error: Exception) -> bool:
    """Whether a download or a file is what failed."""
    return isinstance(error, OSError) or "fetch failure" in str(error)
