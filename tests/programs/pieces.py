"""Pieces of Keras with one number in each that a search may tune: `PIECES[name](value)` is a model.

`python -m tests.programs.pieces` runs a step of each in a shared program and prints the agreement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, losses, optimizers, regularizers

BATCH = 8
_RANDOM = np.random.RandomState(0)
IMAGES = _RANDOM.rand(BATCH, 8, 8, 3).astype("float32")
SEQUENCES = _RANDOM.rand(BATCH, 6, 5).astype("float32")
ROWS = _RANDOM.rand(BATCH, 7).astype("float32")
TOKENS = _RANDOM.randint(0, 9, (BATCH, 6)).astype("int32")
LABELS = _RANDOM.randint(0, 4, BATCH).astype("int32")
ONE_HOT = np.eye(4, dtype="float32")[LABELS]

Piece = Callable[[float], Any]
PIECES: dict[str, tuple[Any, Any, Piece]] = {}
"""Name → (x, y, build)."""


def _model(
    x: Any,
    inside: Callable[[float], list[Any]] = lambda v: [],
    optimizer: Callable[[float], Any] = lambda v: optimizers.Adam(1e-3),
    loss: Callable[[float], Any] = lambda v: "sparse_categorical_crossentropy",
    activation: str | None = "softmax",
) -> Piece:
    def build(value: float) -> Any:
        top = [layers.Flatten(), layers.Dense(4, activation=activation)]
        start = keras.Input(x.shape[1:], dtype=str(x.dtype))
        model = keras.Sequential([start, *inside(value), *top])
        model.compile(optimizer(value), loss(value))
        return model

    return build


def _image(name: str, inside: Callable[[float], list[Any]]) -> None:
    PIECES[name] = (IMAGES, LABELS, _model(IMAGES, lambda v: [layers.Conv2D(4, 3), *inside(v)]))


def _sequence(name: str, inside: Callable[[float], list[Any]]) -> None:
    PIECES[name] = (SEQUENCES, LABELS, _model(SEQUENCES, inside))


def _optimizer(name: str, optimizer: Callable[[float], Any]) -> None:
    PIECES[f"optimizer {name}"] = (ROWS, LABELS, _model(ROWS, optimizer=optimizer))


def _loss(name: str, loss: Callable[[float], Any], activation: str | None = "softmax") -> None:
    PIECES[f"loss {name}"] = (ROWS, ONE_HOT, _model(ROWS, loss=loss, activation=activation))


_L = layers
_image("Dropout", lambda v: [_L.Dropout(v)])
_image("SpatialDropout2D", lambda v: [_L.SpatialDropout2D(v)])
_image("GaussianDropout", lambda v: [_L.GaussianDropout(v)])
_image("AlphaDropout", lambda v: [_L.AlphaDropout(v)])
_image("GaussianNoise", lambda v: [_L.GaussianNoise(v)])
_image("BatchNormalization momentum", lambda v: [_L.BatchNormalization(momentum=v)])
_image("BatchNormalization epsilon", lambda v: [_L.BatchNormalization(epsilon=v)])
_image("LayerNormalization epsilon", lambda v: [_L.LayerNormalization(epsilon=v)])
_image("GroupNormalization epsilon", lambda v: [_L.GroupNormalization(2, epsilon=v)])
_image("SpectralNorm", lambda v: [_L.SpectralNormalization(_L.Conv2D(3, 3)), _L.Dropout(v)])
_image("SeparableConv2D", lambda v: [_L.SeparableConv2D(4, 3), _L.Dropout(v)])
_image("DepthwiseConv2D", lambda v: [_L.DepthwiseConv2D(3), _L.Dropout(v)])
_image("Conv2DTranspose", lambda v: [_L.Conv2DTranspose(3, 3, strides=2), _L.Dropout(v)])
_image(
    "AveragePooling2D",
    lambda v: [_L.AveragePooling2D(2), _L.GlobalAveragePooling2D(), _L.Dropout(v)],
)
_image("LeakyReLU", lambda v: [_L.LeakyReLU(negative_slope=v)])
_image("ELU", lambda v: [_L.ELU(alpha=v)])
_image("Rescaling", lambda v: [_L.Rescaling(v)])
_image("PReLU", lambda v: [_L.PReLU(), _L.Dropout(v)])
_image("RandomRotation", lambda v: [_L.RandomRotation(v)])
_image("RandomZoom", lambda v: [_L.RandomZoom(v)])
_image("RandomContrast", lambda v: [_L.RandomContrast(v)])
_image("RandomBrightness", lambda v: [_L.RandomBrightness(v)])
_image("RandomTranslation", lambda v: [_L.RandomTranslation(v, v)])
_image("RandomFlip", lambda v: [_L.RandomFlip(), _L.Dropout(v)])
_image("RandomErasing", lambda v: [_L.RandomErasing(v)])
_image("L1", lambda v: [_L.Conv2D(3, 3, kernel_regularizer=regularizers.L1(v))])
_image("L2", lambda v: [_L.Conv2D(3, 3, kernel_regularizer=regularizers.L2(v))])
_image("L1L2", lambda v: [_L.Conv2D(3, 3, kernel_regularizer=regularizers.L1L2(v, v))])
_image(
    "OrthogonalRegularizer",
    lambda v: [
        _L.Flatten(),
        _L.Dense(6, kernel_regularizer=regularizers.OrthogonalRegularizer(v)),
    ],
)
_image("ActivityRegularization", lambda v: [_L.ActivityRegularization(l2=v)])
_image("MaxNorm", lambda v: [_L.Conv2D(3, 3, kernel_constraint=keras.constraints.MaxNorm(v))])
_image(
    "initializer",
    lambda v: [_L.Conv2D(3, 3, kernel_initializer=keras.initializers.RandomNormal(stddev=v))],
)
_image("Lambda product", lambda v: [_L.Lambda(lambda t: t * v)])
_image("Lambda power", lambda v: [_L.Lambda(lambda t: abs(t) ** v)])
_image("Python branch", lambda v: [_L.Lambda(lambda t: t * v if v > 0.25 else t + v)])

_sequence("LSTM dropout", lambda v: [_L.LSTM(5, dropout=v)])
_sequence("LSTM recurrent dropout", lambda v: [_L.LSTM(5, recurrent_dropout=v)])
_sequence("GRU dropout", lambda v: [_L.GRU(5, dropout=v)])
_sequence(
    "SimpleRNN activation",
    lambda v: [_L.SimpleRNN(5, activation=lambda t: keras.ops.leaky_relu(t, v))],
)
_sequence("Bidirectional", lambda v: [_L.Bidirectional(_L.LSTM(4)), _L.Dropout(v)])
_sequence("Conv1D", lambda v: [_L.Conv1D(4, 3), _L.Dropout(v)])
_sequence(
    "TimeDistributed",
    lambda v: [_L.TimeDistributed(_L.Dense(3)), _L.TimeDistributed(_L.Dropout(v))],
)
PIECES["Embedding"] = (
    TOKENS,
    LABELS,
    _model(TOKENS, lambda v: [_L.Embedding(10, 4), _L.Dropout(v)]),
)

for _kind in (
    *("SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl"),
    *("Lion", "Lamb", "Adafactor", "Muon"),
):
    _optimizer(
        _kind, lambda v, kind=_kind: getattr(optimizers, kind)(learning_rate=v, weight_decay=v)
    )
_optimizer("SGD momentum", lambda v: optimizers.SGD(0.1, momentum=v))
_optimizer("SGD nesterov", lambda v: optimizers.SGD(0.1, momentum=v, nesterov=True))
_optimizer("RMSprop rho", lambda v: optimizers.RMSprop(0.1, rho=v))
_optimizer("Adam betas", lambda v: optimizers.Adam(0.1, beta_1=v, beta_2=v + 0.1, epsilon=v))
_optimizer("Ftrl l1", lambda v: optimizers.Ftrl(0.1, l1_regularization_strength=v))
_optimizer("clipnorm", lambda v: optimizers.Adam(0.1, clipnorm=v))
_optimizer("clipvalue", lambda v: optimizers.Adam(0.1, clipvalue=v))
_optimizer("global_clipnorm", lambda v: optimizers.Adam(0.1, global_clipnorm=v))
_optimizer("ema_momentum", lambda v: optimizers.Adam(0.1, use_ema=True, ema_momentum=v))
_optimizer(
    "gradient accumulation",
    lambda v: optimizers.Adam(0.1, gradient_accumulation_steps=2, weight_decay=v),
)
_optimizer("LossScaleOptimizer", lambda v: optimizers.LossScaleOptimizer(optimizers.Adam(v)))

_S = optimizers.schedules
for _name, _make in {
    "ExponentialDecay": lambda v: _S.ExponentialDecay(v, 10, v),
    "CosineDecay": lambda v: _S.CosineDecay(v, int(v * 100), v),
    "CosineDecay warmup": lambda v: _S.CosineDecay(0.0, 100, v, warmup_target=v, warmup_steps=10),
    "PiecewiseConstantDecay": lambda v: _S.PiecewiseConstantDecay([5, 9], [v, v / 2, v / 4]),
    "PolynomialDecay": lambda v: _S.PolynomialDecay(v, 50, v / 9, power=v),
    "InverseTimeDecay": lambda v: _S.InverseTimeDecay(v, 5, v),
    "CosineDecayRestarts": lambda v: _S.CosineDecayRestarts(v, 10, 2.0 + v),
}.items():
    _optimizer(_name, lambda v, make=_make: optimizers.SGD(make(v)))

_loss("label smoothing", lambda v: losses.CategoricalCrossentropy(label_smoothing=v))
_loss("Huber", lambda v: losses.Huber(delta=v), None)
_loss("focal", lambda v: losses.CategoricalFocalCrossentropy(alpha=v, gamma=v))
_loss("closure", lambda v: lambda t, p: v * keras.ops.mean((t - p) ** 2, -1))


def _attention(value: float) -> Any:
    start = keras.Input((6, 5))
    hidden = layers.MultiHeadAttention(2, 4, dropout=value)(start, start)
    model = keras.Model(start, layers.Dense(4, activation="softmax")(layers.Flatten()(hidden)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def _two_outputs(value: float) -> Any:
    start = keras.Input((7,))
    hidden = layers.Dense(5)(start)
    ends = [layers.Dense(4, activation="softmax", name=name)(hidden) for name in ("a", "b")]
    model = keras.Model(start, ends)
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", {"a": loss, "b": loss}, loss_weights={"a": 1.0, "b": value})
    return model


class Scaled(keras.Model):
    """A subclassed model with a number as attribute."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.dense = layers.Dense(4)
        self.scale = scale

    def call(self, x: Any, training: bool = False) -> Any:
        return self.dense(x) * self.scale


