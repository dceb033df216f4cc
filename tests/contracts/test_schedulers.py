"""Every scheduler keeps the contract; a new one enters by one class."""

from __future__ import annotations

from luthier.schedulers import ASHA, Auto, Hyperband, Median, Never, Patience, SuccessiveHalving
from luthier.testing import SchedulerContract


class TestNever(SchedulerContract):
    make = Never


class TestASHA(SchedulerContract):
    make = ASHA


class TestSuccessiveHalving(SchedulerContract):
    make = SuccessiveHalving


class TestHyperband(SchedulerContract):
    make = Hyperband


class TestMedian(SchedulerContract):
    make = Median


class TestPatience(SchedulerContract):
    make = Patience


class TestAuto(SchedulerContract):
    make = Auto
