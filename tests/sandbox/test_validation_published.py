"""What Slack's Python SDK builds and calls valid is accepted, one of each of its models."""

import inspect
from typing import Any

import pytest
from slack_sdk.models import blocks as models
from slack_sdk.models.blocks import basic_components, block_elements
from slack_sdk.models.views import View

from sandbox.validation.blocks import Surface, check_blocks
from sandbox.validation.views import check_view

Json = dict[str, Any]
B = models
PARTS = models.RichTextElementParts

RICH = B.RichTextBlock(
    elements=[
        B.RichTextSectionElement(
            elements=[
                PARTS.Text(text="x", style=PARTS.TextStyle(bold=True)),
                PARTS.Link(url="https://example.com", text="there"),
                PARTS.User(user_id="U0ADA"),
                PARTS.Channel(channel_id="C0OPS"),
                PARTS.UserGroup(usergroup_id="S0ONCALL"),
                PARTS.Team(team_id="T0SANDBOX"),
                PARTS.Emoji(name="wave", skin_tone=3),
                PARTS.Broadcast(range="channel"),
                PARTS.Color(value="#ff8800"),
                PARTS.Date(timestamp=1795356000, format="{date}", fallback="a day"),
            ]
        )
    ]
)
MORE_RICH = B.RichTextBlock(
    elements=[
        B.RichTextListElement(
            style="ordered",
            indent=1,
            offset=2,
            border=0,
            elements=[B.RichTextSectionElement(elements=[PARTS.Text(text="x")])],
        ),
        B.RichTextQuoteElement(elements=[PARTS.Text(text="x")]),
        B.RichTextPreformattedElement(elements=[PARTS.Text(text="x")], border=0),
    ]
)
OPTION = B.Option(value="a", text="A", description="First")
CONFIRM = B.ConfirmObject(title="Sure?", text="Really?")
ON_ENTER = basic_components.DispatchActionConfig(trigger_actions_on=["on_enter_pressed"])
FEEDBACK = basic_components.FeedbackButtonObject(text="Good", value="good", accessibility_label="Good answer")
IMAGE = B.ImageElement(image_url="https://example.com/i.png", alt_text="A graph")
GROUP = B.OptionGroup(label="Some", options=[OPTION])