def _subclassed(value: float) -> Any:
    model = Scaled(value)
    model.compile(optimizers.SGD(0.1), losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def _mixed_precision(value: float) -> Any:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        return _model(ROWS, lambda v: [layers.Dense(5), layers.Dropout(v)])(value)
    finally:
        keras.mixed_precision.set_global_policy("float32")


PIECES["MultiHeadAttention"] = (SEQUENCES, LABELS, _attention)
PIECES["loss weights"] = (ROWS, {"a": LABELS, "b": LABELS}, _two_outputs)
PIECES["subclassed model"] = (ROWS, LABELS, _subclassed)
PIECES["mixed precision"] = (ROWS, LABELS, _mixed_precision)

OWN_SKELETON = frozenset({"Python branch"})
"""Where the number decides which operations there are."""

ROWS_TOGETHER = frozenset(
    {
        "Bidirectional",
        "DepthwiseConv2D",
        "Embedding",
        "GRU dropout",
        "LSTM dropout",
        "LSTM recurrent dropout",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "SeparableConv2D",
        "SimpleRNN activation",
        "TimeDistributed",
    }
)
"""Where rows of a batch meet in operations of which it is not known how."""


def prepared(name: str, value: float) -> tuple[Any, Any, Any]:
    """A built model of a piece, its state and a batch."""
    x, y, build = PIECES[name]
    keras.utils.set_random_seed(0)
    model = build(value)
    model._symbolic_build(data_batch=(x, y))
    state = model._get_jax_state(
        trainable_variables=True,
        non_trainable_variables=True,
        optimizer_variables=True,
        metrics_variables=True,
    )
    return model, state, (x, y)


def agreement(name: str) -> float:
    """The largest difference between one step in a shared program and Keras's own."""
    import jax

    from luthier.programs import Programs

    programs, largest = Programs(), 0.0
    for value in (0.3, 0.2):
        model, state, batch = prepared(name, value)
        run = programs.compiled(model.train_step, state, batch)
        ours, theirs = run(state, batch), jax.jit(model.train_step)(state, batch)
        for pair in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            a, b = (np.asarray(value, "float64") for value in pair)
            scale = max(1.0, float(np.abs(b).max(initial=0.0)))
            largest = max(largest, float(np.abs(a - b).max(initial=0.0)) / scale)
    return largest


if __name__ == "__main__":
    import jax

    from luthier.programs import trace

    for piece in PIECES:
        first, second = (
            trace(model.train_step, state, batch).skeleton
            for model, state, batch in (prepared(piece, 0.3), prepared(piece, 0.2))
        )
        print(f"{piece:32s} {'same' if first == second else 'own':5s} {agreement(piece):.1e}")
        jax.clear_caches()
