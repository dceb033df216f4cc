"""`luthier run`: programs that import KerasTuner, run as `python` would run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import keras_tuner as kt
from keras_tuner.engine import hyperparameters as hp_module
from keras_tuner.engine.base_tuner import BaseTuner
import keras_tuner.oracles

class Bowl(BaseTuner):
    def run_trial(self, trial, **fit_kwargs):
        return trial.hyperparameters.Float("x", -1.0, 1.0) ** 2

if __name__ == "__main__":
    tuner = Bowl(kt.oracles.RandomSearchOracle(max_trials=3, seed=0), directory="runs")
    tuner.search(verbose=0)
    assert isinstance(tuner.get_best_hyperparameters()[0], hp_module.HyperParameters)
    print(sys.argv[1:], __file__, kt.__name__, len(tuner.oracle.trials))
"""


def luthier_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "luthier", "run", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def script(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_program_runs_unchanged(tmp_path: Path) -> None:
    path = script(tmp_path, PROGRAM)
    done = luthier_run(tmp_path, "train.py", "--epochs", "3", "-m", "-h", "--", "x")
    wanted = f"['--epochs', '3', '-m', '-h', '--', 'x'] {path} luthier 3\n"
    assert (done.stdout, done.returncode) == (wanted, 0), done.stderr


@pytest.mark.parametrize("arguments", [["-m", "pack.train", "-v"], ["-mpack.train", "-v"]])
def test_a_module_runs_too(arguments: list[str], tmp_path: Path) -> None:
    script(tmp_path, "", "pack/__init__.py")
    path = script(tmp_path, PROGRAM.replace("3, seed", "1, seed"), "pack/train.py")
    done = luthier_run(tmp_path, *arguments)
    assert done.stdout == f"['-v'] {path} luthier 1\n", done.stderr


@pytest.mark.parametrize(
    ("ending", "status", "told"),
    [
        ("sys.exit(7)", 7, ""),
        ("sys.exit('a text')", 1, "a text\n"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt\n"),
        ("import luthier; raise luthier.errors.StoreError('mine')", 1, "StoreError: mine\n"),
    ],
)
def test_it_ends_as_it_would_by_itself(ending: str, status: int, told: str, tmp_path: Path) -> None:
    script(tmp_path, f"import sys\n{ending}\n")
    done = luthier_run(tmp_path, "train.py")
    assert done.returncode == status
    assert done.stderr.endswith(told)


def test_a_traceback_begins_with_the_user_s_own_line(tmp_path: Path) -> None:
    path = script(tmp_path, "def build(hp):\n    return 1 / 0\nbuild(None)\n")
    lines = luthier_run(tmp_path, "train.py").stderr.splitlines()
    assert lines[:3] == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 3, in <module>',
        "    build(None)",
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_program_that_is_none_shows_where(tmp_path: Path) -> None:
    path = script(tmp_path, "def x(:\n")
    done = luthier_run(tmp_path, "train.py")
    assert done.returncode == 1
    assert done.stderr.startswith(f'  File "{path}", line 1')


def test_processes_that_it_starts_find_the_same(tmp_path: Path) -> None:
    text = """
import multiprocessing
import sys
import keras_tuner

def child():
    from keras_tuner.engine.oracle import Oracle
    import kerastuner.tuners
    print(keras_tuner.__name__, kerastuner.tuners.__name__, flush=True)

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""
    script(tmp_path, text)
    done = luthier_run(tmp_path, "train.py")
    assert (done.stdout, done.returncode) == ("luthier luthier.tuners\n", 0), done.stderr


def test_earlier_addresses_are_known_and_private_ones_are_refused(tmp_path: Path) -> None:
    text = """
import luthier
import kerastuner as kt
from kerastuner.engine.multi_execution_tuner import MultiExecutionTuner
from keras_tuner.engine.conditions import Parent
from keras_tuner.tuners.randomsearch import RandomSearch, RandomSearchOracle

assert kt is luthier
assert MultiExecutionTuner is kt.Tuner
assert luthier.__spec__.name == "luthier"
for name in ("keras_tuner.src.engine", "keras_tuner.protos", "keras_tuner.engine.nothing"):
    try:
        __import__(name)
    except ImportError as error:
        print(error.name, "There is no" in str(error), "public names only" in str(error))
"""
    script(tmp_path, text)
    done = luthier_run(tmp_path, "train.py")
    assert done.stdout.splitlines() == [
        f"keras_tuner.{name} True True" for name in ("src", "protos", "engine.nothing")
    ], done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "found nothing at nowhere.py"),
        (["."], "is a folder"),
        (["-m", "no.such.module"], "found none named no.such.module"),
        ([], "SCRIPT -m is required"),
    ],
)
def test_what_cannot_be_run_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = luthier_run(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
