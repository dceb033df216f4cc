"""KerasTuner 1.4.8's oracles, case by case.

The literals come from running KerasTuner 1.4.8. Where it is wrong, the case says what is right.
"""

from __future__ import annotations

import math

import pytest

import luthier
from luthier.engine.trial import Trial
from luthier.oracles import GridSearchOracle, RandomSearchOracle


def some_hp():
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    hp.Choice("c", ["a", "b"])
    return hp


def make(kind=RandomSearchOracle, **options):
    options = {
        "objective": "val_loss",
        "max_trials": 3,
        "hyperparameters": some_hp(),
        "seed": 1,
    } | options
    return kind(**options)


# -- constructor ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tune_new_entries", "allow_new_entries"])
def test_new_entries_need_hyperparameters(name):
    with pytest.raises(ValueError) as caught:
        RandomSearchOracle("val_loss", **{name: False})
    assert str(caught.value) == (
        f"If you set `{name}=False`, you must"
        "specify the search space via the `hyperparameters` argument."
    )


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (None, 'Objective(name="default_objective", direction="min")'),
        ("val_loss", 'Objective(name="val_loss", direction="min")'),
        ("acc", 'Objective(name="acc", direction="max")'),
        ("auc", 'Objective(name="auc", direction="max")'),
        ("precision", 'Objective(name="precision", direction="max")'),
        (
            ["val_loss", "acc"],
            'MultiObjective(name="multi_objective", direction="min"): '
            '[Objective(name="val_loss", direction="min"), Objective(name="acc", direction="max")]',
        ),
        # KerasTuner takes "min" for the first two, and cannot tell for the others.
        ("f1_score", 'Objective(name="f1_score", direction="max")'),
        ("cosine_similarity", 'Objective(name="cosine_similarity", direction="max")'),
        ("val_auc_1", 'Objective(name="val_auc_1", direction="max")'),
        ("out_accuracy", 'Objective(name="out_accuracy", direction="max")'),
        ("val_out_loss", 'Objective(name="val_out_loss", direction="min")'),
    ],
)
def test_objectives(objective, text):
    assert str(RandomSearchOracle(objective).objective) == text


@pytest.mark.parametrize("name", ["score", "val_score", "my_metric"])
def test_an_objective_whose_direction_nobody_knows(name):
    with pytest.raises(ValueError) as caught:
        RandomSearchOracle(name)
    assert str(caught.value) == (
        f'Could not infer optimization direction ("min" or "max") for unknown metric "{name}". '
        "Please specify the objective  asa `keras_tuner.Objective`, for example "
        f'`keras_tuner.Objective("{name}", direction="min")`.'
    )


@pytest.mark.parametrize("objective", [3, 1.5, {"val_loss": "min"}])
def test_an_objective_that_is_none(objective):
    with pytest.raises(TypeError) as caught:
        RandomSearchOracle(objective)
    assert str(caught.value) == (
        f"`objective` not understood, expected str or `Objective` object, found: {objective}"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allow_new_entries", True),
        ("tune_new_entries", True),
        ("max_retries_per_trial", 0),
        ("max_consecutive_failed_trials", 3),
        ("trials", {}),
        ("ongoing_trials", {}),
        ("start_order", []),
        ("end_order", []),
        ("tuner_ids", set()),
        ("directory", None),
        ("project_name", None),
        ("multi_worker", False),
        ("should_report", True),
        ("verbose", 1),
        ("max_trials", 10),
        ("_max_collisions", 20),
    ],
)
def test_attributes_of_a_new_oracle(name, value):
    assert getattr(RandomSearchOracle("val_loss"), name) == value


@pytest.mark.parametrize(("given", "kept"), [("auto", 1), (0, 0), (1, 1), (2, 2)])
def test_verbose(given, kept):
    oracle = make()
    oracle.verbose = given
    assert oracle.verbose == kept


# -- create_trial ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("max_trials", "trial_id"), [(3, "0"), (9, "0"), (10, "00"), (100, "000"), (None, "0000")]
)
def test_width_of_ids(max_trials, trial_id):
    assert make(max_trials=max_trials).create_trial("t").trial_id == trial_id


