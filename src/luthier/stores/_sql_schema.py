"""Tables of the SQL store and every statement of its verbs, compiled once for each database.

Layout 2. A study's row holds its counter; updating it is the first statement of every write, so the
writers of one study follow each other and the order of revisions is the order of commits. A trial's
row holds all of it once it is finished; until then its measurements are rows of their own, so that
a report costs the same at any step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.compiler import SQLCompiler

LAYOUT = 2

METADATA = MetaData()

SCHEMA = Table("luthier_schema", METADATA, Column("layout", Integer, nullable=False))

STUDY = Table(
    "luthier_study",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("spec", Text, nullable=False),
    Column("checksum", BigInteger, nullable=False),
)

# The columns after `study_id` are those of `_rows.Row`, in its order.
TRIAL = Table(
    "luthier_trial",
    METADATA,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("worker", Text),
    Column("lease", Double),
    Column("started", Double),
    Column("ended", Double),
    Column("suggestion", Text, nullable=False),
    Column("results", Text, nullable=False),
    Column("measurements", Text),
    Column("checksum", BigInteger, nullable=False),
    Index("luthier_trial_revision", "study_id", "revision"),
)

MEASUREMENT = Table(
    "luthier_measurement",
    METADATA,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("execution", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Double, primary_key=True, autoincrement=False),
    Column("attempt", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    sqlite_with_rowid=False,
)

_t, _m = TRIAL.c, MEASUREMENT.c
_row = tuple(TRIAL.columns)[1:]
_study = bindparam("study", type_=Integer)
_number = bindparam("trial", type_=BigInteger)
_now = bindparam("now", type_=BigInteger)
_by = bindparam("by", type_=Text)
_until = bindparam("until", type_=Double)
_of_attempt = bindparam("of_attempt", type_=BigInteger)
_since = bindparam("since", type_=BigInteger)
_execution = bindparam("at_execution", type_=BigInteger)
_step = bindparam("at_step", type_=Double)

_this_study = STUDY.c.id == _study
_this = and_(_t.study_id == _study, _t.number == _number)
_changed = and_(_t.study_id == _study, _t.revision > _since)
_its_measurements = and_(_m.study_id == _study, _m.number == _number)
_waiting = _t.state == literal_column("'waiting'")
_running = _t.state == literal_column("'running'")
_one = literal_column("1", Integer)
_same_place = and_(_m.execution == _execution, _m.step == _step)
_not_before = or_(_m.execution > _execution, and_(_m.execution == _execution, _m.step >= _step))

STATEMENTS: Mapping[str, ClauseElement] = MappingProxyType(
    {
        "layout": select(SCHEMA.c.layout),
        "names": select(STUDY.c.id, STUDY.c.name).order_by(STUDY.c.name),
        "states": select(_t.study_id, _t.state, func.count()).group_by(_t.study_id, _t.state),
        "find": select(STUDY.c.id, STUDY.c.spec, STUDY.c.checksum).where(
            STUDY.c.name == bindparam("named")
        ),
        "create": insert(STUDY).values(
            {key: bindparam(f"new_{key}") for key in ("name", "revision", "spec", "checksum")}
        ),
        "amend": update(STUDY)
        .where(_this_study)
        .values(spec=bindparam("text"), checksum=bindparam("sum")),
        "revision": select(STUDY.c.revision).where(_this_study),
        "hold": select(STUDY.c.revision).where(_this_study).with_for_update(),
        "advance": update(STUDY)
        .where(_this_study)
        .values(revision=STUDY.c.revision + _one)
        .returning(STUDY.c.revision),
        "trial": select(*_row).where(_this),
        "changed": select(*_row).where(_changed).order_by(_t.revision),
        "running": select(_t.number, _t.attempt, _t.worker, _t.lease)
        .where(_t.study_id == _study, _running)
        .order_by(_t.number),
        "add": insert(TRIAL).values(
            {_t.study_id: _study, **{key: bindparam(f"new_{key.name}") for key in _row}}
        ),
        "claim": update(TRIAL)
        .where(_this, _waiting)
        .values(
            revision=_now,
            state=literal_column("'running'"),
            attempt=_t.attempt + _one,
            worker=_by,
            lease=_until,
            started=bindparam("at"),
        )
        .returning(*_row),
        "reported": update(TRIAL)
        .where(_this, _running, _t.attempt == _of_attempt)
        .values(revision=_now),
        "renew": update(TRIAL).where(_this).values(revision=_now, lease=_until),
        "give_back": update(TRIAL)
        .where(_this)
        .values(revision=_now, state=literal_column("'waiting'"), worker=null(), lease=null()),
        "move": update(TRIAL)
        .where(_this)
        .values({key: bindparam(f"new_{key.name}") for key in _row[1:]}),
        "measurements": select(_m.content).where(_its_measurements).order_by(_m.execution, _m.step),
        "changed_measurements": select(_m.number, _m.content)
        .join(TRIAL, and_(_t.study_id == _m.study_id, _t.number == _m.number))
        .where(_changed)
        .order_by(_m.number, _m.execution, _m.step),
        "overtake": delete(MEASUREMENT).where(
            _its_measurements, or_(_same_place, and_(_m.attempt < _of_attempt, _not_before))
        ),
        "report": insert(MEASUREMENT).values(
            {
                _m.study_id: _study,
                _m.number: _number,
                _m.execution: _execution,
                _m.step: _step,
                _m.attempt: _of_attempt,
                _m.content: bindparam("text"),
            }
        ),
        "forget": delete(MEASUREMENT).where(_its_measurements),
    }
)


_NEW_NAMES = tuple(f"new_{column.name}" for column in _row)


def row_values(row: Sequence[Any]) -> dict[str, Any]:
    """A `_rows.Row` as values of the statements `add` and `move`."""
    return dict(zip(_NEW_NAMES, row, strict=True))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as text for a driver.

    Attributes:
        text: SQL with the driver's placeholders.
        order: names of the values by position, or None where the driver takes them by name.
    """

    text: str
    order: tuple[str, ...] | None

    def bind(self, values: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        """The values as the driver takes them."""
        if self.order is None:
            return values
        return [values[name] for name in self.order]


def compile_statements(dialect: Dialect) -> Mapping[str, Compiled]:
    """Every statement for one kind of database."""
    compiled = {}
    for name, statement in STATEMENTS.items():
        form = statement.compile(dialect=dialect)
        assert isinstance(form, SQLCompiler)
        order = form.positiontup if form.positional else None
        compiled[name] = Compiled(str(form), None if order is None else tuple(order))
    return MappingProxyType(compiled)
