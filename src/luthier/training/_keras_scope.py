"""Variables that change inside a function, kept apart from the function: what JAX asks for.

Inside a `Recorder` nothing is really assigned; it knows afterwards which variables would have been,
and to what. `replay` assigns them: in the recorder around it, or for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import keras


class Recorder(keras.StatelessScope):  # type: ignore[misc]
    """A stateless scope that knows which variables were assigned, and sees what is around it.

    Args:
        mapping: pairs of a variable and the value it has inside.
    """

    def __init__(self, mapping: Iterable[tuple[Any, Any]] = ()) -> None:
        self.state_mapping: dict[int, Any] = {}
        super().__init__(list(mapping), collect_losses=True)
        self._assigned: dict[int, Any] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        if self.original_scope is not None:
            self.state_mapping = {**self.original_scope.state_mapping, **self.state_mapping}
        return self

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Called by a variable that is assigned."""
        self._assigned[id(update[0])] = update[0]
        super().add_update(update)

    def get_current_value(self, variable: Any) -> Any:
        """Called by whatever reads a variable; Keras's regularisation wants all to be known."""
        value = super().get_current_value(variable)
        return getattr(variable, "_value", None) if value is None else value

    @property
    def assigned(self) -> list[Any]:
        """The variables that were assigned, the first one first."""
        return list(self._assigned.values())

    def value_of(self, variable: Any) -> Any:
        """What a variable is at the end."""
        return self.get_current_value(variable)


def replay(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Assign what a recorder recorded."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def recorded(function: Callable[[], Any], mapping: Iterable[tuple[Any, Any]] = ()) -> Any:
    """What a function returns, the variables it assigned, and their values; nothing is assigned."""
    with Recorder(mapping) as scope:
        value = function()
    assigned = scope.assigned
    return value, assigned, [scope.value_of(variable) for variable in assigned]