def test_a_new_trial():
    oracle = make()
    trial = oracle.create_trial(tuner_id="t0")
    assert isinstance(trial, Trial)
    assert (trial.trial_id, trial.status, trial.score, trial.message) == (
        "0",
        "RUNNING",
        None,
        None,
    )
    assert set(trial.hyperparameters.values) == {"x", "c"}
    assert oracle.create_trial("t0") is trial
    assert list(oracle.trials) == ["0"]
    assert list(oracle.ongoing_trials) == ["t0"]
    assert (oracle.start_order, oracle.end_order) == (["0"], [])
    assert oracle.tuner_ids == {"t0"}
    assert oracle.remaining_trials() == 2


def test_no_trial_when_the_limit_is_reached():
    oracle = make(max_trials=1)
    oracle.create_trial("t0")
    nothing = oracle.create_trial("t1")
    assert (nothing.trial_id, nothing.status) == ("1", "STOPPED")
    assert nothing.hyperparameters.values == {}
    assert list(oracle.trials) == ["0"]
    assert oracle.tuner_ids == {"t0"}
    assert oracle.remaining_trials() == 0


def test_no_limit():
    assert make(max_trials=None).remaining_trials() is None


@pytest.mark.parametrize(
    ("answer", "status", "fixed"),
    [
        ({"status": "RUNNING", "values": {}}, "RUNNING", {}),
        ({"status": "RUNNING", "values": None}, "RUNNING", {}),
        ({"status": "RUNNING", "values": {"x": 0.5}}, "RUNNING", {"x": 0.5}),
        ({"status": "RUNNING", "values": {"x": 0.5, "y": 3}}, "RUNNING", {"x": 0.5, "y": 3}),
        ({"status": "IDLE", "values": None}, "IDLE", None),
        ({"status": "IDLE", "values": {}}, "IDLE", None),
        ({"status": "IDLE"}, "IDLE", None),
        ({"status": "STOPPED", "values": None}, "STOPPED", None),
        ({"status": "STOPPED", "values": {}}, "STOPPED", None),
    ],
)
def test_answers_of_populate_space(answer, status, fixed):
    class Mine(luthier.Oracle):
        def populate_space(self, trial_id):
            assert trial_id == "0"
            return answer

    oracle = make(Mine)
    trial = oracle.create_trial("t")
    assert (trial.trial_id, trial.status) == ("0", status)
    if fixed is None:
        assert trial.hyperparameters.values == {}
        assert (oracle.trials, oracle.ongoing_trials) == ({}, {})
    else:
        # What the answer leaves out is drawn at random.
        assert trial.hyperparameters.values.items() >= fixed.items()
        assert set(trial.hyperparameters.values) == {"x", "c"} | set(fixed)
        assert list(oracle.ongoing_trials) == ["t"]


def test_an_oracle_that_does_not_choose():
    with pytest.raises(NotImplementedError):
        make(luthier.Oracle).create_trial("t")


# -- update_trial ---------------------------------------------------------------------------------


@pytest.mark.parametrize("metrics", [{"loss": 1}, {}, {"val_acc": 0.5, "acc": 1.0}])
def test_metrics_without_the_objective(metrics):
    oracle = make()
    trial = oracle.create_trial("t")
    with pytest.raises(ValueError) as caught:
        oracle.update_trial(trial.trial_id, metrics)
    assert str(caught.value) == (
        "Objective value missing in metrics reported to the Oracle, "
        f"expected: ['val_loss'], found: {metrics.keys()}"
    )


def test_metrics_are_kept_by_step():
    oracle = make()
    trial = oracle.create_trial("t")
    assert oracle.update_trial("0", {"val_loss": 1, "zz": 2}, step=3) is trial
    oracle.update_trial("0", {"val_loss": 2})
    assert trial.metrics.get_config() == {
        "metrics": {
            "val_loss": {
                "direction": "min",
                "observations": [{"value": [2.0], "step": 0}, {"value": [1.0], "step": 3}],
            },
            "zz": {"direction": "min", "observations": [{"value": [2.0], "step": 3}]},
        }
    }


@pytest.mark.parametrize(
    "call",
    [
        lambda oracle: oracle.get_trial("9"),
        lambda oracle: oracle.update_trial("9", {"val_loss": 1}),
        lambda oracle: oracle.end_trial(Trial(some_hp(), "9", "COMPLETED")),
    ],
)
def test_a_trial_that_is_not_there(call):
    with pytest.raises(KeyError, match="'9'"):
        call(make())


# -- end_trial ------------------------------------------------------------------------------------


