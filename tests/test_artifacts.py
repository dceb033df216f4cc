from __future__ import annotations

import os
from pathlib import Path

import pytest

import luthier
from luthier import artifacts
from luthier.errors import FatalRuntimeError, FatalValueError
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.space import Space

OURS = (
    "study.sqlite",
    "study.sqlite-wal",
    "study.sqlite-shm",
    "study.sqlite.lock",
    "study.sqlite.damaged-1",
    "study.sqlite.recovered",
    "tuner0.json",
    "oracle.json",
    "trial_0/checkpoint.weights.h5",
    "trial_0/build_config.json",
    "trial_0/resume.npz",
    "trial_0/123.tmp.weights.h5",
    "trial_01/trial.json",
    "trial_01/model.pickle",
    "trial_01/checkpoint.index",
    "trial_01/checkpoint.data-00000-of-00001",
)
OTHERS = (
    "notes.txt",
    "study.sqlite.bak",
    "my_tuner.json",
    "trial_0/mine.weights.h5",
    "trial_0/plots/a.png",
    "trial_runs/checkpoint.txt",
    "data/checkpoint.weights.h5",
    "trial_2",
)


def fill(root: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_project_is_a_folder_in_the_directory() -> None:
    assert artifacts.project_path("runs", "digits") == Path("runs/digits")
    assert artifacts.project_path(None, None) == Path("untitled_project")
    assert artifacts.project_path("../elsewhere", "a/b") == Path("../elsewhere/a/b")
    assert artifacts.project_path(Path("/data"), "v1..2") == Path("/data/v1..2")


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "..", "/etc", "", ".", "C:\\x", "\\x", "a\\..\\b", "a\0b"]
)
def test_a_project_that_leads_out_of_the_directory_is_refused(name: str) -> None:
    with pytest.raises(FatalValueError, match="inside `directory`"):
        artifacts.project_path("runs", name)


def test_overwriting_deletes_what_luthier_made_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path, OURS + OTHERS)
    artifacts.prepare_project(tmp_path, overwrite=True)
    assert files(tmp_path) == set(OTHERS)


def test_without_overwriting_nothing_is_deleted(tmp_path: Path) -> None:
    fill(tmp_path, OURS + OTHERS)
    artifacts.prepare_project(tmp_path)
    assert files(tmp_path) == set(OURS + OTHERS)


def test_a_project_of_ours_alone_leaves_no_folder(tmp_path: Path) -> None:
    project = tmp_path / "project"
    fill(project, OURS)
    artifacts.remove_project(project)
    assert not project.exists()
    artifacts.remove_project(project)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    fill(outside, ("checkpoint.weights.h5", "study.sqlite"))
    project.mkdir()
    (project / "trial_0").symlink_to(outside, target_is_directory=True)
    (project / "study.sqlite").symlink_to(outside / "study.sqlite")
    artifacts.remove_project(project)
    assert files(outside) == {"checkpoint.weights.h5", "study.sqlite"}
    assert [path.name for path in project.iterdir()] == ["trial_0"]


