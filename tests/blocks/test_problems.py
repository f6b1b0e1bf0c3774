"""Sentences for one person, when something is not possible or was not understood."""

from __future__ import annotations

from blocks.problems import help_message, message_view, problem_message, problem_view, unknown_error
from engine.core.errors import InvalidParameters, Refused
from tests.support.block_limits import all_text, check_message, check_view


def test_a_refusal_names_the_people_to_ask() -> None:
    message = problem_message(Refused("You may not run deploy. Ask {people}.", ("U0BOB", "S0OPS")))
    check_message(message, frozenset({"U0BOB", "S0OPS"}))
    assert message.text == "You may not run deploy. Ask <@U0BOB>, <!subteam^S0OPS>."


def test_what_a_person_typed_stays_text_in_the_answer() -> None:
    message = problem_message(InvalidParameters({"env": "'<!channel> & <@U9>' is no choice."}))
    check_message(message)
    assert "&lt;!channel&gt; &amp; &lt;@U9&gt;" in message.text


def test_a_very_long_problem_is_cut() -> None:
    check_message(problem_message(InvalidParameters({f"p{n}": "<&>" * 50 for n in range(100)})))


def test_a_problem_can_be_told_in_a_modal() -> None:
    view = problem_view(problem_message(Refused("No.")))
    check_view(view)
    assert "No." in all_text(view["blocks"])
    check_view(message_view("A title much longer than Slack allows", "Said & done."))


def test_an_unknown_error_gives_its_number_and_a_next_step() -> None:
    message = unknown_error("ab12cd34")
    check_message(message)
    assert "`ab12cd34`" in message.text
    assert "/workflow runs" in message.text


def test_help_shows_every_command_with_a_workflow_that_exists() -> None:
    message = help_message(["hello", "deploy"])
    check_message(message)
    shown = all_text(message.blocks)
    for command in (
        "run hello key=value",
        "list",
        "runs hello status:failed",
        "show 42",
        "cancel 42",
        "help",
    ):
        assert f"/workflow {command}" in shown
    check_message(help_message([]))
