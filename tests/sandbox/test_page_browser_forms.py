"""Times, people, addresses and files in a form, in a real browser, and forms that change while one types."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.sandbox.browsing import live, received, server, visit
from tests.sandbox.live_page import LivePage
from tests.sandbox.page_samples import plain

__all__ = ["live", "server"]


def an_input(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    field = {"action_id": "value", **element}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": field, **more}


def a_form(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "modal", "title": plain("A form"), "submit": plain("Send"), "blocks": list(blocks)}


EVERY = a_form(
    an_input("time", "Start", {"type": "timepicker", "initial_time": "07:30"}),
    an_input("moment", "Moment", {"type": "datetimepicker"}),
    an_input("people", "Helpers", {"type": "multi_users_select", "max_selected_items": 2}),
    an_input("rooms", "Rooms", {"type": "multi_conversations_select", "initial_conversations": ["C0OPS"]}),
    an_input("mail", "Contact", {"type": "email_text_input"}),
    an_input("page", "Page", {"type": "url_text_input"}),
    an_input("file", "Plan", {"type": "file_input", "max_files": 1, "filetypes": ["txt"]}),
)


def test_times_people_addresses_and_files_are_checked_and_sent(
    live: LivePage, page: Page, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("twelve bytes")
    visit(page, live.at())
    live.open_view(EVERY)
    dialog = page.get_by_role("dialog", name="A form")
    expect(dialog.get_by_label("Start")).to_have_value("07:30")
    dialog.get_by_label("Start").fill("22:15")
    dialog.get_by_label("Moment").fill("2026-12-24T10:30")
    for name in ("Ada", "Bob"):
        dialog.get_by_role("group", name="Helpers").get_by_label(name).check()
    dialog.get_by_label("Contact").fill("ada")
    dialog.get_by_label("Page").fill("example.com")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Enter a valid email address.")
    expect(dialog).to_contain_text("Enter a valid URL.")
    expect(dialog.get_by_text("Please complete this required field.")).to_have_count(1)
    assert live.app.received == []
    dialog.get_by_label("Contact").fill("ada@example.com")
    dialog.get_by_label("Page").fill("https://example.com/")
    dialog.get_by_label("Plan").set_input_files(notes)
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    state = live.app.received[-1]["view"]["state"]["values"]
    values = {block: entry["value"] for block, entry in state.items()}
    assert values["time"]["selected_time"] == "22:15"
    assert values["moment"]["selected_date_time"] == 1798108200
    assert values["people"]["selected_users"] == ["U0ADA", "U0BOB"]
    assert values["rooms"]["selected_conversations"] == ["C0OPS"]
    assert values["mail"]["value"] == "ada@example.com"
    assert values["page"]["value"] == "https://example.com/"
    (file,) = values["file"]["files"]
    assert (file["name"], file["size"], file["mimetype"]) == ("notes.txt", 12, "text/plain")
    stored = live.sandbox.files.find(file["id"])
    assert stored is not None
    assert live.sandbox.files.content(stored) == b"twelve bytes"


def test_a_complaint_about_a_field_goes_with_its_first_change(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(EVERY)
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_label("Contact").fill("ada")
    dialog.get_by_label("Page").fill("example.com")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_text("Enter a valid email address.")).to_be_visible()
    dialog.get_by_label("Contact").fill("ada@example.com")
    expect(dialog.get_by_text("Enter a valid email address.")).to_have_count(0)
    expect(dialog.get_by_label("Contact")).not_to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_text("Enter a valid URL.")).to_be_visible()


def test_a_form_changes_while_it_is_filled_in_and_nothing_typed_is_lost(
    live: LivePage, page: Page, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("x")
    config = {"trigger_actions_on": ["on_character_entered"]}
    count = an_input(
        "count",
        "Count",
        {"type": "number_input", "is_decimal_allowed": False, "dispatch_action_config": config},
        dispatch_action=True,
    )
    other, upload = (
        an_input("other", "Other", {"type": "plain_text_input"}),
        an_input("file", "Plan", {"type": "file_input"}),
    )
    more = an_input("more", "More", {"type": "plain_text_input", "initial_value": "new"})
    visit(page, live.at())
    view_id = live.open_view(a_form(count, other, upload))
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_label("Other").fill("typed before")
    dialog.get_by_label("Plan").set_input_files(notes)
    dialog.get_by_label("Count").press_sequentially("20")
    assert received(live, page)[-1]["value"] == "20"
    live.call("views.update", view_id=view_id, view=a_form(count, more, other, upload))
    expect(dialog.get_by_label("More")).to_have_value("new")
    expect(dialog.get_by_label("Count")).to_be_focused()
    expect(dialog.get_by_label("Count")).to_have_value("20")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    state = live.app.received[-1]["view"]["state"]["values"]
    typed = {block: state[block]["value"]["value"] for block in ("count", "more", "other")}
    assert typed == {"count": "20", "more": "new", "other": "typed before"}
    assert [file["name"] for file in state["file"]["value"]["files"]] == ["notes.txt"]


def test_rich_text_is_typed_with_the_usual_marks(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(a_form(an_input("words", "Words", {"type": "rich_text_input"})))
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_label("Words").fill("a *bold* step\n> quoted")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    value = live.app.received[-1]["view"]["state"]["values"]["words"]["value"]["rich_text_value"]
    assert [part["type"] for part in value["elements"]] == ["rich_text_section", "rich_text_quote"]
    assert {"type": "text", "text": "bold", "style": {"bold": True}} in value["elements"][0]["elements"]
