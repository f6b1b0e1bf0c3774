"""Workflow files whose steps are carried out in every way there is, to their end, by a real worker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.core.state import RunStatus
from engine.secrets import Secrets
from tests.engine_shell.http_server import answering, serving
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import Workshop

WAYS = """
name: ways
parameters: {port: {type: integer, required: true}}
secrets: [deploy_token]
steps:
  interpreter:
    run: |
      import json, os, sys
      print(json.dumps({"read": sys.stdin.read(), "folder": os.path.basename(os.getcwd()), "argv": sys.argv}))
    shell: python3
    working_directory: scripts
    stdin: 'port {{ params.port }}'
  function:
    needs: [interpreter]
    python:
      function: ops_steps:greet
      arguments: {name: '{{ steps.interpreter.result.read }}', times: '2', token: '{{ secrets.deploy_token }}'}
  form:
    needs: [function]
    http:
      method: POST
      url: 'http://127.0.0.1:{{ params.port }}/form?token={{ secrets.deploy_token }}'
      headers: {Authorization: 'Bearer {{ secrets.deploy_token }}'}
      form: {text: '{{ steps.function.result[0] }}', token: '{{ secrets.deploy_token }}'}
  leak:
    needs: [form]
    run: |
      echo "the token is $TOKEN"
      echo "$TOKEN" | base64
      echo "{\\"token\\": \\"$TOKEN\\"}"
    env: {TOKEN: '{{ secrets.deploy_token }}'}
outputs:
  greeting: '{{ steps.function.result }}'
  leak: '{{ steps.leak.result }}'
"""

MODULE = """
async def greet(name: str, times: int, token: str) -> list[str]:
    print("greeting with", token)
    return [f"hello {name}"] * times
"""

TOKEN = "Zm9v-s3cr3t+t0k3n/with=signs"


@pytest.fixture
def ways(shop: Workshop, tmp_path: Path) -> Workshop:
    folder = tmp_path / "workflows"
    (folder / "scripts").mkdir()
    (folder / "ops_steps.py").write_text(MODULE)
    (folder / "ways.yml").write_text(WAYS)
    wait_until(lambda: shop.engine.registry.get("ways") or shop.engine.registry.mistakes())
    assert not shop.engine.registry.mistakes(), shop.engine.registry.mistakes()
    return shop


def test_every_way_to_carry_out_a_step_and_no_secret_in_the_database(ways: Workshop) -> None:
    answer = answering(200, b'{"ok": true}', Content_Type="application/json")
    with serving(answer) as server, ways.worker() as worker:
        worker.secrets = Secrets({"HANDRAIL_SECRET_DEPLOY_TOKEN": TOKEN})
        run_id = ways.start("ways", port=server.port)
        picture = ways.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert ways.task(run_id, "interpreter").result == {
        "read": f"port {server.port}", "folder": "scripts", "argv": ["-c"],
    }  # fmt: skip
    assert picture.outputs == {"greeting": [f"hello port {server.port}"] * 2, "leak": {"token": "***"}}
    asked = server.asked[0]
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.body.startswith(b"text=hello+port+")
    assert TOKEN.split("+")[0] not in everything_in(ways)


def test_a_secret_that_is_missing_ends_the_run_with_what_to_do(ways: Workshop) -> None:
    with ways.worker():
        run_id = ways.start("ways", port=1)
        picture = ways.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    error = ways.task(run_id, "function").error
    assert error is not None
    assert "Set HANDRAIL_SECRET_DEPLOY_TOKEN, or put a file named deploy_token" in error


def everything_in(shop: Workshop) -> str:
    """All rows of all tables, as text."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if shop.database.url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    with shop.database.read() as c:
        names = [row[0] for row in c.execute(text(tables))]
        rows = [
            [str(value) for value in row]
            for name in names
            for row in c.execute(text(f'SELECT * FROM "{name}"'))
        ]
    assert len(rows) > 10
    return json.dumps(rows)
