"""The text behind /workflow, as people type it."""

from __future__ import annotations

import pytest

from bot.slack.words import Filters, Misspelled, parse_command, run_number, split_filters


@pytest.mark.parametrize(
    ("text", "verb", "plain", "pairs"),
    [
        ("", "help", (), {}),
        ("   ", "help", (), {}),
        ("LIST", "list", (), {}),
        ("run deploy", "run", ("deploy",), {}),
        ("run deploy env=prod", "run", ("deploy",), {"env": "prod"}),
        ('run deploy env="two words"', "run", ("deploy",), {"env": "two words"}),
        ("run deploy env=“prod”", "run", ("deploy",), {"env": "prod"}),  # what phones and Macs type
        ("run deploy env=‘two words’", "run", ("deploy",), {"env": "two words"}),
        ("run deploy env=", "run", ("deploy",), {"env": ""}),
        ('run deploy env=""', "run", ("deploy",), {"env": ""}),
        ("run deploy msg=$(id)", "run", ("deploy",), {"msg": "$(id)"}),
        ("run deploy msg=%0aid", "run", ("deploy",), {"msg": "%0aid"}),
        ("run deploy msg=a=b", "run", ("deploy",), {"msg": "a=b"}),
        ("run deploy msg=&lt;!channel&gt;", "run", ("deploy",), {"msg": "<!channel>"}),
        ("run deploy msg=:rocket:", "run", ("deploy",), {"msg": ":rocket:"}),
        ("run send-payload", "run", ("send-payload",), {}),
        ("run deploy msg=it's", "run", ("deploy",), {"msg": "it's"}),  # an apostrophe opens nothing
    ],
)
def test_a_command_is_taken_apart(
    text: str, verb: str, plain: tuple[str, ...], pairs: dict[str, str]
) -> None:
    words = parse_command(text)

    assert (words.verb, words.plain, dict(words.pairs)) == (verb, plain, pairs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frobnicate", "is no command"),
        ("rnus", "Did you mean `runs`?"),
        ("run deploy =prod", "name is missing before `=`"),
        ("run deploy --env=prod", "`env=value`, without dashes"),
        ("run deploy —env=prod", "`env=value`, without dashes"),
        ("run deploy env=a env=b", "given twice"),
        ('run deploy env="open', "A quote is open"),
        ("run deploy env=\x1b[2J", "control character"),
        ("run deploy env=\ud800", "control character"),
        ("x" * 4001, "longer than 4000"),
        ("run deploy env=" + "x" * 3001, "longer than 3000"),
    ],
)
def test_a_mistake_is_answered_with_what_to_type_instead(text: str, said: str) -> None:
    with pytest.raises(Misspelled) as caught:
        parse_command(text)

    assert said in caught.value.sentence


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("<http://example.com|example.com>", "example.com"),
        ("<mailto:ada@example.com|ada@example.com>", "ada@example.com"),
        ("<http://a.example?x=1&amp;y=2|a.example?x=1&amp;y=2>", "a.example?x=1&y=2"),
        ("<https://a.example/b>", "<https://a.example/b>"),
        ("<https://a.example/b|a.example/c>", "<https://a.example/b|a.example/c>"),
        ("&lt;http://a.example|a.example&gt;", "<http://a.example|a.example>"),
        ("<!channel>", "<!channel>"),
    ],
)
def test_what_slack_has_made_a_link_of_is_what_was_typed(sent: str, value: str) -> None:
    assert parse_command(f"run certificate host={sent}").pairs == {"host": value}


@pytest.mark.parametrize("text", ["show 42", "show #42", "cancel 42"])
def test_a_run_is_named_by_its_number(text: str) -> None:
    assert run_number(parse_command(text)) == 42


@pytest.mark.parametrize(
    "text",
    ["show", "cancel", "show 1 2", "show forty", "show 0", "show -1", "show OR 1=1", "cancel 1 x=1"],
)
def test_anything_else_is_no_run_number(text: str) -> None:
    with pytest.raises(Misspelled, match="number"):
        run_number(parse_command(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("runs", Filters()),
        ("runs deploy", Filters("deploy")),
        ("runs status:failed", Filters(None, "failed")),
        ("runs deploy status=waiting_for_approval", Filters("deploy", "waiting_for_approval")),
        ('runs "status:Waiting for Approval"', Filters(None, "waiting_for_approval")),
        ("runs deploy rehearsals:yes", Filters("deploy", None, rehearsals=True)),
        ("runs rehearsals=yes status:failed", Filters(None, "failed", rehearsals=True)),
        ("runs rehearsals:no", Filters()),
    ],
)
def test_history_is_filtered_by_workflow_status_and_rehearsals(text: str, expected: Filters) -> None:
    assert split_filters(parse_command(text)) == expected


@pytest.mark.parametrize(
    ("text", "has_flag"),
    [
        ("run deploy --dry-run a=b", True),
        ("run deploy —dry-run", True),
        ("run --DRY-RUN deploy", True),
        ("run deploy", False),
        ("cancel 42 --force", True),
        ("cancel 42", False),
    ],
)
def test_the_option_of_a_verb_may_stand_anywhere(text: str, has_flag: bool) -> None:
    words = parse_command(text)
    assert words.has_flag is has_flag
    assert words.plain in (("deploy",), ("42",))


def test_the_option_of_another_verb_is_a_word_too_many() -> None:
    assert parse_command("run deploy --force").plain == ("deploy", "--force")
