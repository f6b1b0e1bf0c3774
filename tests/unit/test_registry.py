"""The folder of workflows: changes are noticed, mistakes are told, and the last good version stays in force."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from engine import expressions
from engine.core.permission import Capability, Policy, Principal
from engine.registry import Registry

ADMINS = frozenset({"U0ADA"})
BOB = Principal("T0001", "U0BOB")
CYD = Principal("T0001", "U0CYD", frozenset({"S0OPS"}))

GRANTS = """
grants:
  - to: {users: [U0BOB]}
    workflows: '*'
    allow: [LIST_WORKFLOWS, RUN_WORKFLOW]
  - to: {groups: [S0OPS]}
    workflows: [deploy]
    allow: [APPROVE_WORKFLOW_STEP]
"""


class Clock:
    """A clock that goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> Registry:
    return Registry(tmp_path, clock)


def write(folder: Path, name: str, title: str = "Title", *, file: str | None = None) -> Path:
    path = folder / (file or f"{name}.yml")
    path.write_text(f"name: {name}\ntitle: {title}\nsteps: {{a: {{run: x}}}}\n")
    return path


def codes(registry: Registry) -> list[str]:
    return [mistake.code for mistake in registry.mistakes()]


def test_every_yaml_file_of_the_folder_is_a_workflow(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "deploy")
    write(tmp_path, "report", file="x.yaml")
    (tmp_path / "build.sh").write_text("echo")
    (tmp_path / ".hidden.yml").write_text("?")
    (tmp_path / "folder.yml").mkdir()
    registry = Registry(tmp_path, clock)
    assert sorted(registry.workflows()) == ["deploy", "report"]
    assert registry.mistakes() == ()
    assert registry.get("nope") is None


def test_run_steps_start_in_the_folder_of_the_file(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "deploy")
    workflow = Registry(tmp_path, clock).get("deploy")
    assert workflow is not None
    assert workflow.folder == str(tmp_path)


def test_changes_are_noticed_after_a_second_not_before(
    tmp_path: Path, registry: Registry, clock: Clock
) -> None:
    write(tmp_path, "deploy")
    clock.now = 0.9
    assert registry.get("deploy") is None
    clock.now = 1.0
    assert registry.get("deploy") is not None
    write(tmp_path, "deploy", "Another title")
    (tmp_path / "deploy.yml").rename(tmp_path / "renamed.yml")
    clock.now = 2.0
    workflow = registry.get("deploy")
    assert workflow is not None
    assert workflow.title == "Another title"


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "deploy")
    registry = Registry(tmp_path, clock)
    first = registry.get("deploy")
    clock.now = 5
    assert registry.get("deploy") is first


def test_a_file_that_goes_takes_its_workflow_along(tmp_path: Path, clock: Clock) -> None:
    path = write(tmp_path, "deploy")
    registry = Registry(tmp_path, clock)
    path.unlink()
    clock.now = 1
    assert registry.workflows() == {}


def test_a_broken_file_leaves_the_last_good_version_and_is_reported(tmp_path: Path, clock: Clock) -> None:
    path = write(tmp_path, "deploy")
    registry = Registry(tmp_path, clock)
    path.write_text("name: deploy\nstepz: {}\n")
    clock.now = 1
    assert registry.get("deploy") is not None
    assert codes(registry) == ["WF-REQUIRED", "WF-KEY"]
    write(tmp_path, "deploy", "Mended")
    clock.now = 2
    workflow = registry.get("deploy")
    assert workflow is not None
    assert workflow.title == "Mended"
    assert registry.mistakes() == ()


def test_a_file_that_was_never_good_is_only_reported(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "deploy.yml").write_text("- a\n")
    registry = Registry(tmp_path, clock)
    assert registry.workflows() == {}
    assert registry.mistakes()[0].file == str(tmp_path / "deploy.yml")


def test_of_two_files_with_one_name_the_earlier_owner_keeps_it(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "deploy", "First", file="m.yml")
    registry = Registry(tmp_path, clock)
    write(tmp_path, "deploy", "Second", file="a.yml")
    clock.now = 1
    workflow = registry.get("deploy")
    assert workflow is not None
    assert workflow.title == "First"
    (mistake,) = registry.mistakes()
    assert (mistake.code, mistake.file) == ("WF-DUP", str(tmp_path / "a.yml"))
    assert str(tmp_path / "m.yml") in mistake.sentence


