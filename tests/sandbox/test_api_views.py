"""views.*: triggers, the stack of three, hashes, external ids, and what was typed."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import MovableClock
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, modal, option, plain, section, select_input, text_input
from tests.support.sandbox_client import ADA, BOB, SandboxClient

HOME = {"type": "home", "blocks": [section("Welcome"), actions("a", button("go"))]}


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    data: dict[str, Any] = caught.value.response.data
    return data


def code_of(call: Any, **arguments: Any) -> str:
    return str(refusal(call, **arguments)["error"])


def a_trigger(sandbox: SandboxClient, app: FakeApp, user: str = ADA) -> str:
    sandbox.command(user, "/workflow run")
    return str(app.last("command")["trigger_id"])


def an_open_view(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, view: dict[str, Any]
) -> dict[str, Any]:
    shown: dict[str, Any] = slack.views_open(trigger_id=a_trigger(sandbox, app), view=view)["view"]
    return shown


def a_trigger_inside(sandbox: SandboxClient, app: FakeApp) -> str:
    sandbox.click(ADA, "go", sandbox.views(ADA)[-1])
    return str(app.last("block_actions")["trigger_id"])


def clickable(**more: Any) -> dict[str, Any]:
    return modal(actions("a", button("go")), text_input("name"), **more)


def test_a_view_is_opened_for_the_person_who_acted(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = an_open_view(sandbox, app, slack, modal(private_metadata="m", external_id="e"))
    assert sandbox.views(ADA) == [view]
    assert sandbox.views(BOB) == []
    assert view["root_view_id"] == view["id"]
    assert view["previous_view_id"] is None
    assert (view["private_metadata"], view["external_id"], view["callback_id"]) == ("m", "e", "form")
    assert view["hash"]


def test_a_view_object_has_exactly_slacks_fields(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = an_open_view(sandbox, app, slack, modal())
    assert set(view) == {
        *("id", "team_id", "app_id", "app_installed_team_id", "bot_id", "type", "callback_id", "external_id"),
        *("title", "submit", "close", "blocks", "private_metadata", "state", "hash", "clear_on_close"),
        *("notify_on_close", "submit_disabled", "root_view_id", "previous_view_id"),
    }


def test_a_trigger_has_slacks_shape(sandbox: SandboxClient, app: FakeApp) -> None:
    first, second, last = a_trigger(sandbox, app).split(".")
    assert first.isdigit()
    assert second.isdigit()
    assert int(last, 16) >= 0


def test_a_trigger_works_once(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    trigger_id = a_trigger(sandbox, app)
    slack.views_open(trigger_id=trigger_id, view=modal())
    assert code_of(slack.views_open, trigger_id=trigger_id, view=modal()) == "exchanged_trigger_id"


def test_a_trigger_works_for_three_seconds(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, clock: MovableClock
) -> None:
    trigger_id = a_trigger(sandbox, app)
    clock.skip(3.1)
    assert code_of(slack.views_open, trigger_id=trigger_id, view=modal()) == "expired_trigger_id"


def test_an_invented_trigger_is_invalid(slack: WebClient) -> None:
    assert code_of(slack.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"


def test_a_wrong_view_does_not_use_up_the_trigger(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    trigger_id = a_trigger(sandbox, app)
    told = refusal(slack.views_open, trigger_id=trigger_id, view=modal(title=plain("t" * 25)))
    assert told["error"] == "invalid_arguments"
    assert told["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    assert slack.views_open(trigger_id=trigger_id, view=modal())["ok"]


@pytest.mark.parametrize("view", ["{", "[]", "3", {"type": "modal"}, {"type": "home", "blocks": []}])
def test_what_is_no_modal_is_refused(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, view: Any
) -> None:
    call = {"trigger_id": a_trigger(sandbox, app), "view": view}
    assert code_of(slack.api_call, api_method="views.open", json=call) == "invalid_arguments"


def test_a_field_for_files_needs_the_scope_to_read_them(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    upload = {"type": "file_input", "action_id": "value"}
    view = modal({"type": "input", "block_id": "file", "label": plain("File"), "element": upload})
    sandbox.scopes(["chat:write", "commands"])
    told = refusal(slack.views_open, trigger_id=a_trigger(sandbox, app), view=view)
    assert (told["error"], told["needed"]) == ("missing_scope", "files:read")
    sandbox.scopes(["commands", "files:read"])
    assert slack.views_open(trigger_id=a_trigger(sandbox, app), view=view)["ok"]


def test_missing_arguments_are_named(slack: WebClient) -> None:
    for missing, call in (("trigger_id", {"view": modal()}), ("view", {"trigger_id": "1.2.3"})):
        told = refusal(slack.api_call, api_method="views.open", json=call)
        assert told["response_metadata"]["messages"] == [f"[ERROR] missing required field: {missing}"]


def test_a_huge_view_is_too_large(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = modal(*(section("x" * 3000) for _ in range(90)))
    assert code_of(slack.views_open, trigger_id=a_trigger(sandbox, app), view=view) == "view_too_large"


def test_three_views_stack_and_no_fourth(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    root = an_open_view(sandbox, app, slack, clickable())
    second = slack.views_push(trigger_id=a_trigger_inside(sandbox, app), view=clickable())["view"]
    third = slack.views_push(trigger_id=a_trigger_inside(sandbox, app), view=clickable())["view"]
    assert (third["root_view_id"], third["previous_view_id"]) == (root["id"], second["id"])
    assert [view["id"] for view in sandbox.views(ADA)] == [root["id"], second["id"], third["id"]]
    trigger_id = a_trigger_inside(sandbox, app)
    assert code_of(slack.views_push, trigger_id=trigger_id, view=clickable()) == "push_limit_reached"


def test_a_push_needs_a_trigger_from_inside_a_modal(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    an_open_view(sandbox, app, slack, clickable())
    assert code_of(slack.views_push, trigger_id=a_trigger(sandbox, app), view=modal()) == "invalid_trigger_id"
    inside = a_trigger_inside(sandbox, app)
    sandbox.close(ADA, sandbox.views(ADA)[0])
    assert code_of(slack.views_push, trigger_id=inside, view=modal()) == "not_found"


def test_a_push_from_the_home_tab_is_refused(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    home = slack.views_publish(user_id=ADA, view=HOME)["view"]
    sandbox.click(ADA, "go", home)
    trigger_id = app.last("block_actions")["trigger_id"]
    assert code_of(slack.views_push, trigger_id=trigger_id, view=modal()) == "invalid_arguments"


def test_an_update_changes_the_view_and_its_hash(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = an_open_view(sandbox, app, slack, modal())
    told = slack.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("Done"), submit=None))
    (shown,) = sandbox.views(ADA)
    assert shown["blocks"][0]["text"]["text"] == "Done"
    assert shown["hash"] == told["view"]["hash"] != view["hash"]
    assert code_of(slack.views_update, view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
    assert slack.views_update(view_id=view["id"], view=modal())["ok"]


def test_a_covered_view_can_be_updated(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    root = an_open_view(sandbox, app, slack, clickable())
    slack.views_push(trigger_id=a_trigger_inside(sandbox, app), view=clickable())
    slack.views_update(view_id=root["id"], view=clickable(title=plain("Under")))
    assert [view["title"]["text"] for view in sandbox.views(ADA)] == ["Under", "A form"]


def test_a_closed_view_is_not_found(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = an_open_view(sandbox, app, slack, modal())
    sandbox.close(ADA, view)
    assert code_of(slack.views_update, view_id=view["id"], view=modal()) == "not_found"
    assert code_of(slack.views_update, view_id="V404", view=modal()) == "not_found"


def test_an_external_id_is_unique_while_its_view_lives(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    an_open_view(sandbox, app, slack, modal(external_id="run-7"))
    again = {"trigger_id": a_trigger(sandbox, app, BOB), "view": modal(external_id="run-7")}
    assert code_of(slack.views_open, **again) == "duplicate_external_id"
    told = slack.views_update(external_id="run-7", view=modal(title=plain("Found"), external_id="run-7"))
    assert told["view"]["title"]["text"] == "Found"
    sandbox.close(ADA, sandbox.views(ADA)[0])
    assert slack.views_open(trigger_id=a_trigger(sandbox, app, BOB), view=modal(external_id="run-7"))["ok"]


def test_opening_again_replaces_what_was_open(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    an_open_view(sandbox, app, slack, clickable())
    slack.views_push(trigger_id=a_trigger_inside(sandbox, app), view=clickable())
    last = an_open_view(sandbox, app, slack, modal())
    assert [view["id"] for view in sandbox.views(ADA)] == [last["id"]]


def test_what_was_typed_outlives_an_update_where_the_ids_stay(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    form = modal(actions("a", button("go")), text_input("name"), select_input("env", "dev", "prod"))
    view = an_open_view(sandbox, app, slack, form)
    sandbox.click(ADA, "go", view, state={"name": "Ada", "env": "prod"})
    changed = modal(
        text_input("name", initial_value="ignored"), text_input("env"), text_input("new", initial_value="n")
    )
    slack.views_update(view_id=view["id"], view=changed)
    sandbox.submit(ADA, view["id"], {"env": "typed"})
    values = app.last("view_submission")["view"]["state"]["values"]
    assert values["name"]["value"]["value"] == "Ada"
    assert values["env"]["value"] == {"type": "plain_text_input", "value": "typed"}
    assert values["new"]["value"]["value"] == "n"


def test_a_home_tab_is_published_per_person(sandbox: SandboxClient, slack: WebClient) -> None:
    first = slack.views_publish(user_id=ADA, view=HOME)["view"]
    assert first["type"] == "home"
    assert sandbox.home(BOB) is None
    second = slack.views_publish(user_id=ADA, view=HOME, hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    assert code_of(slack.views_publish, user_id=ADA, view=HOME, hash=first["hash"]) == "hash_conflict"
    assert code_of(slack.views_publish, user_id="U404", view=HOME) == "invalid_arguments"
    assert code_of(slack.views_publish, user_id=ADA, view=modal()) == "invalid_arguments"


def test_a_click_gives_the_view_a_new_hash(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = an_open_view(sandbox, app, slack, clickable())
    sandbox.click(ADA, "go", view)
    fresh = app.last("block_actions")["view"]["hash"]
    assert fresh != view["hash"]
    assert slack.views_update(view_id=view["id"], hash=fresh, view=modal())["ok"]


def test_a_menu_keeps_its_whole_option(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = an_open_view(
        sandbox, app, slack, modal(select_input("env", "dev", "prod", initial_option=option("dev")))
    )
    sandbox.submit(ADA, view)
    chosen = app.last("view_submission")["view"]["state"]["values"]["env"]["value"]["selected_option"]
    assert (chosen["value"], chosen["text"]["text"]) == ("dev", "Dev")
