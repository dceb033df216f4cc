"""Which numbers of Keras's own objects a step takes as they come.

Such a number only enters arithmetic: two models that differ in it have the same program, with
another number. A test traces each of them twice. Where Keras also asks whether it is zero or one,
the answer is part of the program (`Scalar.guard`).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Scalar:
    """A number of an object.

    Attributes:
        owner: the object's attributes, or a dict that it keeps.
        name: the number's name there.
        value: the number.
        kind: the name of the object's class.
        group: the same for numbers that are copies of one.
    """

    owner: MutableMapping[str, Any]
    name: str
    value: float
    kind: str
    group: tuple[int, str]

    @property
    def guard(self) -> str:
        """What a step may ask of the number."""
        value = self.value
        if value in (0.0, 1.0):
            return repr(value)
        return "below 0" if value < 0 else "below 1" if value < 1 else "above 1"


_LAYERS = {
    "Dropout": ("rate",),
    "SpatialDropout1D": ("rate",),
    "SpatialDropout2D": ("rate",),
    "SpatialDropout3D": ("rate",),
    "GaussianNoise": ("stddev",),
    "AlphaDropout": ("rate",),
    "ELU": ("alpha",),
    "BatchNormalization": ("momentum", "epsilon"),
    "LayerNormalization": ("epsilon",),
    "GroupNormalization": ("epsilon",),
}
_REGULARIZERS = {"L2": ("l2",), "L1L2": ("l1", "l2")}
_COMMON = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "ema_momentum")
_OPTIMIZERS = {
    "SGD": ("momentum",),
    "RMSprop": ("rho", "momentum", "epsilon"),
    "Adam": ("beta_1", "beta_2", "epsilon"),
    "AdamW": ("beta_1", "beta_2", "epsilon"),
    "Nadam": ("beta_1", "beta_2", "epsilon"),
    "Adamax": ("beta_1", "beta_2", "epsilon"),
    "Adagrad": ("epsilon",),
    "Adadelta": ("rho", "epsilon"),
    "Lion": ("beta_1", "beta_2"),
    "Lamb": ("beta_1", "beta_2", "epsilon"),
    "Ftrl": (
        "learning_rate_power",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    ),
}
_SCHEDULES = {
    "ExponentialDecay": ("initial_learning_rate", "decay_rate"),
    "InverseTimeDecay": ("initial_learning_rate", "decay_rate"),
    "PolynomialDecay": ("initial_learning_rate", "end_learning_rate", "power"),
    "CosineDecay": ("initial_learning_rate", "alpha", "warmup_target"),
    "CosineDecayRestarts": ("initial_learning_rate", "alpha"),
}
_LOSSES = {
    "Huber": ("delta",),
    "BinaryCrossentropy": ("label_smoothing",),
    "BinaryFocalCrossentropy": ("label_smoothing", "alpha", "gamma"),
    "CategoricalCrossentropy": ("label_smoothing",),
    "CategoricalFocalCrossentropy": ("label_smoothing", "alpha", "gamma"),
}
# Where losses keep what they hand on to their function.
_HANDED_ON = "_fn_kwargs"


def _table() -> dict[type, frozenset[str]]:
    table: dict[type, frozenset[str]] = {}
    rooms = (
        (keras.layers, _LAYERS, ()),
        (keras.regularizers, _REGULARIZERS, ()),
        (keras.optimizers, _OPTIMIZERS, _COMMON),
        (keras.optimizers.schedules, _SCHEDULES, ()),
        (keras.losses, _LOSSES, ()),
    )
    for room, kinds, common in rooms:
        for kind, names in kinds.items():
            if hasattr(room, kind):
                table[getattr(room, kind)] = frozenset((*names, *common))
    return table


_SCALARS = _table()


def scalars_of(owner: Any) -> list[Scalar]:
    """The numbers of an object that a step takes as they come."""
    names = _SCALARS.get(type(owner), frozenset())
    places = [vars(owner), vars(owner).get(_HANDED_ON)] if names else []
    return [
        Scalar(place, name, place[name], type(owner).__name__, (id(owner), name))
        for place in places
        if isinstance(place, MutableMapping)
        for name in sorted(names & set(place))
        # A whole number may be one that is counted; a bool is none at all.
        if type(place[name]) is float
    ]
