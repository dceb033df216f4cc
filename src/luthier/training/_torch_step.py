"""A step on PyTorch: eager, or compiled by `torch.compile` if that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch._dynamo.exc import TorchDynamoException

from luthier.errors import FatalRuntimeError
from luthier.training._batches import as_array
from luthier.training._traces import TraceLog


def convert(leaf: Any, floatx: str) -> Any:
    """An array of a batch, as PyTorch takes it, on the device that it trains on."""
    if not isinstance(leaf, torch.Tensor):
        array = as_array(leaf, floatx)
        leaf = torch.from_numpy(array if array.flags.writeable else array.copy())
    return leaf.to(torch.get_default_device())


def rehearse(function: Callable[[Any], None], batch: Any, scope: Callable[..., Any]) -> None:
    """Call a function; whoever calls keeps its changes apart."""
    del scope
    with torch.no_grad():
        function(batch)


class Runner:
    """Runs a program; see `_jax_step.Runner`."""

    def __init__(
        self,
        program: Any,
        log: TraceLog,
        scope: Callable[..., Any],
        *,
        jit_compile: bool | None,
        run_eagerly: bool,
        programs: Any,
    ) -> None:
        del scope, programs
        self.why = self.own_numbers_why = ""
        self._model = program.model
        self._log = log
        self._steps: dict[str, Callable[[Any], Any]] = {
            "train": program.train,
            "test": program.test,
        }
        if jit_compile and not run_eagerly:
            program.compile(_compiled)

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a batch, or look at one; its loss."""
        if self._model.training != (kind == "train"):
            self._model.train(kind == "train")
        if kind == "train":
            return self._steps[kind](batch).detach()
        with torch.no_grad():
            return self._steps[kind](batch)

    def sync(self) -> None:
        """Nothing: the variables are what is changed."""


def _compiled(loss: Callable[..., Any]) -> Callable[..., Any]:
    """A loss as `torch.compile` makes it, forth and back; optimizers stay as they are."""

    def plain(model: Any, batch: Any, training: bool) -> Any:
        return loss(model, batch, training)

    compiled = torch.compile(plain)

    def call(model: Any, batch: Any, training: bool) -> Any:
        try:
            return compiled(model, batch, training)
        except TorchDynamoException as error:
            raise FatalRuntimeError(
                f"torch.compile could not compile the loss: {str(error).strip().splitlines()[0]} "
                "Install a C++ compiler (g++) if there is none, or leave out jit_compile=True."
            ) from error

    return call
