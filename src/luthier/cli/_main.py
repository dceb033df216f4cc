"""The command `luthier`: what can be asked for, and how errors are told.

Arguments enter; text leaves on standard output, errors on standard error in one line. The exit
status is 0 if all went well, 2 for what the user can mend, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import luthier
from luthier.artifacts import STUDY
from luthier.errors import (
    MissingExtraError,
    ObjectiveError,
    StoreError,
    StudyError,
    TooManyFailuresError,
)

USER_ERRORS = (
    StoreError,
    StudyError,
    ObjectiveError,
    MissingExtraError,
    TooManyFailuresError,
    OSError,
)
SCRIPTS = (
    "A script is made of the code that builds the model, which a study does not hold: write "
    'tuner.export("best.py") into the program that searches, and run it again (a search that is '
    "finished runs no trial)."
)
SOURCE = "a project's folder, the path of an SQLite file, or a database URL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: what follows the command's name; None takes it from the command line.

    Returns:
        The exit status.

    Raises:
        SystemExit: with 0 after help, with 2 for arguments that cannot be understood.
    """
    own, rest = _split(sys.argv[1:] if arguments is None else arguments)
    given = _parser().parse_args(own)
    given.rest = rest
    try:
        status: int = given.run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`luthier trials … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(
            "\nInterrupted. Run the same command again: it goes on where it was.", file=sys.stderr
        )
        return 130
    except USER_ERRORS as error:
        print(f"luthier: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return status


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Our own arguments, and those of a program that is to be run."""
    if arguments[:1] != ["run"]:
        return arguments, []
    for place, argument in enumerate(arguments[1:], start=1):
        if not argument.startswith("-") or (argument.startswith("-m") and len(argument) > 2):
            return arguments[: place + 1], arguments[place + 1 :]
    return arguments, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="luthier", description="Tune hyperparameters, and see what a search found."
    )
    parser.add_argument("--version", action="version", version=f"luthier {luthier.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_studies(commands)
    _add_trials(commands)
    _add_best(commands)
    _add_export(commands)
    _add_replay(commands)
    _add_run(commands)
    _add_import_kerastuner(commands)
    return parser


Commands = argparse._SubParsersAction


def _add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="tune a small network on real digits",
        description="Tune a network of two convolutions on scikit-learn's 1,797 handwritten "
        "digits, train the winner again and test it on digits that the search never saw. "
        "Interrupted and run again, it goes on where it was.",
    )
    demo.add_argument(
        "--directory", type=Path, default=Path("demo"), help="where to keep it (default: demo)"
    )
    demo.add_argument("--trials", type=_positive, default=20, help="networks to try (default: 20)")
    demo.add_argument(
        "--epochs", type=_positive, default=12, help="epochs for each network (default: 12)"
    )
    demo.add_argument("--fresh", action="store_true", help="delete an earlier demo before")
    demo.set_defaults(run=_demo)


def _add_studies(commands: Commands[argparse.ArgumentParser]) -> None:
    studies = commands.add_parser(
        "studies", help="list studies", description="List the studies that are kept somewhere."
    )
    studies.add_argument("source", metavar="DIR_OR_URL", help=f"a folder of projects, {SOURCE}")
    studies.set_defaults(run=_studies)


def _add_trials(commands: Commands[argparse.ArgumentParser]) -> None:
    trials = commands.add_parser(
        "trials", help="list the trials of a study", description="List the trials of a study."
    )
    _add_source(trials)
    trials.add_argument(
        "--sort", choices=["number", "score"], default="number", help="order (default: number)"
    )
    trials.set_defaults(run=_trials)


def _add_best(commands: Commands[argparse.ArgumentParser]) -> None:
    best = commands.add_parser(
        "best", help="show the best trials of a study", description="Show a study's best trials."
    )
    _add_source(best)
    best.add_argument("-n", type=_positive, default=1, help="how many (default: 1)")
    best.set_defaults(run=_best)


def _add_export(commands: Commands[argparse.ArgumentParser]) -> None:
    export = commands.add_parser(
        "export",
        help="write the trials of a study to a file",
        description="Write all trials of a study to a file, one row a trial: CSV, JSON or Parquet, "
        "by its ending. A script of the best model is written by tuner.export, which has the code.",
    )
    export.add_argument("source", metavar="DIR_OR_URL", help=SOURCE)
    export.add_argument("file", metavar="FILE", help="such as study.csv, study.json")
    export.add_argument("--study", metavar="NAME", help="which study, where there are several")
    export.set_defaults(run=_export)


def _add_replay(commands: Commands[argparse.ArgumentParser]) -> None:
    given = commands.add_parser(
        "replay",
        help="see what other schedulers would have saved and lost",
        description="Run the trials of a study again on paper, as they were reported, under other "
        "schedulers: how many epochs each would have taken, and whether the best trial would have "
        "been lost. Nothing is trained and nothing is changed.",
    )
    _add_source(given)
    given.add_argument(
        "--scheduler",
        metavar="NAME",
        action="append",
        default=[],
        help="such as auto; several times for several (default: all that compare trials)",
    )
    given.set_defaults(run=_replay)


def _add_run(commands: Commands[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="run a program written for KerasTuner, unchanged",
        usage="luthier run [-h] (SCRIPT | -m MODULE) [ARGUMENT ...]",
        description="Run a program as python does, but `import keras_tuner` (or `kerastuner`) "
        "gives it luthier, whether KerasTuner is installed or not. What follows is the program's.",
    )
    program = run.add_mutually_exclusive_group(required=True)
    program.add_argument("script", metavar="SCRIPT", nargs="?", help="a Python file")
    program.add_argument("-m", dest="module", metavar="MODULE", help="a module's name")
    run.set_defaults(run=_run)


def _add_import_kerastuner(commands: Commands[argparse.ArgumentParser]) -> None:
    given = commands.add_parser(
        "import-kerastuner",
        help="make a study of a KerasTuner project",
        description="Make a study of a KerasTuner project: its trials, scores, steps and search "
        "space. The project's files are only read and stay where they are, so that the weights of "
        "its best models can still be loaded. A tuner of luthier that is given the same directory "
        "and project_name does this by itself.",
    )
    given.add_argument("folder", metavar="DIR", help="the project's folder (with oracle.json)")
    given.add_argument(
        "--objective",
        metavar="NAME[:min|max]",
        action="append",
        default=[],
        help="what was optimised, where the files do not tell; several times for a sum",
    )
    given.add_argument(
        "--storage", metavar="PLACE", help=f"where to keep it (default: {STUDY} in DIR)"
    )
    given.add_argument("--study", metavar="NAME", help="its name (default: the folder's)")
    given.set_defaults(run=_import_kerastuner)


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="DIR_OR_URL", help=SOURCE)
    parser.add_argument("--study", metavar="NAME", help="which study, where there are several")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return number


# -- commands --------------------------------------------------------------------------------------
# What a command needs is imported when it runs, so that help comes at once.


def _demo(given: argparse.Namespace) -> int:
    from rich.console import Console

    from luthier.cli._demo import Plan, run

    plan = Plan(given.directory, given.trials, given.epochs, given.fresh)
    # Paths and commands stay whole, however long: people copy them.
    return run(plan, Console(highlight=False, soft_wrap=True))


def _export(given: argparse.Namespace) -> int:
    from luthier.cli._source import load_results

    if given.file.endswith(".py"):
        raise OSError(SCRIPTS)
    results = load_results(given.source, given.study)
    try:
        path = results.save(given.file)
    except ValueError as error:
        raise OSError(error) from error
    print(f"{len(results.trials)} trials written to {path}")
    return 0


def _replay(given: argparse.Namespace) -> int:
    from luthier.cli._replay import run

    return run(given.source, given.study, given.scheduler, as_json=given.json)


def _run(given: argparse.Namespace) -> int:
    from luthier.cli._run import run

    if given.module is not None:
        return run(given.module, given.rest, is_module=True)
    return run(given.script, given.rest, is_module=False)


def _studies(given: argparse.Namespace) -> int:
    from rich.console import Console

    from luthier.cli._source import find_studies, read
    from luthier.cli._tables import print_studies

    found = find_studies(given.source)
    print_studies(Console(highlight=False), [(study, read(study)) for study in found])
    return 0


def _trials(given: argparse.Namespace) -> int:
    from rich.console import Console

    from luthier.cli._source import load_results
    from luthier.cli._tables import as_json, print_trials

    results = load_results(given.source, given.study)
    trials = list(results.trials)
    if given.sort == "score":
        ranked = results.ranked()
        trials = [*ranked, *(trial for trial in trials if not trial.scores)]
    if given.json:
        print(as_json(results, trials))
    else:
        print_trials(Console(highlight=False), results, trials)
    return 0


def _best(given: argparse.Namespace) -> int:
    from rich.console import Console

    from luthier.cli._source import load_results
    from luthier.cli._tables import as_json, print_best

    results = load_results(given.source, given.study)
    best = results.ranked(given.n)
    if given.json:
        print(as_json(results, best))
    elif best:
        print_best(Console(highlight=False), results, given.n)
    else:
        print("No trial has a score yet.")
    return 0


def _import_kerastuner(given: argparse.Namespace) -> int:
    from luthier.cli._imports import import_kerastuner

    return import_kerastuner(given.folder, given.objective, given.storage, given.study)
