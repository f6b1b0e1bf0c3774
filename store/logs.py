"""What steps wrote: chunks in the order they came, numbered from 1 within an attempt."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select, update

from engine.core.log import LogChunk as LogChunk
from store.columns import clean_text
from store.tables import attempts, log_chunks, tasks

_THIS_ATTEMPT = (
    attempts.c.task_id == bindparam("b_task"),
    attempts.c.number == bindparam("b_attempt"),
    attempts.c.finished_at.is_(None),
)
_END = (
    select(attempts.c.team_id, attempts.c.last_seq, attempts.c.stdout_size, attempts.c.stderr_size)
    .where(*_THIS_ATTEMPT)
    .with_for_update()
)
_MOVE_END = (
    update(attempts)
    .where(*_THIS_ATTEMPT)
    .values(last_seq=bindparam("b_seq"), stdout_size=bindparam("b_stdout"), stderr_size=bindparam("b_stderr"))
)
_INSERT = insert(log_chunks)
_LATEST_ATTEMPT = select(tasks.c.attempt).where(tasks.c.id == bindparam("b_task")).scalar_subquery()
_READ = (
    select(log_chunks.c.seq, log_chunks.c.stream, log_chunks.c.at, log_chunks.c.text)
    .where(
        log_chunks.c.task_id == bindparam("b_task"),
        log_chunks.c.attempt
        == func.coalesce(bindparam("b_attempt", type_=attempts.c.number.type), _LATEST_ATTEMPT),
        log_chunks.c.seq > bindparam("b_after"),
    )
    .order_by(log_chunks.c.seq)
    .limit(bindparam("b_limit"))
)
_READ_STREAM = _READ.where(log_chunks.c.stream == bindparam("b_stream"))


def append_chunks(c: Connection, task_id: str, attempt: int, chunks: Sequence[LogChunk]) -> bool:
    """Append to the output of an attempt that has not ended; False when it has, and nothing is written then.

    Chunks that were appended before are left out, so that a call whose answer was lost may be repeated.
    """
    key = {"b_task": task_id, "b_attempt": attempt}
    end = c.execute(_END, key).one_or_none()
    if end is None:
        return False
    sizes = {"stdout": end.stdout_size, "stderr": end.stderr_size}
    rows = []
    for chunk in chunks:
        if chunk.seq <= end.last_seq:
            continue
        text = clean_text(chunk.text)
        sizes[chunk.stream] += len(text.encode())
        rows.append(
            {
                "task_id": task_id,
                "attempt": attempt,
                "seq": chunk.seq,
                "team_id": end.team_id,
                "stream": chunk.stream,
                "stop": sizes[chunk.stream],
                "at": chunk.at,
                "text": text,
            }
        )
    if rows:
        values = {"b_seq": rows[-1]["seq"], "b_stdout": sizes["stdout"], "b_stderr": sizes["stderr"]}
        c.execute(_MOVE_END, key | values)
        c.execute(_INSERT, rows)
    return True


def read_log(
    c: Connection,
    task_id: str,
    attempt: int | None = None,
    stream: str | None = None,
    after_seq: int = 0,
    limit: int = 1000,
) -> list[LogChunk]:
    """The next chunks after `after_seq`, of the latest attempt and of both streams unless told otherwise."""
    values = {"b_task": task_id, "b_attempt": attempt, "b_after": after_seq, "b_limit": limit}
    if stream is None:
        return [LogChunk(*row) for row in c.execute(_READ, values)]
    return [LogChunk(*row) for row in c.execute(_READ_STREAM, values | {"b_stream": stream})]
