"""Who this process is to others that share a store, and how it keeps hold of what it runs.

A worker's name says on which machine, in which boot and in which process it lives, so that another
process of the same machine sees at once that it is dead; elsewhere only its lease tells.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Iterable
from pathlib import Path

from luthier.abc import Store
from luthier.errors import StoreError


def worker_name() -> str:
    """A name for this process, unique also among several studies in it: `machine;pid;birth;id`."""
    return f"{_machine()};{os.getpid()};{_birth(os.getpid())};{uuid.uuid4().hex[:8]}"


def is_dead(worker: str, lease: float | None) -> bool:
    """Whether `worker` will never finish what it runs.

    Args:
        worker: a name that `worker_name` made, or any other.
        lease: POSIX seconds until which it holds its trial; None counts as over.
    """
    if lease is None or lease < time.time():
        return True
    machine, _, rest = worker.partition(";")
    pid, _, rest = rest.partition(";")
    birth = rest.partition(";")[0]
    if machine != _machine() or not pid.isdigit():
        return False
    return _birth(int(pid)) != birth


def _machine() -> str:
    parts = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id",):
        parts.append(_read(source).strip())
    try:
        # Containers may share a host's name and boot, but not its process numbers.
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return "/".join(parts).replace(";", ":")


def _birth(pid: int) -> str:
    """When process `pid` started, in the system's own count; empty if there is none such."""
    stat = _read(f"/proc/{pid}/stat")
    if stat:
        # The name in brackets may hold blanks: fields are counted after it. A zombie is dead.
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else fields[19]
    if Path("/proc/self/stat").exists():
        return ""
    return "unknown" if _signalable(pid) else ""


def _signalable(pid: int) -> bool:
    if os.name == "nt":
        # There is no harmless signal: only the lease tells.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class Heartbeat:
    """Renews the leases of what a worker runs, from a thread of its own, until it is told to stop
    or forgotten.
    """

    def __init__(self, store: Store, worker: str, seconds: float) -> None:
        self._store = store
        self._worker = worker
        self._seconds = seconds
        self._held: set[int] = set()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, number: int) -> None:
        """Renew this trial's lease from now on."""
        self._held.add(number)
        if self._thread is None:
            self._thread = threading.Thread(
                target=_beat,
                args=(weakref.ref(self), self._wake, self._seconds / 3),
                name="luthier-lease",
                daemon=True,
            )
            self._thread.start()

    def drop(self, number: int) -> None:
        """Stop renewing this trial's lease."""
        self._held.discard(number)

    def stop(self) -> None:
        """End the thread."""
        self._held.clear()
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._wake = threading.Event()

    def beat(self) -> None:
        """Renew once. A store that cannot be reached now is tried again at the next beat."""
        held: Iterable[int] = tuple(self._held)
        if held:
            try:
                self._store.renew(tuple(held), self._worker, time.time() + self._seconds)
            except StoreError:
                return


def _beat(owner: weakref.ref[Heartbeat], wake: threading.Event, pause: float) -> None:
    while not wake.wait(pause):
        heartbeat = owner()
        if heartbeat is None:
            return
        heartbeat.beat()
        del heartbeat
