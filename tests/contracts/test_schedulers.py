"""Every scheduler keeps the contract; a new one enters by one class."""

from __future__ import annotations

from luthier.schedulers import Never
from luthier.testing import SchedulerContract


class TestNever(SchedulerContract):
    make = Never
