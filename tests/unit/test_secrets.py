"""Where the values of declared secrets come from, and which of them a step asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.core.definition import Action, HttpAction, PythonAction, RunAction, SetAction, Step, StepKind
from engine.executors.secret_names import secrets_of_step
from engine.secrets import SecretProblem, Secrets, is_secret_variable


def problem(secrets: Secrets, name: str) -> str:
    with pytest.raises(SecretProblem) as caught:
        secrets.look_up(name)
    return str(caught.value)


def test_the_environment_goes_before_files(tmp_path: Path) -> None:
    (tmp_path / "deploy_token").write_text("from a file")
    (tmp_path / "other").write_text("of a file\n")
    secrets = Secrets({"HANDRAIL_SECRET_DEPLOY_TOKEN": "from the environment"}, tmp_path)
    assert secrets.look_up("deploy_token") == "from the environment"
    assert secrets.look_up("other") == "of a file"


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of a file")
    assert Secrets({"HANDRAIL_SECRET_TOKEN": ""}, tmp_path).look_up("token") == "of a file"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"value\n", "value"), (b"value\r\n", "value"), (b"value\n\n", "value\n"), (b" value ", " value "),
        ("grüße".encode(), "grüße"), (b"a\nb\nc\n", "a\nb\nc"), (b"x" * 65536, "x" * 65536),
    ],
)  # fmt: skip
def test_one_line_end_of_a_file_is_left_out(content: bytes, value: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content)
    assert Secrets({}, tmp_path).look_up("token") == value


def test_links_are_followed_as_clusters_mount_secrets_so(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "token").write_text("value")
    (tmp_path / "token").symlink_to("..data/token")
    assert Secrets({}, tmp_path).look_up("token") == "value"


def test_what_is_missing_says_where_to_put_it(tmp_path: Path) -> None:
    begin = (
        "The secret 'deploy_token' is not there on this worker. Set HANDRAIL_SECRET_DEPLOY_TOKEN, or put a "
    )
    assert (
        problem(Secrets(), "deploy_token")
        == f"{begin}file named deploy_token into the folder HANDRAIL_SECRETS."
    )
    assert (
        problem(Secrets({}, tmp_path), "deploy_token") == f"{begin}file named deploy_token into {tmp_path}."
    )


@pytest.mark.parametrize("value", ["abc", "a"])
def test_a_value_that_is_too_short_to_be_hidden_is_refused(value: str) -> None:
    assert problem(Secrets({"HANDRAIL_SECRET_PIN": value}), "pin").startswith(
        "The secret 'pin' has fewer than 4 characters"
    )
    assert Secrets({"HANDRAIL_SECRET_PIN": "abcd"}).look_up("pin") == "abcd"


@pytest.mark.parametrize("name", ["../token", "a/b", "", ".", "..", "a\0b", "key", "KEY", "x" * 65, "tok.en"])
def test_names_lead_neither_elsewhere_nor_to_our_own_key(name: str, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "token").write_text("value")
    (inner / "key").write_text("value")
    environment = {"HANDRAIL_SECRET_KEY": "our own", "HANDRAIL_SECRET_": "value"}
    assert problem(Secrets(environment, inner), name).startswith("No secret can have the name")


def test_files_that_cannot_be_taken_are_told(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 65537)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    secrets = Secrets({}, tmp_path)
    assert problem(secrets, "large") == "The file of the secret 'large' is larger than 64 KiB."
    assert problem(secrets, "binary").startswith("The file of the secret 'binary' is not text in UTF-8.")
    for name in ("folder", "pipe"):
        assert problem(secrets, name).startswith(f"The file of the secret '{name}' could not be read: ")
    assert problem(secrets, "empty").startswith("The secret 'empty' has fewer than 4 characters")


@pytest.mark.parametrize(
    ("variable", "is_one"),
    [
        ("HANDRAIL_SECRET_TOKEN", True),
        ("HANDRAIL_SECRETS", True),
        ("HANDRAIL_SECRET_KEY", False),
        ("HANDRAIL_SECRET_KEY2", True),
        ("HANDRAIL_HOME", False),
        ("PATH", False),
    ],
)
def test_which_variables_are_for_workers_only(variable: str, is_one: bool) -> None:
    assert is_secret_variable(variable) is is_one


@pytest.mark.parametrize(
    ("kind", "action", "names"),
    [
        (StepKind.RUN, RunAction("echo {{ secrets.not_this }}", stdin="x {{ secrets.a }}"), {"a", "env"}),
        (
            StepKind.HTTP,
            HttpAction(
                "POST",
                "https://x/{{ secrets.a }}",
                {"H": "Bearer {{ secrets['b'] }}"},
                json={"deep": [{"er": "{{ secrets.c | upper }}"}]},
                body="{{ secrets.d ~ secrets.e }}",
                form={"f": "{{ secrets.f if params.x else secrets.g }}"},
            ),
            {"a", "b", "c", "d", "e", "f", "g", "env"},
        ),
        (StepKind.PYTHON, PythonAction("m:f", {"x": ["{{ secrets.a }}"]}), {"a", "env"}),
        (StepKind.SET, SetAction({"x": "{{ secrets.a }}"}), {"env"}),
    ],
)
def test_a_step_needs_the_secrets_that_its_expressions_name(
    kind: StepKind, action: Action, names: set[str]
) -> None:
    step = Step("build", "Build", kind, action, env={"E": "{{ secrets.env }}", "P": "{{ params.secrets }}"})
    assert secrets_of_step(step) == names