def test_links_out_of_the_folder_and_pipes_are_refused(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    outside = write(tmp_path, "deploy")
    (folder / "deploy.yml").symlink_to(outside)
    (folder / "loop.yml").symlink_to(folder / "loop.yml")
    os.mkfifo(folder / "pipe.yml")
    registry = Registry(folder, clock)
    assert registry.workflows() == {}
    assert sorted(codes(registry)) == ["WF-PATH", "WF-PATH", "WF-READ"]


def test_a_folder_that_is_not_there_is_a_mistake_and_found_when_it_comes(
    tmp_path: Path, clock: Clock
) -> None:
    registry = Registry(tmp_path / "later", clock)
    assert codes(registry) == ["WF-READ"]
    (tmp_path / "later").mkdir()
    write(tmp_path / "later", "deploy")
    clock.now = 1
    assert registry.get("deploy") is not None
    assert registry.mistakes() == ()


def test_a_folder_that_cannot_be_read_any_more_leaves_what_was_known(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    write(folder, "deploy")
    registry = Registry(folder, clock)
    folder.rename(tmp_path / "away")
    clock.now = 1
    assert registry.get("deploy") is not None
    assert codes(registry) == ["WF-READ"]


def test_many_threads_may_ask_while_files_change(tmp_path: Path) -> None:
    write(tmp_path, "deploy")
    registry = Registry(tmp_path, clock=iter(range(10_000_000)).__next__)
    missing: list[int] = []

    def ask() -> None:
        missing.extend(n for n in range(200) if registry.get("deploy") is None)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(50):
        fresh = write(tmp_path, "deploy", f"T{n}", file=".new")
        fresh.replace(tmp_path / "deploy.yml")
    for thread in threads:
        thread.join()
    assert missing == []


# --- permissions


def may(policy: Policy, who: Principal, what: Capability, workflow: str = "deploy") -> bool:
    return policy.may(who, what, workflow)


def test_without_a_permissions_file_members_have_the_usual(registry: Registry) -> None:
    policy = registry.policy(ADMINS)
    assert policy == Policy(ADMINS, None)
    assert may(policy, BOB, Capability.RUN_WORKFLOW)


def test_the_permissions_file_grants_and_nothing_else_does(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "permissions.yml").write_text(GRANTS)
    policy = Registry(tmp_path, clock).policy(ADMINS)
    assert may(policy, BOB, Capability.RUN_WORKFLOW, "report")
    assert not may(policy, BOB, Capability.APPROVE_WORKFLOW_STEP)
    assert may(policy, CYD, Capability.APPROVE_WORKFLOW_STEP)
    assert not may(policy, CYD, Capability.APPROVE_WORKFLOW_STEP, "report")
    assert not may(policy, CYD, Capability.RUN_WORKFLOW)


def test_a_broken_permissions_file_leaves_the_last_good_policy(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "permissions.yml"
    path.write_text(GRANTS)
    registry = Registry(tmp_path, clock)
    path.write_text(GRANTS.replace("RUN_WORKFLOW", "RUN_WORKFLOWS"))
    clock.now = 1
    assert may(registry.policy(ADMINS), BOB, Capability.RUN_WORKFLOW)
    (mistake,) = registry.mistakes()
    assert (mistake.line, mistake.code) == (5, "PERMISSION")
    assert "Did you mean 'RUN_WORKFLOW'?" in mistake.sentence


@pytest.mark.parametrize("file", ["permissions.yml", "permissions.yaml"])
def test_a_permissions_file_that_was_never_good_leaves_only_admins(
    tmp_path: Path, clock: Clock, file: str
) -> None:
    (tmp_path / file).write_text("grants: [")
    policy = Registry(tmp_path, clock).policy(ADMINS)
    assert policy == Policy(ADMINS, ())
    assert not may(policy, BOB, Capability.LIST_WORKFLOWS)
    assert may(policy, Principal("T0001", "U0ADA"), Capability.RUN_WORKFLOW)


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("", "YAML-EMPTY", "empty"),
        ("- a", "YAML-SHAPE", "grants:"),
        ("grant: []", "WF-KEY", "Did you mean 'grants'?"),
        ("grants: {}", "WF-TYPE", "must be a list"),
        ("grants: [a]", "WF-TYPE", "mapping"),
        ("grants: [{workflows: '*', allow: [RUN_WORKFLOW]}]", "WF-REQUIRED", "'to' is missing"),
        ("grants: [{to: {}, workflows: '*', allow: [RUN_WORKFLOW]}]", "PERMISSION", "nobody"),
        ("grants: [{to: {users: [bob]}, workflows: '*', allow: [RUN_WORKFLOW]}]", "PERMISSION", "U0BOB"),
        ("grants: [{to: {groups: [U0BOB]}, workflows: '*', allow: [RUN_WORKFLOW]}]", "PERMISSION", "S0OPS"),
        (
            "grants: [{to: {everyone: yes}, workflows: '*', allow: [RUN_WORKFLOW]}]",
            "WF-TYPE",
            "true or false",
        ),
        ("grants: [{to: {everyone: true}, allow: [RUN_WORKFLOW]}]", "WF-REQUIRED", "'workflows' is missing"),
        (
            "grants: [{to: {everyone: true}, workflows: [../x], allow: [RUN_WORKFLOW]}]",
            "PERMISSION",
            "'../x'",
        ),
        ("grants: [{to: {everyone: true}, workflows: '*'}]", "WF-REQUIRED", "'allow' is missing"),
        ("grants: [{to: {everyone: true}, workflows: '*', allow: run}]", "PERMISSION", "no capability 'run'"),
    ],
)
def test_each_mistake_in_the_permissions_is_told(
    tmp_path: Path, clock: Clock, text: str, code: str, part: str
) -> None:
    (tmp_path / "permissions.yml").write_text(text)
    mistakes = Registry(tmp_path, clock).mistakes()
    assert code in [mistake.code for mistake in mistakes]
    assert any(part in mistake.sentence for mistake in mistakes)


def test_a_permissions_file_that_vanishes_opens_nothing(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "permissions.yml"
    path.write_text(GRANTS)
    write(tmp_path, "deploy")
    registry = Registry(tmp_path, clock)
    path.rename(tmp_path / "permissions.yml~")  # as editors do, before they write the new one

    clock.now += 10

    assert not registry.policy(ADMINS).may(CYD, Capability.RUN_WORKFLOW, "deploy")
    assert [mistake.code for mistake in registry.mistakes()] == ["PERM-GONE"]
    path.write_text(GRANTS)
    clock.now += 10
    assert registry.mistakes() == ()


def test_a_file_with_an_absurd_number_does_not_hide_the_others(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path, "good")
    text = "name: bad\nsteps: {a: {run: x, if: '{{ " + "9" * 5000 + " > 1 }}'}}\n"
    (tmp_path / "bad.yml").write_text(text)

    registry = Registry(tmp_path, clock)

    assert list(registry.workflows()) == ["good"]
    assert len(registry.mistakes()) == 1


def test_each_expression_of_a_folder_is_parsed_once_however_many_files_hold_it(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    class Counting(SandboxedEnvironment):
        def parse(self, source: str, name: str | None = None, filename: str | None = None) -> nodes.Template:
            parsed.append(source)
            return super().parse(source, name, filename)

    monkeypatch.setattr(expressions, "_environment", Counting)
    expressions._compile.cache_clear()
    expressions._parse.cache_clear()
    for n in range(20):
        step = f"{{run: x, if: '{{{{ run.number > 3 }}}}', env: {{N: 'no. {n} of {{{{ run.number }}}}'}}}}"
        text = f"name: w{n}\nsteps: {{a: {step}}}\n"
        (tmp_path / f"w{n}.yml").write_text(text)
    registry = Registry(tmp_path, clock)
    assert len(registry.workflows()) == 20
    assert sorted(parsed) == ["{{ run.number > 3 }}", "{{ run.number }}"]
