"""`Step`: what happens to a model for each batch, said once for every backend.

Holds the definition; the first batch makes of it what TensorFlow, JAX or PyTorch runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

from luthier.errors import FatalValueError
from luthier.training._traces import Retrace

if TYPE_CHECKING:
    from luthier.training._keras_step import Engine


@dataclass(eq=False)
class Step:
    """One step of training: a loss, optimizers, and what is measured.

    Compiled for the backend in use: `tf.function`, `jax.jit`, or eager PyTorch. It trains by itself
    (`step.train(batch)`), and in a `Loop`. The model's regularisation losses are added to every
    loss.

    Args:
        model: a Keras model; it may be built by the first batch.
        loss: a Keras loss (name, object, `loss(y_true, y_pred)`, or one for each output); or a
            function over the model, `loss(model, batch)` or `loss(model, batch, training)`, which
            returns a scalar, `(scalar, outputs)` where there are metrics, or `(scalar, {"name":
            number})` with numbers to show. Or, for groups with a loss each that are trained in turn
            (a GAN), a dict of such functions with the groups' names. None: what the model was
            compiled with.
        optimizer: a Keras optimizer or its name; or a dict of several, one for each group of
            variables. None: what the model was compiled with.
        variables: group to its layers, variables, names (`"wide"`, `"block_*"`), a function of a
            variable that says whether it belongs, or a list of these; `...` is the rest. None: the
            groups are called like layers or parts of the model.
        metrics: Keras metrics, as `compile` takes them.
        loss_weights: how much each output's loss counts.
        clip_norm: largest norm of all gradients together.
        clip_value: largest absolute value in a gradient.
        transform: `transform(gradient, variable)` gives the gradient to use; or a dict of such
            functions by variables' names, as in `variables`.
        accumulate: how many batches make one update, with the mean of their gradients.
        jit_compile: True for XLA on TensorFlow and, for the loss and its gradients, `torch.compile`
            on PyTorch.
        run_eagerly: True runs one operation after the other, to debug.

    Numbers are inputs: `clip_norm`, `clip_value`, learning rates, and those that a
    `functools.partial(loss, beta=0.3)` carries can be set anew without another trace.

    Raises:
        FatalTypeError: (a TypeError) for a model that is none, or a loss with unclear arguments.
        FatalValueError: (a ValueError) for an unknown loss or metric, and at the first batch for a
            loss that is no scalar and for variables in no group or in two.

    Example:
        >>> step = luthier.Step(  # doctest: +SKIP
        ...     model, "mse", {"wide": keras.optimizers.Ftrl(0.01), "deep": "adam"}, clip_norm=1.0
        ... )
        >>> for batch in batches:  # doctest: +SKIP
        ...     loss = step.train(batch)
        >>> step.logs()  # doctest: +SKIP
        {'loss': 0.31}
    """

    model: Any
    loss: Any = None
    optimizer: Any = None
    _: KW_ONLY
    variables: Mapping[str, Any] | None = None
    metrics: Any = None
    loss_weights: Any = None
    clip_norm: float | None = None
    clip_value: float | None = None
    transform: Callable[[Any, Any], Any] | Mapping[str, Callable[[Any, Any], Any]] | None = None
    accumulate: int = 1
    jit_compile: bool | None = None
    run_eagerly: bool = False
    _engine: Engine | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        from luthier.training import _keras_step

        for name in ("clip_norm", "clip_value"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise FatalValueError(f"Expected {name} above 0, or None, got {limit!r}.")
        if not isinstance(self.accumulate, int) or self.accumulate < 1:
            raise FatalValueError(
                f"Expected accumulate to be a number of batches from 1 on, got {self.accumulate!r}."
            )
        _keras_step.check(self)

    def train(self, batch: Any, **numbers: float) -> Any:
        """Change the model by one batch.

        Args:
            batch: inputs, `(inputs, targets)` or `(inputs, targets, weights)`; for a loss over the
                model whatever that takes.
            **numbers: inputs of the step to set before, such as `clip_norm`.

        Returns:
            The loss of this batch, before the change: a scalar of the backend.
        """
        return self._run("train", batch, numbers)

    def test(self, batch: Any, **numbers: float) -> Any:
        """Look at one batch, as in validation: the model does not change.

        Returns:
            The loss of this batch: a scalar of the backend.
        """
        return self._run("test", batch, numbers)

    def logs(self) -> dict[str, float]:
        """The mean loss, the metrics and the numbers to show, since the last `reset`."""
        return self._engine.logs() if self._engine is not None else {}

    def reset(self) -> None:
        """Let the means and metrics of `logs` begin anew."""
        if self._engine is not None:
            self._engine.reset()

    def set(self, **numbers: float) -> None:
        """Give inputs of the step (`clip_norm`, …) new values; nothing is traced for that.

        Raises:
            FatalValueError: (a ValueError) for a name that is none.
        """
        if self._engine is None:
            raise FatalValueError("The step has not seen a batch yet; set numbers afterwards.")
        self._engine.set(numbers)

    @property
    def traces(self) -> dict[str, int]:
        """How often the step was traced, by kind: `"train"`, `"test"`."""
        return dict(self._engine.log.counts) if self._engine is not None else {}

    @property
    def retraces(self) -> tuple[Retrace, ...]:
        """Each trace after the first: which argument changed, and how to mend it."""
        return tuple(self._engine.log.retraces) if self._engine is not None else ()

    def prepared(self, batch: Any, programs: Any = None) -> Engine:
        """What runs it; made from the first batch, with compiled programs to share, if any."""
        if self._engine is None:
            from luthier.training._keras_step import Engine

            self._engine = Engine(self, batch, programs)
        return self._engine

    def _run(self, kind: str, batch: Any, numbers: Mapping[str, float]) -> Any:
        engine = self.prepared(batch)
        engine.set(numbers)
        loss = engine.run(kind, engine.convert(batch))
        engine.sync()
        return loss


@dataclass(frozen=True, slots=True)
class ForGroup:
    """A Keras callback that sees one of a step's several optimizers as the model's.

    `LearningRateScheduler` and `ReduceLROnPlateau` that a `Loop` is given without it act on all
    optimizers; other callbacks see the first.

    Args:
        group: the group's name.
        callback: the callback.

    Example:
        >>> slower = keras.callbacks.LearningRateScheduler(  # doctest: +SKIP
        ...     lambda epoch, rate: 0.9 * rate
        ... )
        >>> loop.fit(x, y, callbacks=[luthier.ForGroup("wide", slower)])  # doctest: +SKIP
    """

    group: str
    callback: Any