def ended(status, metrics=None, form="trial", **options):
    oracle = make(**options)
    trial = oracle.create_trial("t")
    for step, value in enumerate(metrics or ()):
        oracle.update_trial(trial.trial_id, {"val_loss": value}, step=step)
    if form == "trial":
        trial.status = status
        oracle.end_trial(trial)
    elif form == "keyword":
        trial.status = status
        oracle.end_trial(trial=trial)
    else:
        arguments = {"trial_id": trial.trial_id} if form == "named" else {"trial": trial.trial_id}
        arguments |= {} if form == "default" else {"status": status}
        with pytest.warns(DeprecationWarning, match=r"and call `end_trial\(trial\)`") as caught:
            oracle.end_trial(**arguments)
        assert caught[0].filename == __file__
    assert oracle.ongoing_trials == {}
    return trial


@pytest.mark.parametrize("form", ["trial", "keyword", "legacy", "named", "default"])
def test_a_completed_trial(form):
    trial = ended("COMPLETED", [1.0, 0.5, 0.7], form)
    assert (trial.status, trial.score, trial.best_step) == ("COMPLETED", 0.5, 1)


@pytest.mark.parametrize("form", ["trial", "legacy", "named"])
@pytest.mark.parametrize("status", ["INVALID", "FAILED"])
def test_a_trial_that_failed(status, form):
    trial = ended(status, form=form)
    assert (trial.status, trial.score) == ("FAILED", None)


def test_a_completed_trial_without_metrics():
    with pytest.raises(ValueError, match="val_loss"):
        ended("COMPLETED")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite(value):
    # KerasTuner keeps an infinity as a score.
    trial = ended("COMPLETED", [value])
    assert (trial.status, trial.score) == ("FAILED", None)


def test_a_trial_that_is_retried():
    oracle = make(max_retries_per_trial=1)
    first = oracle.create_trial("t")
    values = dict(first.hyperparameters.values)
    for status in ("RUNNING", "FAILED"):
        trial = oracle.create_trial("t")
        trial.status, trial.message = "INVALID", "m"
        oracle.end_trial(trial)
        if status == "RUNNING":
            again = oracle.create_trial("t")
            assert again is first
            assert (again.trial_id, again.status, again.message) == ("0", "RUNNING", "m")
            assert again.hyperparameters.values == values
    assert oracle.trials["0"].status == "FAILED"
    assert oracle.create_trial("t").trial_id == "1"


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_failures_in_a_row(limit):
    oracle = make(max_trials=20, max_consecutive_failed_trials=limit)
    with pytest.raises(RuntimeError) as caught:
        for number in range(limit):
            trial = oracle.create_trial("t")
            trial.status, trial.message = "FAILED", f"boom{number}"
            oracle.end_trial(trial)
    assert str(caught.value) == (
        f"Number of consecutive failures exceeded the limit of {limit}.\nboom{limit - 1}"
    )
    assert len(oracle.end_order) == limit


# -- what is known --------------------------------------------------------------------------------


def with_three_trials():
    oracle = make(max_trials=4)
    for number, status in enumerate(["COMPLETED", "FAILED", "COMPLETED"]):
        trial = oracle.create_trial("t")
        oracle.update_trial(trial.trial_id, {"val_loss": 3 - number})
        trial.status = status
        oracle.end_trial(trial)
    oracle.create_trial("t")
    return oracle


@pytest.mark.parametrize(
    ("count", "ids"),
    [
        (1, ["2"]),
        (0, []),
        (2, ["2", "0"]),
        # KerasTuner goes on with trials 1 and 3, which have no score.
        (10, ["2", "0"]),
    ],
)
def test_best_trials(count, ids):
    assert [trial.trial_id for trial in with_three_trials().get_best_trials(count)] == ids


@pytest.mark.parametrize(
    "key", ["ongoing_trials", "hyperparameters", "start_order", "end_order", "seed"]
)
def test_keys_of_the_state(key):
    assert key in with_three_trials().get_state()


def test_the_state():
    state = with_three_trials().get_state()
    assert state["ongoing_trials"] == {"t": "3"}
    assert state["start_order"] == ["0", "1", "2", "3"]
    assert state["end_order"] == ["0", "1", "2"]
    assert state["seed"] == 1
    assert state["hyperparameters"]["values"] == {"x": -1.0, "c": "a"}


def test_get_space_is_a_copy_with_defaults():
    oracle = make()
    space = oracle.get_space()
    assert space is not oracle.hyperparameters
    assert space.values == {"x": -1.0, "c": "a"}


