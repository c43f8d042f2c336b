"""How many jobs there are in each state, without counting the many that have ended.

Those that have not are few and have an index. Of the others a row for each state keeps the number, changed by
every transaction that ends, revives or forgets a job. All transactions change the same three rows, so they do it
last, one after the other, as with events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import event, func, inspect, select, update
from sqlalchemy.orm import Session, object_session

from app.storage.catalog.tables import FINISHED, IS_UNFINISHED, Job, JobCount, JobState

_CHANGES = "changes of job counts"


def counts(session: Session) -> dict[str, int]:
    """In one statement: no job is counted twice, or missed, because it ends meanwhile."""
    unfinished = select(Job.state, func.count()).where(IS_UNFINISHED).group_by(Job.state)
    ended = select(JobCount.state, JobCount.jobs)
    counted: dict[str, int] = dict(session.execute(unfinished.union_all(ended)).all())
    return {state.value: 0 for state in JobState} | counted


def recount(session: Session) -> None:
    """To be called by who has locked what is written last."""
    rows = session.execute(select(Job.state, func.count()).group_by(Job.state))
    counted: dict[str, int] = dict(rows.all())
    for state in FINISHED:
        session.execute(update(JobCount).where(JobCount.state == state).values(jobs=counted.get(state, 0)))


def note_deleted(session: Session, states: Iterable[str]) -> None:
    """Of jobs that were deleted by a statement, which no row of the session tells of."""
    for state in states:
        _note(session, state, -1)


def taken_changes(session: Session) -> Counter[str]:
    """By how much each count changes with this transaction."""
    noted: Counter[str] = session.info.pop(_CHANGES, Counter())
    return Counter({state: change for state, change in noted.items() if change})


def keep(session: Session, changes: Counter[str]) -> None:
    for state, change in changes.items():
        session.execute(update(JobCount).where(JobCount.state == state).values(jobs=JobCount.jobs + change))


def _note(session: Session | None, state: str, change: int) -> None:
    if session is not None and state in FINISHED:
        session.info.setdefault(_CHANGES, Counter())[state] += change


@event.listens_for(Job, "after_insert")
def _inserted(_mapper: object, _connection: object, job: Job) -> None:
    _note(object_session(job), job.state, 1)


@event.listens_for(Job, "after_update")
def _updated(_mapper: object, _connection: object, job: Job) -> None:
    state = inspect(job).attrs.state.history
    for change, values in ((-1, state.deleted), (1, state.added)):
        for value in values or ():
            _note(object_session(job), value, change)
