from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from luthier import artifacts
from luthier.training import programs_kept_in

pytestmark = pytest.mark.jax

# Compiles two programs where none are kept; says how many requests were answered from disk.
SCRIPT = """
import sys
from pathlib import Path
import jax
from luthier.training import programs_kept_in
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event))
with programs_kept_in(Path(sys.argv[1])):
    double = jax.jit(lambda x: 2 * x)(3.0)
    triple = jax.jit(lambda x: 3 * x)(3.0)
print(float(double), float(triple), hits.count("/jax/compilation_cache/cache_hits"))
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    import jax

    jax.clear_caches()
    yield
    assert jax.config.jax_compilation_cache_dir is None


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*-cache"))


def run_script(folder: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "cpu_aot_loader" not in ended.stderr
    return ended.stdout.strip()


def compile_something(factor: float) -> float:
    import jax

    jax.clear_caches()
    return float(jax.jit(lambda x: factor * x)(3.0))


def test_another_process_finds_what_one_compiled_and_compiles_again_what_is_damaged(
    tmp_path: Path,
) -> None:
    # Both begin as a user's script does; this process may have begun JAX otherwise.
    assert run_script(tmp_path) == "6.0 9.0 0"
    kept = entries(tmp_path)
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:-20])
    os.utime(kept[0])
    assert run_script(tmp_path) == "6.0 9.0 1"
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize("content", [b"", b"\x78\x9c nonsense", b"nonsense"])
def test_an_entry_that_cannot_be_read_is_compiled_in_silence(
    tmp_path: Path, content: bytes
) -> None:
    with programs_kept_in(tmp_path):
        compile_something(2.0)
    (entry,) = entries(tmp_path)
    entry.write_bytes(content)
    os.utime(entry, (0, 0))  # as if it had been checked: JAX comes to read it
    with programs_kept_in(tmp_path):
        assert compile_something(2.0) == 6.0


def test_a_cache_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "mine"))
    try:
        with programs_kept_in(tmp_path / "ours"):
            assert jax.config.jax_compilation_cache_dir == str(tmp_path / "mine")
            compile_something(2.0)
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
        compilation_cache.reset_cache()
    assert not (tmp_path / "ours").exists()


def test_no_programs_are_kept_where_the_user_wants_none(tmp_path: Path) -> None:
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    try:
        with programs_kept_in(tmp_path / "ours"):
            compile_something(2.0)
    finally:
        jax.config.update("jax_enable_compilation_cache", True)
    assert not (tmp_path / "ours").exists()


def test_settings_and_warnings_are_as_before_also_after_an_error(tmp_path: Path) -> None:
    import jax

    seconds = jax.config.jax_persistent_cache_min_compile_time_secs
    before = list(warnings.filters)
    with pytest.raises(ZeroDivisionError), programs_kept_in(tmp_path):
        assert jax.config.jax_persistent_cache_min_compile_time_secs == 0.0
        raise ZeroDivisionError
    assert jax.config.jax_persistent_cache_min_compile_time_secs == seconds
    assert warnings.filters == before


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with programs_kept_in(tmp_path / "taken"):
        assert compile_something(2.0) == 6.0


def test_a_search_keeps_its_programs_in_the_project(tmp_path: Path) -> None:
    import keras

    import luthier
    from tests.training.models import fit_arguments

    def build(hp: luthier.HyperParameters) -> object:
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 1, 1))])
        model.compile("sgd", "mse")
        return model

    def search(**options: object) -> set[Path]:
        tuner = luthier.RandomSearch(
            build, "val_loss", max_trials=1, seed=0, directory=tmp_path, **options
        )
        arguments, keywords = fit_arguments(epochs=1)
        tuner.search(*arguments, **keywords)
        return set(entries(artifacts.compiled_path(Path(tuner.project_dir))))

    first = search()
    # The shared program of the step, and what Keras compiles beside it.
    assert any("train_step" in entry.name for entry in first)
    times = {entry: entry.stat().st_mtime_ns for entry in first}
    assert search(overwrite=True) == first
    assert times == {entry: entry.stat().st_mtime_ns for entry in first}


LEVEL = """
import os, sys
from pathlib import Path
import jax
from luthier.training import programs_kept_in
before = os.environ.get("XLA_FLAGS")
with programs_kept_in(Path(sys.argv[1])):
    jax.numpy.zeros(3)
from jax._src.lib import xla_client
options = xla_client.CompileOptions().executable_build_options.debug_options
print(options.xla_backend_optimization_level, os.environ.get("XLA_FLAGS") == before)
"""


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        (None, 2),
        ("--xla_cpu_enable_fast_math=false", 2),
        ("--xla_backend_optimization_level=1", 1),
    ],
)
def test_jax_compiles_quickly_unless_the_user_says_otherwise(
    tmp_path: Path, flags: str | None, level: int
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    environment["JAX_PLATFORMS"] = "cpu"
    if flags is not None:
        environment["XLA_FLAGS"] = flags
    done = subprocess.run(
        [sys.executable, "-c", LEVEL, str(tmp_path)],
        env=environment | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(level), "True"], done.stderr
