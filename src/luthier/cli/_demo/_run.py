"""The course of the demo: search, show the best, train the winner again, test it, draw.

Every step can be interrupted, with Ctrl-C or by a kill: run again, it goes on where it was.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from luthier.cli._demo._digits import Digits, load
from luthier.cli._source import load_results
from luthier.cli._tables import print_best
from luthier.errors import MissingExtraError
from luthier.results import Results

PROJECT = "digits"
SEED = 1
SHOWN = 5
# With networks as small as these most of the work is compiling them: let XLA do it quickly. An
# unknown flag would end the process, so only the series that knows these gets them.
JAXLIB_SERIES = "0.10."
XLA_FLAGS = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the demo shall be.

    Attributes:
        directory: where everything is kept.
        trials: networks to try.
        epochs: for each network.
        fresh: whether an earlier demo is deleted before.
    """

    directory: Path
    trials: int = 20
    epochs: int = 12
    fresh: bool = False

    @property
    def project(self) -> Path:
        """The folder of the study."""
        return self.directory / PROJECT

    @property
    def picture(self) -> Path:
        """Where the picture goes."""
        return self.directory / "search.png"

    @property
    def winner(self) -> Path:
        """What the winner came to, written last of all."""
        return self.project / "winner.json"


@dataclass(frozen=True, slots=True)
class Winner:
    """What came out in the end.

    Attributes:
        trial: number of the best trial.
        trials: how many the search had then.
        accuracy: of the retrained network on the test images, 0 to 1.
        mistakes: test images that it read wrongly.
        total: test images in all.
    """

    trial: int
    trials: int
    accuracy: float
    mistakes: int
    total: int


def run(plan: Plan, console: Console) -> int:
    """Run the demo, or what is left of it; the exit status.

    Raises:
        MissingExtraError: if a package is missing; names the extra.
    """
    if plan.fresh:
        shutil.rmtree(plan.project, ignore_errors=True)
        plan.picture.unlink(missing_ok=True)
    earlier = _earlier(plan)
    if earlier is not None:
        return _show_again(plan, earlier, console)
    _choose_backend()
    console.print("[bold]Luthier's demo[/]: which small network reads handwritten digits best?")
    digits = load()
    console.print(
        f"{len(digits.train):,} images to train on, {len(digits.validation)} to choose by, "
        f"{len(digits.test)} that the search never sees. {plan.trials} networks, at most "
        f"{plan.epochs} epochs each."
    )
    console.print("[dim]Interrupt it whenever you like and run it again: it goes on.[/]\n")
    tuner = _search(plan, digits)
    results = tuner.results
    if results.best is None:
        console.print(f"No network could be trained; why: {_command()} trials {plan.project}")
        return 1
    console.print()
    print_best(console, results, SHOWN)
    winner = _crown(plan, tuner, digits, console)
    _say_winner(winner, console)
    console.print(f"The picture of the search: [bold]{plan.picture}[/]")
    console.print(f"[dim]All trials: {_command()} trials {plan.project}[/]")
    return 0


def _search(plan: Plan, digits: Digits) -> Any:
    import luthier
    from luthier.cli._demo._model import BATCH_SIZE, build

    tuner = luthier.RandomSearch(
        build,
        objective="val_accuracy",
        max_trials=plan.trials,
        seed=SEED,
        directory=plan.directory,
        project_name=PROJECT,
    )
    tuner.search(
        digits.train.images,
        digits.train.digits,
        validation_data=(digits.validation.images, digits.validation.digits),
        epochs=plan.epochs,
        batch_size=BATCH_SIZE,
    )
    return tuner


def _crown(plan: Plan, tuner: Any, digits: Digits, console: Console) -> Winner:
    """Train the winner again on all but the test images, test it, draw the picture."""
    import numpy as np

    from luthier.cli._demo._model import retrain
    from luthier.cli._demo._picture import Mistakes, draw

    with console.status("Training the winner again, on all but the test images"):
        values = tuner.get_best_hyperparameters()[0]
        model = retrain(values, digits.train + digits.validation, 2 * plan.epochs, SEED)
        read = np.argmax(model.predict(digits.test.images, verbose=0), axis=1)
        wrong = read != digits.test.digits
        mistakes = Mistakes(
            digits.test.images[wrong, ..., 0],
            digits.test.digits[wrong],
            read[wrong],
            len(digits.test),
        )
        draw(tuner.results, mistakes, plan.picture)
    best = tuner.results.best
    winner = Winner(best.number, plan.trials, mistakes.accuracy, int(wrong.sum()), len(digits.test))
    _write(plan.winner, json.dumps(asdict(winner)))
    return winner


def _earlier(plan: Plan) -> Winner | None:
    """The winner of a demo of this size that ran to its end before."""
    try:
        winner = Winner(**json.loads(plan.winner.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return winner if winner.trials == plan.trials and plan.picture.is_file() else None


def _show_again(plan: Plan, winner: Winner, console: Console) -> int:
    results: Results = load_results(str(plan.project))
    console.print(f"The demo in [bold]{plan.directory}[/] is finished already; this came out:\n")
    print_best(console, results, SHOWN)
    _say_winner(winner, console)
    console.print(f"The picture of the search: [bold]{plan.picture}[/]")
    console.print(f"To start afresh: {_command()} demo --directory {plan.directory} --fresh")
    return 0


def _say_winner(winner: Winner, console: Console) -> None:
    right = winner.total - winner.mistakes
    console.print(
        f"\nTrial {winner.trial}, trained again on all but the test images, reads "
        f"[bold green]{right} of {winner.total}[/] digits that the search never saw: "
        f"[bold green]{winner.accuracy:.1%}[/]"
    )


def _choose_backend() -> None:
    """JAX, unless the user chose another; before anything imports Keras.

    Raises:
        MissingExtraError: if Keras or the backend is not installed.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    for package in (backend, "keras"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(
                f'The demo needs {package}: pip install "luthier[{backend},sklearn,plot]"'
            )
    if backend == "jax":
        if importlib.metadata.version("jaxlib").startswith(JAXLIB_SERIES):
            os.environ.setdefault("XLA_FLAGS", XLA_FLAGS)
        # Keras would load TensorFlow, where it is installed, only to hand it a seed.
        sys.modules.setdefault("tensorflow", cast(Any, None))


def _command() -> str:
    """How this program was called, for the next call."""
    called = Path(sys.argv[0])
    return "python -m luthier" if called.name == "__main__.py" else str(called)


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
