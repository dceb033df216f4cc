"""Every executor keeps the contract; a new one enters by one class."""

from __future__ import annotations

from luthier.executors import InlineExecutor
from luthier.testing import ExecutorContract


class TestInline(ExecutorContract):
    make = InlineExecutor
