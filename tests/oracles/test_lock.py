"""`synchronized`: one thread at a time, again by the same thread, released on errors."""

from __future__ import annotations

import threading

import pytest

from luthier.oracles import synchronized


class Counter:
    def __init__(self):
        self.value = 0

    @synchronized
    def add(self, times=1000):
        for _ in range(times):
            before = self.value
            threading.Event().wait(0) if before % 500 == 0 else None
            self.value = before + 1
        return self.value

    @synchronized
    def add_twice(self):
        self.add(1)
        return self.add(1)

    @synchronized
    def fail(self):
        raise KeyError("no")


def test_threads_do_not_disturb_each_other():
    counter = Counter()
    threads = [threading.Thread(target=counter.add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 4000


def test_a_method_may_call_another_one():
    assert Counter().add_twice() == 2


def test_the_lock_is_released_when_the_method_raises():
    counter = Counter()
    with pytest.raises(KeyError):
        counter.fail()
    thread = threading.Thread(target=counter.add, args=(3,))
    thread.start()
    thread.join(timeout=10)
    assert counter.value == 3


def test_the_method_keeps_its_name():
    assert Counter.add.__name__ == "add"
