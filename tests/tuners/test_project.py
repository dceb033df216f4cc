"""Where a search is kept: folders that cannot escape, shared stores, what overwriting deletes."""

from __future__ import annotations

import os

import pytest

import luthier
from luthier.errors import FatalRuntimeError, FatalValueError, StudyError
from luthier.oracles import RandomSearchOracle
from luthier.tuners import BaseTuner


class Bowl(BaseTuner):
    def run_trial(self, trial, *args, **kwargs):
        return trial.hyperparameters.Float("x", -1.0, 1.0) ** 2


def make(place, **options):
    of_oracle = {
        name: options.pop(name) for name in ("max_trials", "hyperparameters") if name in options
    }
    oracle = RandomSearchOracle("val_loss", seed=0, **{"max_trials": 3, **of_oracle})
    return Bowl(oracle, directory=place, **options)


def test_a_search_makes_one_folder_with_its_study(tmp_path):
    make(tmp_path, project_name="p").search(verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert (tmp_path / "p" / "study.sqlite").is_file()


@pytest.mark.parametrize("name", ["../p", "a/../../p", "/p", "", "."])
def test_a_project_cannot_lie_outside_its_directory(tmp_path, name):
    place = tmp_path / "inside"
    with pytest.raises(FatalValueError, match="Expected `project_name` to name a folder inside"):
        make(place, project_name=name)
    assert not place.exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is writable")
def test_a_folder_that_cannot_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(FatalRuntimeError, match="Cannot write"):
        make(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "p").write_text("mine")
    with pytest.raises(FatalRuntimeError, match="Cannot write"):
        make(tmp_path, project_name="p", overwrite=True)
    assert (tmp_path / "p").read_text() == "mine"


def test_overwriting_deletes_only_what_a_search_made(tmp_path):
    make(tmp_path, project_name="p").search(verbose=0)
    (tmp_path / "p" / "notes.txt").write_text("mine")
    (tmp_path / "p" / "trial_0").mkdir()
    (tmp_path / "p" / "trial_0" / "figure.png").write_text("mine too")
    (tmp_path / "p" / "trial_0" / "checkpoint.weights.h5").write_text("ours")
    tuner = make(tmp_path, project_name="p", overwrite=True)
    assert tuner.oracle.trials == {}
    kept = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert [name for name in kept if "study" not in name] == [
        "p/notes.txt",
        "p/trial_0/figure.png",
    ]


def test_a_study_may_be_kept_elsewhere(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    make(tmp_path / "a", storage=url).search(verbose=0)
    assert not (tmp_path / "a" / "untitled_project" / "study.sqlite").exists()
    other = make(tmp_path / "b", storage=url, max_trials=5)
    assert len(other.oracle.trials) == 3
    other.search(verbose=0)
    assert len(other.oracle.trials) == 5


def test_projects_of_other_names_share_a_store_and_no_trials(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    make(tmp_path, storage=url, project_name="a").search(verbose=0)
    assert make(tmp_path, storage=url, project_name="b").oracle.trials == {}


def test_a_shared_study_is_not_overwritten(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    make(tmp_path, storage=url).search(verbose=0)
    with pytest.raises(StudyError, match="others may share that store"):
        make(tmp_path, storage=url, overwrite=True)
    assert len(make(tmp_path, storage=url).oracle.trials) == 3


def test_a_shared_store_needs_no_chief(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    tuner = make(tmp_path, storage=f"sqlite:///{tmp_path / 'shared.sqlite'}")
    tuner.search(verbose=0)
    assert len(tuner.oracle.trials) == 3


def test_two_tuners_on_one_study_never_run_a_trial_twice(tmp_path):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    first, second = (make(tmp_path, max_trials=6, hyperparameters=hp) for _ in range(2))
    trial = first.oracle.create_trial("a")
    other = second.oracle.create_trial("b")
    assert (trial.trial_id, other.trial_id) == ("0", "1")
    assert first.oracle.remaining_trials() == 4


def test_a_search_on_a_server_goes_on_from_another_machine(tmp_path, postgres_url, capsys):
    make(tmp_path / "here", storage=postgres_url).search(verbose=0)
    other = make(tmp_path / "there", storage=postgres_url, max_trials=5)
    other.search(verbose=0)
    assert [trial.status for trial in other.oracle.trials.values()] == ["COMPLETED"] * 5
    said = capsys.readouterr().out
    assert "Reloading Tuner from postgresql" in said
    assert "max_trials changed from 3 to 5" in said
