"""The door to JAX's cache of compiled programs on disk, in a folder of the project.

While it is open every program that JAX compiles is kept there, small ones too, and the next run of
the script compiles nothing. A user's own cache directory is never touched. Entries are data for
the machine that wrote them, so each kind of processor has a folder of its own; one that a killed
process left half-written is taken out, and any that cannot be read is compiled again in silence.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import sys
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

# Before this one, what jaxlib wrote for the CPU it refused to read again, with pages of warnings.
_FIRST_FOR_CPU = (0, 10, 2)
_STAMP = "checked"
_ENTRY = "-cache"
_TROUBLE = "Error (reading|writing) persistent compilation cache"


@contextmanager
def programs_kept_in(folder: Path) -> Iterator[None]:
    """Keep compiled programs in a folder, unless the user has them kept elsewhere or not at all.

    Args:
        folder: where to; each kind of machine has its own folder in it.
    """
    place = folder / _machine()
    if not _is_wanted() or not _prepare(place):
        yield
        return
    wanted = {
        "jax_compilation_cache_dir": str(place),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
    }
    before = {name: getattr(jax.config, name) for name in wanted}
    _apply(wanted)
    trouble = _silence()
    try:
        yield
    finally:
        if trouble in warnings.filters:
            warnings.filters.remove(trouble)  # type: ignore[attr-defined]
        if jax.config.jax_compilation_cache_dir == str(place):
            _apply(before)
        _stamp(place)


def _is_wanted() -> bool:
    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:
        return False
    if jax.default_backend() != "cpu":
        return True
    # On macOS, reading a large program of the CPU back can exhaust a thread's stack.
    return sys.platform != "darwin" and _version() >= _FIRST_FOR_CPU


def _version() -> tuple[int, ...]:
    parts = importlib.metadata.version("jaxlib").split(".")[:3]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)


def _apply(settings: dict[str, object]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)
    # JAX looks at its settings once; now it does so again.
    compilation_cache.reset_cache()


def _silence() -> tuple[object, ...]:
    """An entry that cannot be read costs a compile, and nobody needs to do anything about it."""
    warnings.filterwarnings("ignore", message=_TROUBLE)
    return warnings.filters[0]


def _machine() -> str:
    """A name for this kind of processor: code made for another may not run here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = [platform.processor()]
    kind = [line for line in lines if line.startswith(("flags", "Features", "model name"))][:2]
    text = "\n".join([platform.system(), platform.machine(), *kind])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _prepare(place: Path) -> bool:
    """Make the folder and take out what was torn; whether it can be used."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        checked = _time_of(place / _STAMP)
        for entry in place.glob(f"*{_ENTRY}"):
            if entry.stat().st_mtime >= checked and _is_torn(entry):
                entry.unlink(missing_ok=True)
    except OSError:
        return False
    return os.access(place, os.W_OK)


def _stamp(place: Path) -> None:
    """What is there now was written to its end."""
    try:
        (place / _STAMP).touch()
    except OSError:
        # Read-only or gone by now: the next run looks at everything again.
        return


def _time_of(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _is_torn(entry: Path) -> bool:
    content = entry.read_bytes()
    if content[:1] != b"\x78":
        # Packed by zstandard, which notices by itself; what is empty is neither.
        return not content
    try:
        zlib.decompress(content)
    except zlib.error:
        return True
    return False