BOTH_WAYS: list[Any] = [
    B.CheckboxesElement(action_id="x", options=[OPTION], initial_options=[OPTION], confirm=CONFIRM),
    B.RadioButtonsElement(action_id="x", options=[OPTION], initial_option=OPTION),
    B.DatePickerElement(action_id="x", initial_date="2026-11-22", placeholder="Pick"),
    B.TimePickerElement(action_id="x", initial_time="10:30", timezone="Europe/Berlin"),
    B.StaticSelectElement(action_id="x", placeholder="Pick", options=[OPTION], initial_option=OPTION),
    B.StaticSelectElement(action_id="x", option_groups=[GROUP]),
    B.StaticMultiSelectElement(action_id="x", options=[OPTION], max_selected_items=1),
    B.SelectElement(action_id="x", options=[OPTION]),
    B.ExternalDataSelectElement(action_id="x", min_query_length=1),
    B.ExternalDataMultiSelectElement(action_id="x", initial_options=[OPTION]),
    B.UserSelectElement(action_id="x", initial_user="U0ADA"),
    B.UserMultiSelectElement(action_id="x", initial_users=["U0ADA"]),
    B.ChannelSelectElement(action_id="x", initial_channel="C0OPS"),
    B.ChannelMultiSelectElement(action_id="x", initial_channels=["C0OPS"]),
    B.ConversationSelectElement(action_id="x", filter=B.ConversationFilter(include=["public"])),
    B.ConversationMultiSelectElement(action_id="x", default_to_current_conversation=True),
]
ACTING: list[Any] = [
    B.ButtonElement(action_id="x", text="Go", value="v", style="primary", confirm=CONFIRM),
    B.ButtonElement(action_id="x", text="Go", agent_prompt="Explain", agent_prompt_display="Explain it"),
    B.LinkButtonElement(action_id="x", text="Go", url="https://example.com"),
    B.OverflowMenuElement(action_id="x", options=[OPTION, B.Option(value="b", text="B")]),
    block_elements.WorkflowButtonElement(
        action_id="x",
        text="Start",
        workflow=basic_components.Workflow(
            trigger=basic_components.WorkflowTrigger(url="https://slack.com/shortcuts/Ft1/x")
        ).to_dict(),
    ),
    B.DateTimePickerElement(action_id="x", initial_date_time=1795356000),
    *BOTH_WAYS,
]
TYPED: list[Any] = [
    B.PlainTextInputElement(action_id="x", min_length=1, max_length=9, dispatch_action_config=ON_ENTER),
    B.EmailInputElement(action_id="x", initial_value="ada@example.com"),
    B.UrlInputElement(action_id="x", initial_value="https://example.com"),
    B.NumberInputElement(action_id="x", is_decimal_allowed=True, min_value=1, max_value=2.5),
    B.RichTextInputElement(action_id="x", placeholder="Write"),
    block_elements.FileInputElement(action_id="x", filetypes=["pdf"], max_files=3),
    *BOTH_WAYS,
]
TASK = B.TaskCardBlock(
    task_id="1",
    title="Build",
    status="complete",
    output=RICH,
    sources=[B.UrlSourceElement(url="https://example.com", text="Log")],
)
CARD = B.CardBlock(hero_image=IMAGE, icon=IMAGE, title="T", subtitle="S", body="B", actions=[ACTING[0]])
BLOCKS: list[tuple[Surface, Any]] = [
    ("message", B.SectionBlock(text="x", fields=["a", "b"], accessory=IMAGE, expand=True)),
    ("message", B.DividerBlock()),
    ("message", B.ImageBlock(image_url="https://example.com/i.png", alt_text="x", title="T")),
    ("message", B.ImageBlock(slack_file=basic_components.SlackFile(id="F0FILE"), alt_text="x")),
    (
        "message",
        B.ContextBlock(elements=[IMAGE, B.MarkdownTextObject(text="x"), B.PlainTextObject(text="x")]),
    ),
    (
        "message",
        B.ContextActionsBlock(
            elements=[
                B.FeedbackButtonsElement(action_id="f", positive_button=FEEDBACK, negative_button=FEEDBACK),
                B.IconButtonElement(action_id="i", icon="trash", text="Delete"),
            ]
        ),
    ),
    ("message", B.HeaderBlock(text="T")),
    ("message", B.MarkdownBlock(text="**x**")),
    (
        "message",
        B.VideoBlock(
            alt_text="x",
            title="T",
            thumbnail_url="https://example.com/t.png",
            video_url="https://example.com/v",
        ),
    ),
    ("message", RICH),
    ("message", MORE_RICH),
    (
        "message",
        B.TableBlock(
            rows=[
                [B.RawTextObject(text="a").to_dict(), RICH.to_dict()],
                [B.RawNumberObject(value=1, text="1").to_dict()],
            ],
            column_settings=[B.TableBlockColumnSettings(align="right").to_dict(), None],
        ),
    ),
    ("message", TASK),
    ("message", B.PlanBlock(title="Release", tasks=[TASK])),
    ("message", CARD),
    ("message", B.CarouselBlock(elements=[CARD])),
    (
        "message",
        B.ContainerBlock(
            title="Box", subtitle="things", child_blocks=[B.DividerBlock()], width="wide", is_collapsible=True
        ),
    ),
    ("modal", B.AlertBlock(text="Careful", level="error")),
    *((surface, B.ActionsBlock(elements=[one])) for one in ACTING for surface in ("message",)),
    *(("modal", B.InputBlock(label="L", hint="H", element=one, optional=True)) for one in TYPED),
    *(("home", B.SectionBlock(text="x", accessory=one)) for one in BOTH_WAYS),
]
# Read-only or of another product: apps cannot send a file or a call block, nor may they here.
NOT_SENT = {"FileBlock", "CallBlock", "AuthProviderBlock", "Block"}


@pytest.mark.parametrize(("surface", "model"), BLOCKS, ids=lambda value: getattr(value, "type", str(value)))
def test_what_the_sdk_builds_and_calls_valid_is_accepted(surface: Surface, model: Any) -> None:
    model.validate_json()
    assert check_blocks([model.to_dict()], surface) == []


def test_every_block_of_the_sdk_is_built_once() -> None:
    known = {n for n, c in inspect.getmembers(models, inspect.isclass) if issubclass(c, models.Block)}
    assert {type(model).__name__ for _, model in BLOCKS} == known - NOT_SENT


def test_every_element_of_the_sdk_is_built_once() -> None:
    concrete = {
        str(getattr(c, "type", None))
        for _, c in inspect.getmembers(block_elements, inspect.isclass)
        if issubclass(c, block_elements.InteractiveElement) and isinstance(getattr(c, "type", None), str)
    }
    built = {one.type for one in [*ACTING, *TYPED]} | {"feedback_buttons", "icon_button"}
    assert concrete <= built


def test_views_of_the_sdk_are_accepted() -> None:
    text = B.InputBlock(label="L", element=TYPED[0])
    modal = View(type="modal", title="T", submit="S", close="C", callback_id="x", blocks=[text])
    assert check_view(modal.to_dict(), "modal") == []
    assert check_view(View(type="home", blocks=[B.DividerBlock()]).to_dict(), "home") == []
