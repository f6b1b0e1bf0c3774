"""A run keeps the definition it was started with; a rehearsal asks and shows, and does nothing."""

from __future__ import annotations

from pathlib import Path

from engine import commands
from engine.core.definition import JsonValue
from engine.core.state import RunStatus, TaskStatus
from tests.engine_shell.http_server import answering, serving
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, PATIENCE, Workshop
from tests.features.traces import find_child, rows, statuses, wait_for_step

PINNED = """
name: pinned
parameters: {folder: {type: string}}
steps:
  hold: {run: 'while [ ! -e "$PARAM_FOLDER/go" ]; do sleep 0.02; done; test -e "$PARAM_FOLDER/mended"'}
  say: {needs: [hold], set: {version: first}}
"""

HARMLESS = """
name: harmless
parameters: {folder: {type: string}, port: {type: integer, default: 9}}
concurrency: harmless
steps:
  write: {run: 'touch "$PARAM_FOLDER/written"', retry: 3}
  each: {foreach: [1, 2], run: 'touch "$PARAM_FOLDER/written"'}
  call: {http: {method: POST, url: 'http://127.0.0.1:{{ params.port }}/'}}
  imported: {python: 'antigravity:geohash'}
  ask: {needs: [write, each, call, imported], approval: {title: 'Go on?', approvers: {users: [U0BOB]}}}
  pause: {needs: [ask], wait: 1h}
  say: {needs: [pause], message: {channel: '#releases', text: Done.}}
  start: {needs: [say], workflow: {name: below, parameters: {folder: '{{ params.folder }}'}}}
  sum: {needs: [start], set: {size: '{{ 1 + 1 }}'}}
outputs: {size: '{{ steps.sum.result.size }}'}
"""

BELOW = """
name: below
parameters: {folder: {type: string}}
steps:
  write: {run: 'touch "$PARAM_FOLDER/written"'}
"""

FILES = (PINNED, HARMLESS, BELOW)


def test_a_run_keeps_its_definition_when_the_file_changes_also_in_a_new_round(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = shop.start("pinned", folder=str(folder))
        wait_for_step(shop, run_id, "hold", TaskStatus.RUNNING)
        changed = PINNED.replace("first", "second").replace("  say:", "  more: {run: 'true'}\n  say:")
        (shop.engine.registry.folder / "0.yml").write_text(changed)
        wait_until(lambda: shop.engine.registry.workflows()["pinned"].source == changed, PATIENCE)
        (folder / "go").touch()
        assert shop.wait_for_end(run_id).status is RunStatus.FAILED
        (folder / "mended").touch()
        commands.resume_run(shop.engine, ADA, run_id)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
        newer = shop.start("pinned", folder=str(folder))
        assert shop.wait_for_end(newer).status is RunStatus.COMPLETED
    assert shop.task(run_id, "say").result == {"version": "first"}
    assert shop.task(newer, "say").result == {"version": "second"}
    assert [task.step_id for task in shop.picture(run_id).tasks] == ["hold", "say"]
    assert len(shop.picture(newer).tasks) == 3


def test_a_rehearsal_asks_and_shows_and_has_no_effect(shop: Workshop, folder: Path) -> None:
    with serving(answering(200)) as server, shop.worker():
        busy = shop.start("harmless", folder=str(folder / "nowhere"), port=server.port)
        commands.cancel_run(shop.engine, ADA, busy)
        server.asked.clear()
        values: dict[str, JsonValue] = {"folder": str(folder), "port": server.port}
        started = commands.start_run(shop.engine, ADA, "harmless", values, channel_id=None, is_rehearsal=True)
        run_id = started.run_id
        wait_until(lambda: shop.picture(run_id).open_approvals, PATIENCE)
        commands.decide(shop.engine, BOB, shop.picture(run_id).open_approvals[0].id, approve=True)
        picture = shop.wait_for_end(run_id)
        assert not server.asked
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert set(statuses(picture).values()) == {"completed"}
    assert picture.outputs == {"size": 2}
    assert picture.is_rehearsal
    assert shop.picture(find_child(shop, run_id, "start")).is_rehearsal
    assert not (folder / "written").exists()
    assert (
        "Rehearsal: this would run"
        in shop.task(run_id, "write").stderr.text + shop.task(run_id, "write").stdout.text
    )
    assert shop.task(run_id, "say").arguments == {"channel": "#releases", "user": None, "text": "Done."}
    assert rows(shop, "SELECT count(*) FROM surface") == [(0,)]
    assert rows(shop, "SELECT count(*) FROM timer") == [(0,)]


def test_a_rehearsal_waits_for_nobody(shop: Workshop, folder: Path) -> None:
    shop.start("harmless", folder=str(folder))
    started = commands.start_run(
        shop.engine, ADA, "harmless", {"folder": str(folder)}, channel_id=None, is_rehearsal=True
    )
    assert not started.is_queued
