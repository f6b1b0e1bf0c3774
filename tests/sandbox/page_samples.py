"""Realistic content for the page: a run with its thread, an approval, a form."""

from typing import Any

from tests.sandbox.live_page import LivePage

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def rich(text: str) -> Json:
    words = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [words]}]}


def root_blocks() -> list[Json]:
    fields = [
        mrkdwn("*Service*\napi"),
        mrkdwn("*Version*\n`v2.4.0`"),
        mrkdwn("*Requested by*\n<@U0ADA>"),
        mrkdwn("*Started*\n<!date^1795356000^{date_short_pretty} at {time}|today>"),
    ]
    return [
        {"type": "header", "block_id": "head", "text": plain("Deploy a service · #1042")},
        {
            "type": "section",
            "block_id": "facts",
            "text": mrkdwn(":hourglass_flowing_sand: *Waiting for Approval* · 60 %"),
            "fields": fields,
        },
        {
            "type": "actions",
            "block_id": "acts",
            "elements": [
                button("View Details", "details"),
                button("Cancel", "cancel", style="danger", confirm=confirm()),
            ],
        },
    ]


def confirm() -> Json:
    return {
        "title": plain("Cancel run #1042?"),
        "text": mrkdwn("Running steps are stopped, *finally* steps still run."),
        "confirm": plain("Cancel the run"),
        "deny": plain("Keep it"),
        "style": "danger",
    }


def plan_block() -> Json:
    tasks = [
        {"type": "task_card", "task_id": "t0", "title": "Start", "status": "complete"},
        {
            "type": "task_card",
            "task_id": "t1",
            "title": "Build",
            "status": "complete",
            "details": rich("./build.sh in 41 s"),
            "output": rich("built api:v2.4.0"),
        },
        {"type": "task_card", "task_id": "t2", "title": "Test · unit, integration", "status": "in_progress"},
        {
            "type": "task_card",
            "task_id": "t3",
            "title": "Lint",
            "status": "error",
            "details": rich("exit 1: two unused imports"),
        },
        {"type": "task_card", "task_id": "t4", "title": "Ship", "status": "pending"},
    ]
    return {"type": "plan", "block_id": "plan", "title": "Deploy a service · 3 of 5 tasks", "tasks": tasks}


def approval_blocks() -> list[Json]:
    comment = {
        "type": "plain_text_input",
        "action_id": "comment",
        "placeholder": plain("Say why, if you like"),
    }
    return [
        section(
            "*Ship `v2.4.0` to production?*\nApprovers: <@U0BOB>, <!subteam^S0ONCALL>. One is enough.",
            block_id="ask",
        ),
        {"type": "input", "block_id": "why", "optional": True, "label": plain("Comment"), "element": comment},
        {
            "type": "actions",
            "block_id": "decide",
            "elements": [
                button("Approve", "approve", style="primary", value="run-1042"),
                button("Reject", "reject", style="danger", value="run-1042"),
            ],
        },
        {
            "type": "context",
            "block_id": "until",
            "elements": [mrkdwn("Asked by *Deploy a service* · rejects itself in 4 hours")],
        },
    ]


def form_view() -> Json:
    service = {
        "type": "static_select",
        "action_id": "value",
        "placeholder": plain("Choose one"),
        "options": [{"text": plain("api"), "value": "api"}, {"text": plain("web"), "value": "web"}],
    }
    version = {"type": "plain_text_input", "action_id": "value", "placeholder": plain("like v1.2.3")}
    canary = {
        "type": "number_input",
        "action_id": "value",
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": "100",
        "initial_value": "10",
    }
    checks = {
        "type": "checkboxes",
        "action_id": "value",
        "options": [
            {
                "text": mrkdwn("*Notify* the channel"),
                "value": "notify",
                "description": mrkdwn("when it is done"),
            },
            {"text": plain("Keep the old one"), "value": "keep"},
        ],
    }
    teams = {
        "type": "multi_static_select",
        "action_id": "value",
        "options": [{"text": plain(name), "value": name} for name in ("eu", "us", "asia")],
    }
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Run Workflow"),
        "submit": plain("Start Execution"),
        "close": plain("Cancel"),
        "blocks": [
            section("*Deploy a service*\nBuild, test, ask, ship.", block_id="about"),
            {"type": "input", "block_id": "service", "label": plain("Service"), "element": service},
            {
                "type": "input",
                "block_id": "version",
                "label": plain("Version"),
                "hint": plain("like v1.2.3"),
                "element": version,
            },
            {
                "type": "input",
                "block_id": "canary",
                "label": plain("Canary percent"),
                "optional": True,
                "element": canary,
            },
            {
                "type": "input",
                "block_id": "when",
                "label": plain("Day"),
                "optional": True,
                "element": {"type": "datepicker", "action_id": "value"},
            },
            {
                "type": "input",
                "block_id": "who",
                "label": plain("Owner"),
                "optional": True,
                "element": {"type": "users_select", "action_id": "value"},
            },
            {
                "type": "input",
                "block_id": "regions",
                "label": plain("Regions"),
                "optional": True,
                "element": teams,
            },
            {
                "type": "input",
                "block_id": "extra",
                "label": plain("Extras"),
                "optional": True,
                "element": checks,
            },
        ],
    }


def fill(live: LivePage) -> tuple[str, str]:
    """A morning in #general: people, a run with its thread, an approval; gives both ts."""
    live.person_says(
        "U0CYD", "Morning! :coffee: the *staging* disks look fine again, see <https://example.com/disks>"
    )
    live.person_says(
        "U0CYD", "I left the numbers in `disk-report.md`:\n```\n/dev/sda1  41%\n/dev/sdb1  78%\n```"
    )
    live.person_says("U0BOB", "> the staging disks look fine\nthanks @cyd, then let us ship :rocket:")
    root = live.say("Deploy a service #1042 is waiting for approval", blocks=root_blocks())
    live.say("Plan of run #1042", thread_ts=root, blocks=[plan_block()])
    live.person_says("U0ADA", "I watched the canary, looks good to me", thread_ts=root)
    asked = live.say("Ship v2.4.0?", thread_ts=root, reply_broadcast=True, blocks=approval_blocks())
    return root, asked