def test_a_new_project_is_made_with_the_folders_above(tmp_path: Path) -> None:
    artifacts.prepare_project(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_where_the_folder_should_be_is_said_at_once(tmp_path: Path) -> None:
    fill(tmp_path, ("taken",))
    with pytest.raises(FatalRuntimeError, match="Choose another `directory`"):
        artifacts.prepare_project(tmp_path / "taken" / "project")


def test_a_folder_that_cannot_be_written_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(FatalRuntimeError, match="Permission denied"):
        artifacts.prepare_project(tmp_path)


def test_trials_have_folders_with_known_files(tmp_path: Path) -> None:
    trial = artifacts.trial_path(tmp_path, "07")
    assert trial == tmp_path / "trial_07"
    assert artifacts.checkpoint_path(trial).name == "checkpoint.weights.h5"
    assert artifacts.build_config_path(trial).name == "build_config.json"


@pytest.mark.parametrize("trial_id", ["", "../0", "a/b", "..", "a b"])
def test_a_trial_id_that_could_lead_elsewhere_is_refused(tmp_path: Path, trial_id: str) -> None:
    with pytest.raises(FatalValueError, match="trial's id"):
        artifacts.trial_path(tmp_path, trial_id)


def test_the_state_to_go_on_from_is_dropped_once(tmp_path: Path) -> None:
    fill(tmp_path, ("resume.npz", "checkpoint.weights.h5"))
    artifacts.drop_resume(tmp_path)
    artifacts.drop_resume(tmp_path)
    assert os.listdir(tmp_path) == ["checkpoint.weights.h5"]


def test_compiled_programs_outlive_a_search(tmp_path: Path) -> None:
    project = tmp_path / "project"
    fill(project, (*OURS, "compiled/abc/jit_step-1-cache"))
    artifacts.prepare_project(project, overwrite=True)
    assert files(project) == {"compiled/abc/jit_step-1-cache"}


def test_the_oldest_compiled_programs_go_first(tmp_path: Path) -> None:
    folder = artifacts.compiled_path(tmp_path)
    artifacts.trim_compiled(folder)
    for age, name in enumerate(("c", "b", "a")):
        fill(folder, (f"machine/{name}-cache",))
        (folder / "machine" / f"{name}-cache").write_bytes(bytes(100))
        os.utime(folder / "machine" / f"{name}-cache", (1000 - age, 1000 - age))
    fill(folder, ("machine/checked", "notes"))
    artifacts.trim_compiled(folder, limit=250)
    assert files(folder) == {"machine/b-cache", "machine/c-cache", "machine/checked", "notes"}


LOSS = luthier.Objective("loss", "min")


def searched(folder, scores, *, open_numbers=(), size=100):
    """A history of trials with these scores, each with a model and a state to go on from."""
    trials = []
    for number, score in enumerate(scores):
        state = TrialState.PAUSED if number in open_numbers else TrialState.COMPLETED
        if score is None:
            state = TrialState.FAILED
        trials.append(
            Trial(number, Suggestion({}), state, scores=() if score is None else (score,))
        )
        path = artifacts.trial_path(folder, str(number))
        path.mkdir(parents=True)
        artifacts.checkpoint_path(path).write_bytes(b"x" * size)
        artifacts.resume_path(path).write_bytes(b"x" * size)
    return History(
        Space(),
        (LOSS,),
        finished=tuple(t for t in trials if t.state.is_finished),
        open=tuple(t for t in trials if not t.state.is_finished),
        number=len(trials),
    )


def swept(folder, policy, history, needed=()):
    keeper = artifacts.Keeper(policy, lambda n: artifacts.trial_path(folder, str(n)))
    keeper.sweep(history, frozenset(needed))
    models = sorted(int(p.parent.name[6:]) for p in folder.rglob(artifacts.CHECKPOINT))
    states = sorted(int(p.parent.name[6:]) for p in folder.rglob(artifacts.RESUME))
    return keeper, models, states


@pytest.mark.parametrize(
    ("keep", "kept"), [("all", [0, 1, 2, 3]), ("best", [1]), (2, [1, 3]), (None, [])]
)
def test_what_is_kept_follows_the_policy(tmp_path, keep, kept):
    history = searched(tmp_path, [3.0, 1.0, None, 2.0])
    _, models, states = swept(tmp_path, artifacts.Policy(keep), history)
    assert (models, states) == (kept, [])


def test_a_budget_lets_the_worst_go_first(tmp_path):
    history = searched(tmp_path, [3.0, 1.0, None, 2.0])
    keeper, models, _ = swept(tmp_path, artifacts.Policy("all", 250), history)
    assert models == [1, 3]
    assert (keeper.count, keeper.size) == (2, 200)
    assert keeper.summary() == "2 trained models kept, 0.0002 MB"


def test_what_trials_go_on_from_stays_whatever_the_budget_and_that_is_said(tmp_path):
    history = searched(tmp_path, [3.0, 1.0, 2.0], open_numbers=[0, 2])
    keeper, models, states = swept(tmp_path, artifacts.Policy("all", 50), history, [0, 2])
    assert (models, states) == ([1], [0, 2])
    assert "budget of 50 bytes is smaller" in keeper.summary()


def test_a_loser_goes_when_a_better_one_comes(tmp_path):
    history = searched(tmp_path, [3.0, 1.0])
    keeper, models, _ = swept(tmp_path, artifacts.Policy("best"), history)
    assert models == [1]
    later = searched(tmp_path / "later", [3.0, 1.0, 0.5])
    assert swept(tmp_path / "later", artifacts.Policy("best"), later)[1] == [2]
    assert keeper.count == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keep": 0}, "`keep`"),
        ({"keep": "bset"}, "`keep`"),
        ({"keep": True}, "`keep`"),
        ({"budget": 0}, "`disk_budget`"),
        ({"budget": 1.5}, "`disk_budget`"),
    ],
)
def test_a_policy_that_is_none_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        artifacts.Policy(**options)


def test_the_states_of_loops_are_dropped_too(tmp_path):
    fill(tmp_path, ("resume.npz", "resume-0-1.npz", "checkpoint.weights.h5"))
    artifacts.drop_resume(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.weights.h5"]