def new_hp():
    hp = luthier.HyperParameters()
    hp.Int("n", 1, 3)
    return hp


@pytest.mark.parametrize(
    ("options", "names", "values"),
    [
        ({}, ["x", "c", "n"], {"x": -1.0, "c": "a", "n": 1}),
        ({"tune_new_entries": False}, ["x", "c"], {"x": -1.0, "c": "a"}),
    ],
)
def test_update_space(options, names, values):
    oracle = make(**options)
    oracle.update_space(new_hp())
    assert [parameter.name for parameter in oracle.hyperparameters.space] == names
    assert oracle.hyperparameters.values == values


def test_update_space_where_new_entries_are_not_allowed():
    oracle = make(allow_new_entries=False)
    with pytest.raises(RuntimeError) as caught:
        oracle.update_space(new_hp())
    assert str(caught.value) == (
        "`allow_new_entries` is `False`, but found new entries "
        "[Int(name: 'n', min_value: 1, max_value: 3, step: 1, sampling: linear, default: 1)]"
    )
    oracle.update_space(some_hp())


# -- older forms ----------------------------------------------------------------------------------


def test_populate_space_with_an_underscore_is_taken_with_a_warning():
    class Old(luthier.Oracle):
        def _populate_space(self, trial_id):
            return {"status": "RUNNING", "values": {"x": 0.1}}

    with pytest.warns(DeprecationWarning, match="rename it to `populate_space`"):
        trial = make(Old).create_trial("t")
    assert trial.hyperparameters.get("x") == 0.1


def test_score_trial_with_an_underscore_is_taken_with_a_warning():
    class Old(RandomSearchOracle):
        def _score_trial(self, trial):
            trial.score = 5

    oracle = make(Old)
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    with pytest.warns(DeprecationWarning, match="rename it to `score_trial`"):
        oracle.end_trial(trial)
    assert trial.score == 5


def test_the_old_names_can_be_called():
    oracle = make(RandomSearchOracle)
    with pytest.warns(DeprecationWarning, match="please use `populate_space`") as caught:
        answer = oracle._populate_space("0")
    assert caught[0].filename == __file__
    assert answer["status"] == "RUNNING"
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_loss": 1.5})
    with pytest.warns(DeprecationWarning, match="please use `score_trial`"):
        oracle._score_trial(trial)
    assert trial.score == 1.5


def test_an_end_trial_of_old_is_taken():
    class Old(RandomSearchOracle):
        def end_trial(self, trial_id, status="COMPLETED"):
            super().end_trial(trial_id, status)

    oracle = make(Old)
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_loss": 1.5})
    with pytest.warns(DeprecationWarning):
        oracle.end_trial(trial.trial_id)
    assert oracle.get_trial("0").score == 1.5


def test_score_trial():
    class Mine(RandomSearchOracle):
        def score_trial(self, trial):
            trial.score, trial.best_step = 5, 2

    oracle = make(Mine)
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    assert (trial.score, trial.best_step, trial.metrics.get_best_value("val_loss")) == (5, 2, 1.0)


# -- the order of a grid --------------------------------------------------------------------------


def test_order_of_a_grid():
    hp = luthier.HyperParameters()
    hp.Choice("a", ["x", "y", "z"], default="y")
    hp.Int("b", 0, 4, step=2, default=2)
    oracle = make(GridSearchOracle, hyperparameters=hp, max_trials=None)
    points = []
    while (trial := oracle.create_trial("t")).status == "RUNNING":
        points.append(tuple(trial.hyperparameters.values.values()))
        oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
        oracle.end_trial(trial)
    assert points == [(a, b) for a in ("y", "x", "z") for b in (2, 0, 4)]


def test_values_that_were_tried_are_known():
    seen = []

    class Mine(luthier.Oracle):
        def populate_space(self, trial_id):
            seen.append([self._duplicate({"n": 1}), self._duplicate({"n": 1, "m": 2})])
            return {"status": "RUNNING", "values": {"n": 1}}

    oracle = Mine("val_loss", max_trials=9)
    trial = oracle.create_trial("a")
    oracle.create_trial("b")
    trial.hyperparameters.values["m"] = 2
    oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    oracle.end_trial(trial)
    oracle.create_trial("a")
    assert seen == [[False, False], [True, False], [True, True]]
