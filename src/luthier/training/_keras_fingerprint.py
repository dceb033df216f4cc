"""What a Keras model's step depends on: all Python state that tracing it could read.

Enters: a built, compiled model. Leaves: a key that is equal for models whose steps are the same but
for the scalars of `_keras_scalars`, those scalars, and the model's variables, in the same order for
equal keys. The state is walked, not the configuration: what a user set on a layer afterwards counts
too. Functions and losses of the user's own are read as code, with all that it names; other
code that is not Keras's own may depend on anything: such models share nothing.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import inspect
import types
import weakref
from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from luthier.training._code import UnseenError, form_of, read_by
from luthier.training._keras_scalars import Scalar, scalars_of

# What tells a layer how to begin, and what only serves bookkeeping: no step reads it.
_UNREAD = frozenset(
    {
        "_auto_config",
        "_build_shapes_dict",
        "_compile_config",
        "_epoch",
        "_eval_epoch_iterator",
        "_exclude_from_weight_decay_cache",
        "_get_metrics_result_or_logs",
        "_initial_epoch",
        "_initial_seed",
        "_init_seed",
        "_inbound_nodes",
        "_jax_state",
        "_jax_state_synced",
        "_last_input_shape",
        "_nodes",
        "_outbound_nodes",
        "_parent_path",
        "_symbolic_build",
        "_tracker",
        "_trainable_variables_indices",
        "fit",
        "history",
        "make_test_function",
        "make_train_function",
        "path",
        "predict_function",
        "stop_evaluating",
        "stop_predicting",
        "stop_training",
        "test_function",
        "train_function",
    }
)
_PLAIN = (bool, int, str, bytes, type(None), type(Ellipsis), slice, range, complex)
_TRUSTED = ("keras", "tensorflow", "numpy", "builtins", "collections", "functools", "inspect")
# What Python keeps in each class.
_OF_CLASSES = frozenset(
    {
        "__abstractmethods__",
        "__annotations__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)
_MOST_BYTES = 64 * 2**20
_VARIABLE_FACTS = ("trainable", "_overwrite_with_gradient", "_autocast", "_aggregation")


class NotShareableError(Exception):
    """A model whose step may depend on what cannot be seen; says on what."""


@dataclass(frozen=True)
class Fingerprint:
    """A model, looked at.

    Attributes:
        key: what its step depends on, without the scalars' values.
        scalars: where numbers are that the step takes as they come.
        variables: Keras variables that the step may read or write.
        kin: the key without the numbers that the user's own code reads.
        read: name and value of each of those.
        form: the key without whole numbers, such as the widths of layers.
        sizes: those, in order.
    """

    key: str
    scalars: tuple[Scalar, ...]
    variables: tuple[Any, ...]
    kin: str
    read: tuple[tuple[str, float], ...]
    form: str
    sizes: tuple[int, ...]


def fingerprint(model: Any, *more: Any) -> Fingerprint:
    """Look at a model.

    Args:
        model: built and compiled.
        more: whatever else its step depends on.

    Raises:
        NotShareableError: naming the first thing that a step could depend on unseen.
    """
    walk = _Walk()
    walk.visit(model, "model")
    walk.visit(more, "more")
    settings = (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        str(keras.config.dtype_policy().name),
    )
    walk.note(settings)
    kin = [walk.read.get(place, ("", 0))[0] or note for place, note in enumerate(walk.notes)]
    form = list(walk.notes)
    for place, (what, sizes) in walk.sizes.items():
        form[place] = f"{what} {len(sizes)}"
    return Fingerprint(
        _digest(walk.notes),
        tuple(walk.scalars),
        tuple(walk.variables),
        _digest(kin),
        tuple(walk.read.values()),
        _digest(form),
        tuple(size for _, sizes in walk.sizes.values() for size in sizes),
    )


@dataclass
class _Walk:
    notes: list[str] = field(default_factory=list)
    scalars: list[Scalar] = field(default_factory=list)
    variables: list[Any] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)
    hoisted: set[tuple[int, Any]] = field(default_factory=set)
    read: dict[int, tuple[str, float]] = field(default_factory=dict)
    # Notes that are whole numbers: what else they say, and the numbers.
    sizes: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    own: int = 0  # how deep in what the user's own code reads

    def note(self, fact: object) -> None:
        self.notes.append(str(fact))

    def note_sizes(self, what: str, sizes: Sequence[int | None]) -> None:
        """Note whole numbers; None is a size that is not known."""
        self.sizes[len(self.notes)] = what, tuple(-1 if one is None else one for one in sizes)
        self.note((what, tuple(sizes)))

    def visit(self, value: Any, path: str) -> None:
        """Note a value and all that it refers to."""
        if self.own and isinstance(value, int | float) and not isinstance(value, bool):
            self.read[len(self.notes)] = path.rpartition(".")[2], value
        if isinstance(value, float):
            self.note(("float", repr(float(value))))
        elif type(value) is int:
            self.note_sizes("int", (value,))
        elif isinstance(value, (*_PLAIN, enum.Enum)):
            self.note((type(value).__name__, repr(value)))
        elif self._is_known(value):
            return
        elif isinstance(value, Mapping | Sequence | Set | deque):
            self._visit_items(value, path)
        elif isinstance(value, keras.Variable):
            self._visit_variable(value, path)
        elif isinstance(value, np.ndarray | np.generic) or _is_tensor(value):
            self._visit_array(np.asarray(value), path)
        elif callable(value) and not _has_state(value):
            self._visit_function(value, path)
        else:
            self._visit_other(value, path)

    def _is_known(self, value: Any) -> bool:
        """Whether it was visited; if so, notes where."""
        place = self.seen.get(id(value))
        if place is not None:
            self.note(("again", place))
            return True
        self.seen[id(value)] = len(self.seen)
        self.alive.append(value)  # an id stays the thing's own as long as it lives
        return False

    def _visit_items(self, value: Any, path: str) -> None:
        self.note((type(value).__name__, len(value)))
        if isinstance(value, Mapping):
            for key in value:
                self.note(("key", repr(key) if isinstance(key, _PLAIN) else type(key).__name__))
                if (id(value), key) not in self.hoisted:
                    self.visit(value[key], f"{path}[{key!r}]")
        elif isinstance(value, Set):
            if not all(isinstance(item, _PLAIN) for item in value):
                raise NotShareableError(f"{path} is a set")
            self.note(sorted(map(repr, value)))
        else:
            for index, item in enumerate(value):
                self.visit(item, f"{path}[{index}]")

    def _visit_variable(self, variable: Any, path: str) -> None:
        self.note_sizes(f"variable {variable.dtype}", tuple(variable.shape))
        self.variables.append(variable)
        for name in _VARIABLE_FACTS:
            self.note((name, repr(getattr(variable, name, None))))
        for name in ("regularizer", "constraint"):
            self.visit(getattr(variable, name, None), f"{path}.{name}")

    def _visit_array(self, array: Any, path: str) -> None:
        if array.dtype.hasobject or array.nbytes > _MOST_BYTES:
            raise NotShareableError(f"{path} is an array that is too large to compare")
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        self.note(("array", array.shape, str(array.dtype), digest))

    def _visit_function(self, function: Any, path: str) -> None:
        if isinstance(function, functools.partial):
            self.visit((function.func, function.args, function.keywords), path)
            return
        if isinstance(function, types.MethodType):
            self.note(("method", function.__func__.__qualname__))
            self.visit(function.__self__, path)
            return
        is_own = isinstance(function, types.FunctionType) and not _is_trusted(function)
        self.own += is_own
        if is_own:
            self._visit_own_function(function, path)
        else:
            _check_trusted(function, path)
        self.note((function.__module__, getattr(function, "__qualname__", function)))
        cells = getattr(function, "__closure__", None) or ()
        names = function.__code__.co_freevars if cells else ()
        for name, cell in zip(names, cells, strict=True):
            self.visit(_content(cell), f"{path}.{name}")
        self.own -= is_own

    def _visit_own_function(self, function: types.FunctionType, path: str) -> None:
        """A user's function: its code, and all that the code reads."""
        self.note(("code", form_of(function.__code__)))
        try:
            found = read_by(function, (*_TRUSTED, "math"))
        except UnseenError as error:
            raise NotShareableError(
                f"{function.__qualname__} is not seen through: {error}"
            ) from error
        for name, value in found.items():
            self.note(name)
            self.visit(value, f"{path}.{name}")

    def _visit_loss(self, loss: Any, path: str) -> None:
        """A user's class of losses: what its methods do, and what it holds."""
        self.own += 1
        for kind in type(loss).__mro__:
            if _is_trusted(kind) or self._is_known(kind):
                continue
            for name, value in sorted(vars(kind).items()):
                if name not in _OF_CLASSES:
                    self.note((name, type(value).__name__))
                    inner = getattr(value, "__func__", getattr(value, "fget", value))
                    self.visit(inner, f"{path}.{name}")
        self._visit_attributes(loss, path)
        self.own -= 1

    def _visit_other(self, value: Any, path: str) -> None:
        if isinstance(value, inspect.Signature | inspect.Parameter | np.dtype):
            self.note(value)
            return
        kind = type(value)
        self.note((kind.__module__, kind.__qualname__))
        if isinstance(value, weakref.ref | types.ModuleType) or "threading" in kind.__module__:
            return
        if isinstance(value, keras.losses.Loss) and not _is_trusted(kind):
            self._visit_loss(value, path)
            return
        _check_trusted(kind, path)
        if isinstance(value, keras.initializers.Initializer):
            return
        if isinstance(value, keras.KerasTensor):
            self.note_sizes(f"tensor {value.dtype} {value.sparse}", tuple(value.shape))
            return
        self._visit_attributes(value, path)

    def _visit_attributes(self, value: Any, path: str) -> None:
        attributes = getattr(value, "__dict__", None)
        if attributes is None:
            self.note(repr(value))
            return
        for scalar in scalars_of(value):
            self.hoist(scalar)
        for name in sorted(attributes):
            if name in _UNREAD or name.startswith("_self_"):
                continue
            self.note(name)
            if (id(attributes), name) not in self.hoisted:
                self.visit(attributes[name], f"{path}.{name}")

    def hoist(self, scalar: Scalar) -> None:
        """Note a number by what may be asked of it."""
        self.note(("scalar", scalar.name, scalar.guard))
        self.hoisted.add((id(scalar.owner), scalar.name))
        self.scalars.append(scalar)


def _digest(notes: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(notes).encode("utf-8", "replace")).hexdigest()


def _is_tensor(value: Any) -> bool:
    # Of the class: some objects answer to every name.
    return hasattr(type(value), "numpy")


def _has_state(value: Any) -> bool:
    return not isinstance(
        value,
        types.FunctionType
        | types.BuiltinFunctionType
        | types.MethodType
        | functools.partial
        | type
        | np.ufunc,
    )


def _is_trusted(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in _TRUSTED


def _check_trusted(thing: Any, path: str) -> None:
    if not _is_trusted(thing):
        name = getattr(thing, "__qualname__", repr(thing))
        raise NotShareableError(f"{name} is not Keras's own ({path})")


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None
