"""Building a Keras model for a trial: names, seeds, compile overrides, size.

Enters: a hypermodel and values. Leaves: a model ready for `fit`, or a clear error.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras

from luthier.errors import FatalTypeError, FatalValueError, OversizedModelError
from luthier.space import HyperParameters
from luthier.training._hypermodel import HyperModel
from luthier.training._task import BuildSettings


def build_model(hypermodel: HyperModel, hp: HyperParameters, settings: BuildSettings) -> Any:
    """The user's model, finished as the settings say.

    Raises:
        FatalTypeError: (a TypeError) if `build` returns no Keras model.
        OversizedModelError: if it has too many parameters.
    """
    reset_names()
    with in_scope(settings):
        model = hypermodel.build(hp)
        check_model(model)
        _recompile(model, settings)
    check_size(model, settings.max_model_size)
    return model


def load_model(
    hypermodel: HyperModel,
    hp: HyperParameters,
    settings: BuildSettings,
    checkpoint: Path,
    build_config: Path | None = None,
) -> Any:
    """The trained model of a trial: built again, with the weights of its best epoch.

    Args:
        hypermodel: builds it.
        hp: the trial's values.
        settings: as in training.
        checkpoint: its weights.
        build_config: the shapes it was built with, for models that are built by their first batch.

    Raises:
        FileNotFoundError: if the checkpoint is gone.
    """
    if not Path(checkpoint).exists():
        raise FileNotFoundError(_no_weights(Path(checkpoint)))
    model = build_model(hypermodel, hp, settings)
    if not model.built and build_config is not None and Path(build_config).exists():
        _build_as_trained(model, json.loads(Path(build_config).read_text(encoding="utf-8")))
    with in_scope(settings), warnings.catch_warnings():
        # KerasTuner's checkpoints hold an optimizer's slots, which nobody has made yet.
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        model.load_weights(str(checkpoint))
    return model


def _no_weights(checkpoint: Path) -> str:
    if checkpoint.parent.is_dir() and any(checkpoint.parent.glob("checkpoint*.index")):
        return (
            f"The weights in {checkpoint.parent} are in TensorFlow's own format, as KerasTuner "
            "wrote it with tf.keras, which Keras 3 cannot read. Train the model again with the "
            "trial's values."
        )
    return (
        f"Expected the weights of the trial's best epoch in {checkpoint}, found none: they were "
        "deleted, or never saved. Train the model again with the trial's values."
    )


def _build_as_trained(model: Any, config: Mapping[str, Any]) -> None:
    """Build a model by the shapes that it was trained with.

    Layers that the model's own `build` only makes have no weights before it is called, and what is
    loaded then would be lost without a word.
    """
    model.build_from_config(config)
    shape = config.get("input_shape")
    if not shape or all(layer.built for layer in model._flatten_layers()):
        return
    for dtype in ("float32", "int32"):
        # Tokens are whole numbers; what a model makes of other input is its own business.
        with contextlib.suppress(Exception):
            model(keras.tree.map_shape_structure(partial(_zeros, dtype), shape))
            return


def _zeros(dtype: str, shape: Sequence[int | None]) -> Any:
    return keras.ops.zeros((1, *(size or 1 for size in shape[1:])), dtype)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend: an execution that is run again trains the same."""
    with _tensorflow_left_alone():
        keras.utils.set_random_seed(seed)


@contextlib.contextmanager
def _tensorflow_left_alone() -> Iterator[None]:
    """Keras imports TensorFlow to seed it, on any backend: ten seconds where nobody uses it."""
    lazy = sys.modules.get("keras.src.utils.module_utils")
    module = getattr(lazy, "tensorflow", None)
    if "tensorflow" in sys.modules or getattr(module, "_available", True) is not None:
        yield
        return
    module._available = False  # type: ignore[union-attr]
    try:
        yield
    finally:
        module._available = None  # type: ignore[union-attr]


def reset_names() -> None:
    """Let automatic names (`dense_1`, `auc_1`) begin again, the same in every trial."""
    try:
        from keras.src.utils.naming import reset_uids
    except ImportError:
        keras.backend.clear_session(free_memory=False)
    else:
        reset_uids()


def in_scope(settings: BuildSettings) -> contextlib.AbstractContextManager[Any]:
    """The scope of the distribution strategy, or one that does nothing."""
    strategy = settings.distribution_strategy
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def while_training(settings: BuildSettings) -> contextlib.AbstractContextManager[Any]:
    """The scope in which a model is to be trained too: that of a `keras.distribution`, which lays
    out the data; strategies of TensorFlow remember theirs.
    """
    strategy = settings.distribution_strategy
    of_keras = (keras.distribution.DataParallel, keras.distribution.ModelParallel)
    return in_scope(settings) if isinstance(strategy, of_keras) else contextlib.nullcontext()


def check_model(model: Any) -> None:
    """Refuse what is no Keras 3 model.

    Raises:
        FatalTypeError: naming what came.
    """
    if isinstance(model, keras.Model):
        return
    kinds = [kind for kind in type(model).__mro__ if kind.__name__ == "Model"]
    if any(kind.__module__.split(".")[0] in ("tf_keras", "keras", "tensorflow") for kind in kinds):
        raise FatalTypeError(
            "Expected a Keras 3 model, but the model-building function returned one of Keras 2 "
            f"({kinds[0].__module__}.Model). Build it with `import keras` in place of "
            "`tensorflow.keras` or `tf_keras`."
        )
    raise FatalTypeError(
        "Expected the model-building function, or HyperModel.build() to return a valid Keras Model "
        f"instance. Received: {model} of type {type(model)}."
    )


def check_size(model: Any, limit: int | None) -> None:
    """Refuse a model with more trainable parameters than the limit; one not built yet has none.

    Raises:
        OversizedModelError: naming the number.
    """
    if limit is None:
        return
    size = parameter_count(model)
    if size > limit:
        raise OversizedModelError(f"Oversized model: {size} parameters. Skip model.")


def parameter_count(model: Any) -> int:
    """How many trainable parameters the model has; 0 while it is not built."""
    if not model.built:
        return 0
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def write_build_config(model: Any, path: Path) -> None:
    """Keep the shapes that the model was built with, if it knows them."""
    config = model.get_build_config() if model.built else None
    if config:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config), encoding="utf-8")


def _recompile(model: Any, settings: BuildSettings) -> None:
    given = {
        "optimizer": _copied(settings.optimizer, "optimizer"),
        "loss": settings.loss,
        "metrics": keras.tree.map_structure(
            lambda metric: _copied(metric, "metrics"), settings.metrics
        ),
    }
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        return
    # What compile() was called with, so that loss weights, jit_compile and the like stay.
    before = getattr(getattr(model, "_compile_config", None), "config", {})
    model.compile(**{**before, **given})


def _copied(value: Any, argument: str) -> Any:
    """A fresh optimizer or metric of the same configuration; anything else as it is."""
    if not isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        return value
    try:
        return type(value).from_config(value.get_config())
    except Exception as error:
        raise FatalValueError(
            f"`{argument}` cannot be copied for each trial: {type(value).__name__}.from_config("
            f"get_config()) raised {type(error).__name__}: {error}. Give it a get_config() that "
            "returns all of its arguments, or compile the model in the model-building function."
        ) from error
