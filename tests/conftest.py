"""What every test may ask for: a backend, a database, a place to write.

Markers: `keras` runs under every backend, each in its own process (tests/run.py); `jax`,
`tensorflow` and `torch` run under that one only. A test that asks for the fixture `backend` is
marked `keras` by itself, one that asks for `postgres_url` is marked `postgres`. On a laptop what
is missing is skipped; with CI in the environment it fails.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

BACKENDS = ("jax", "tensorflow", "torch")
POSTGRES = "postgresql+psycopg://{user}@127.0.0.1:5432/test"
POSTGRES_USERS = ("root", "postgres")

IN_CI = os.environ.get("CI", "") not in ("", "0", "false")
INSTALLED = tuple(name for name in BACKENDS if importlib.util.find_spec(name) is not None)

# Before anything imports Keras: a test run never looks for an accelerator and never follows the
# user's own settings.
if INSTALLED:
    os.environ.setdefault("KERAS_BACKEND", INSTALLED[0])
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
for _name in [name for name in os.environ if name.startswith("KERASTUNER_")]:
    del os.environ[_name]

_CALM = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("laptop", deadline=None, suppress_health_check=_CALM)
settings.register_profile(
    "ci", deadline=None, suppress_health_check=_CALM, derandomize=True, print_blob=True
)
settings.load_profile("ci" if IN_CI else "laptop")


@pytest.hookimpl(tryfirst=True)  # the marks have to be there before -m looks at them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, and skip those of another backend."""
    chosen = os.environ.get("KERAS_BACKEND")
    for item in items:
        wanted = [name for name in BACKENDS if item.get_closest_marker(name) is not None]
        fixtures = getattr(item, "fixturenames", ())
        if wanted or "backend" in fixtures:
            item.add_marker(pytest.mark.keras)
        if "postgres_url" in fixtures:
            item.add_marker(pytest.mark.postgres)
        if wanted and chosen not in wanted:
            item.add_marker(pytest.mark.skip(reason=f"for {', '.join(wanted)}, this is {chosen}"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A Keras test without any backend cannot run."""
    if item.get_closest_marker("keras") is not None and not INSTALLED:
        _missing("no Keras backend is installed")


@pytest.fixture
def backend() -> str:
    """The Keras backend of this process: jax, tensorflow or torch."""
    return os.environ["KERAS_BACKEND"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the working directory while the test runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """No test finds programs that a search in another one left."""
    yield
    kept = sys.modules.get("luthier.training._jax_kept")
    if kept is not None:
        kept.forget()


@pytest.fixture(scope="session")
def _postgres_server() -> str:
    if importlib.util.find_spec("psycopg") is None:
        _missing("the extra `postgres` is not installed")
    import sqlalchemy

    problems = []
    for user in POSTGRES_USERS:
        url = POSTGRES.format(user=user)
        engine = sqlalchemy.create_engine(url, connect_args={"connect_timeout": 5})
        try:
            with engine.connect():
                return url
        except sqlalchemy.exc.OperationalError as error:
            problems.append(f"{user}: {error.orig}".strip())
        finally:
            engine.dispose()
    _missing(f"no PostgreSQL test server ({'; '.join(problems)})")
    raise AssertionError("unreachable")


@pytest.fixture
def postgres_url(_postgres_server: str) -> Iterator[str]:
    """The URL of an empty schema of its own on the test server; it is dropped afterwards."""
    import sqlalchemy

    schema = f"luthier_{uuid.uuid4().hex[:16]}"
    admin = sqlalchemy.create_engine(_postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        yield f"{_postgres_server}?options=-csearch_path%3D{schema}"
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        admin.dispose()


def _missing(what: str) -> None:
    """Skip on a laptop, fail in CI."""
    if IN_CI:
        pytest.fail(f"{what}, and CI needs it", pytrace=False)
    pytest.skip(what)
