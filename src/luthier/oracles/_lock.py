"""`synchronized`: methods of an oracle that several threads may call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def synchronized(func: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Let one thread at a time run a method, or any other decorated method of the same object.

    The lock may be taken again by the thread that holds it, and is released also when the method
    raises.

    Args:
        func: a method.

    Returns:
        The method with the lock around it.

    Example:
        >>> import luthier
        >>> class MyOracle(luthier.Oracle):
        ...     @luthier.synchronized
        ...     def count(self):
        ...         return len(self.trials)
    """

    @functools.wraps(func)
    def wrapped(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # dict.setdefault is atomic: all threads get the same lock.
        lock = vars(self).setdefault("_oracle_lock", threading.RLock())
        with lock:
            return func(self, *args, **kwargs)

    return wrapped
