"""Where trials of a tuner keep their files, and whose state training may still go on from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from luthier import artifacts, training
from luthier.study import Study


def paths_of(folder: Path, policy: artifacts.Policy) -> training.TrialPaths:
    """The files of the trial with that folder."""
    return training.TrialPaths(
        checkpoint=policy.path_of(folder),
        resume=artifacts.resume_path(folder),
        build_config=artifacts.build_config_path(folder),
    )


def begun_from(paths: training.TrialPaths, lender: Path) -> training.TrialPaths:
    """The files of a trial that begins with the state of the one in the folder `lender`."""
    start, weights = artifacts.resume_path(lender), artifacts.checkpoint_path(lender)
    return replace(paths, start=start, weights=weights)


def needed(study: Study) -> frozenset[int]:
    """Trials from whose state training may still go on."""
    found = set(study.lent or ())
    for trial in study.history().open:
        parent = trial.suggestion.resume_from
        found.update({trial.number} if parent is None else {trial.number, parent})
    return frozenset(found)
