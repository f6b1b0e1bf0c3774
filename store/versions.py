"""Workflow files as they were when runs started: kept by content, so that a run goes on as it began."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT is SQLite's too

from engine.core.definition import Workflow
from store.columns import now_millis
from store.tables import runs
from store.tables import workflow_versions as versions

_FIND = select(versions.c.source, versions.c.folder).where(versions.c.digest == bindparam("b_digest"))
# A run that begins refers to the row from now on: until then nobody may find it unused, and remove it.
_HOLD = _FIND.with_for_update(read=True, key_share=True)
_INSERT = upsert(versions).values(created_at=now_millis())
_KEEP = _INSERT.on_conflict_do_update(index_elements=["digest"], set_={"folder": _INSERT.excluded.folder})

FOLDER_OF_RUN = (
    select(versions.c.folder)
    .where(versions.c.digest == runs.c.workflow_digest)
    .correlate(runs)
    .scalar_subquery()
    .label("workflow_folder")
)
"""A column of statements on runs: where the run's workflow lies now."""


def keep_version(c: Connection, workflow: Workflow) -> None:
    """Keep the workflow's source under its digest. A file that moved is found in its new folder then."""
    kept = c.execute(_HOLD, {"b_digest": workflow.digest}).one_or_none()
    if kept is None or kept.folder != workflow.folder:
        row = {
            "digest": workflow.digest,
            "name": workflow.name,
            "source": workflow.source,
            "folder": workflow.folder,
        }
        c.execute(_KEEP, row)


def load_source(c: Connection, digest: str) -> str:
    """The file's text, of a version that a run refers to."""
    source: str = c.execute(_FIND, {"b_digest": digest}).one().source
    return source
