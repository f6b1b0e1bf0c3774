"""Every block and element with the same words in each of its texts: for looks, and for hostile words."""

from typing import Any

Json = dict[str, Any]


class Words:
    """Makes text objects of the given words."""

    def __init__(self, words: str) -> None:
        self.words = words

    def plain(self, most: int = 3000) -> Json:
        return {"type": "plain_text", "text": self.words[:most]}

    def mrkdwn(self, most: int = 3000) -> Json:
        return {"type": "mrkdwn", "text": self.words[:most]}

    def option(self, value: str) -> Json:
        return {"text": self.plain(75), "value": value, "description": self.plain(75)}

    def options(self) -> list[Json]:
        return [self.option("one"), self.option("two")]

    def confirm(self) -> Json:
        short = self.plain(30)
        return {"title": self.plain(100), "text": self.mrkdwn(300), "confirm": short, "deny": short}

    def button(self, **more: Any) -> Json:
        return {"type": "button", "text": self.plain(75), "value": self.words[:2000], **more}

    def rich(self) -> Json:
        """A rich_text block with every container and leaf."""
        text = {"type": "text", "text": self.words}
        leaves: list[Json] = [
            text,
            {**text, "style": {"bold": True, "italic": True, "strike": True, "code": True}},
            {"type": "link", "url": "https://example.com/", "text": self.words},
            {"type": "user", "user_id": "U0BOB"},
            {"type": "usergroup", "usergroup_id": "S0ONCALL"},
            {"type": "channel", "channel_id": "C0OPS"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "rocket"},
            {"type": "color", "value": "#2f6f6a"},
            {"type": "date", "timestamp": 1795356000, "format": "{date_long}", "fallback": self.words},
        ]
        section = {"type": "rich_text_section", "elements": leaves}
        bare = {"type": "rich_text_section", "elements": [text]}
        containers: list[Json] = [
            section,
            {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": [bare, bare]},
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [bare]},
            {"type": "rich_text_quote", "elements": [text]},
            {"type": "rich_text_preformatted", "elements": [text]},
        ]
        return {"type": "rich_text", "elements": containers}

    def small_rich(self) -> Json:
        text = {"type": "text", "text": self.words}
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]}]}

    def image(self) -> Json:
        return {"type": "image", "image_url": "https://example.com/i.png", "alt_text": self.words[:2000]}

    def selects(self) -> list[Json]:
        placeholder = {"placeholder": self.plain(150)}
        groups = [{"label": self.plain(75), "options": self.options()}]
        kinds: list[Json] = [
            {"type": "static_select", "options": self.options()},
            {"type": "static_select", "option_groups": groups},
            {"type": "multi_static_select", "options": self.options(), "initial_options": self.options()},
            {"type": "multi_static_select", "option_groups": groups},
            {"type": "external_select", "initial_option": self.option("one")},
            {"type": "multi_external_select", "initial_options": self.options()},
            *({"type": f"{kind}_select"} for kind in ("users", "channels", "conversations")),
            *({"type": f"multi_{kind}_select"} for kind in ("users", "channels", "conversations")),
            {"type": "datepicker", "initial_date": "2026-11-22"},
            {"type": "datetimepicker", "initial_date_time": 1795356000},
        ]
        with_placeholder = [{**kind, **placeholder} for kind in kinds if kind["type"] != "datetimepicker"]
        return [*with_placeholder, kinds[-1]]

    def acting(self) -> list[Json]:
        """Elements of an actions block besides selects."""
        return [
            self.button(style="primary"),
            self.button(style="danger", confirm=self.confirm()),
            self.button(url="https://example.com/", accessibility_label=self.words[:75]),
            {"type": "overflow", "options": [{"text": self.plain(75), "value": "a"}]},
            {"type": "checkboxes", "options": self.options()},
            {"type": "radio_buttons", "options": self.options(), "initial_option": self.option("two")},
            {"type": "timepicker", "initial_time": "10:30", "placeholder": self.plain(150)},
        ]

    def typed(self) -> list[Json]:
        """Elements only inputs of a modal may have."""
        placeholder = {"placeholder": self.plain(150)}
        return [
            {"type": "plain_text_input", "initial_value": self.words, **placeholder},
            {"type": "plain_text_input", "multiline": True, "initial_value": self.words, **placeholder},
            {"type": "number_input", "is_decimal_allowed": True, "initial_value": "1.5", **placeholder},
            {"type": "email_text_input", "initial_value": "ada@example.com", **placeholder},
            {"type": "url_text_input", "initial_value": "https://example.com/", **placeholder},
            {"type": "rich_text_input", "action_id": "rich", "initial_value": self.small_rich()},
        ]


def _alike(words: str) -> list[Json]:
    """The blocks that messages and modals have in common."""
    make = Words(words)
    return [
        {"type": "header", "text": make.plain(150)},
        {"type": "section", "text": make.mrkdwn(), "fields": [make.mrkdwn(2000), make.plain(2000)]},
        {"type": "section", "text": make.plain(), "accessory": make.button()},
        {"type": "section", "text": make.mrkdwn(), "accessory": make.image()},
        {"type": "actions", "elements": make.acting()},
        {"type": "actions", "elements": make.selects()},
        {"type": "context", "elements": [make.mrkdwn(), make.plain(), make.image()]},
        {"type": "divider"},
        {**make.image(), "title": make.plain(2000)},
        make.rich(),
    ]


def message_blocks(words: str) -> list[Json]:
    """Every block a message may hold, but plan (one a message, not beside a task_card)."""
    make = Words(words)
    task = {"type": "task_card", "task_id": "t1", "title": words, "status": "error"}
    source = {"type": "url", "url": "https://example.com/", "text": words}
    details = {"details": make.small_rich(), "output": make.small_rich(), "sources": [source]}
    card = {
        "type": "card",
        "title": make.plain(150),
        "subtitle": make.plain(150),
        "body": make.mrkdwn(200),
        "actions": [make.button()],
    }
    rows = [[{"type": "raw_text", "text": words}, make.small_rich()]] * 2
    return [
        *_alike(words),
        {"type": "input", "label": make.plain(2000), "hint": make.plain(2000), "element": make.typed()[0]},
        {"type": "markdown", "text": f"# {words}\n\n- {words}\n\n> {words}\n\n`{words}` **{words}**"},
        {**task, **details},
        card,
        {"type": "carousel", "elements": [card, card]},
        {"type": "table", "rows": rows},
        {"type": "context_actions", "elements": [_feedback(make)]},
    ]


def _feedback(make: Words) -> Json:
    choice = {"text": make.plain(75), "value": "v", "accessibility_label": make.words[:75]}
    return {"type": "feedback_buttons", "positive_button": choice, "negative_button": choice}


def plan_message(words: str) -> list[Json]:
    task = {"type": "task_card", "task_id": "t1", "title": words, "status": "in_progress"}
    return [{"type": "plan", "title": words, "tasks": [{**task, "details": Words(words).small_rich()}]}]


def modal_view(words: str) -> Json:
    """A modal with every block and every input it may hold."""
    make = Words(words)
    inputs = [*make.typed(), *make.selects(), *make.acting()[4:]]
    labelled = [
        {"type": "input", "label": make.plain(2000), "hint": make.plain(2000), "element": element}
        for element in inputs
    ]
    alert = {"type": "alert", "text": make.mrkdwn(200), "level": "warning"}
    title = make.plain(24)
    return {
        "type": "modal",
        "title": title,
        "submit": title,
        "close": title,
        "blocks": [alert, *_alike(words), *labelled],
    }
