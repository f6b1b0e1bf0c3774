"""The JSON API that drives the workspace, for the page's script and for tests: /control/..."""

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from sandbox.context import Sandbox
from sandbox.control_app import AppControl
from sandbox.control_developer import DeveloperControl
from sandbox.control_events import EventControl
from sandbox.control_http import Action, Body, Question, asked, posted
from sandbox.control_index import Index
from sandbox.control_people import PeopleActions
from sandbox.control_switches import Switches
from sandbox.errors import ControlError
from sandbox.interactions import Interactions
from sandbox.types import Json
from sandbox.waiting import Waiter, message_json, read_condition

EVERY_VERB = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def control_routes(sandbox: Sandbox) -> list[BaseRoute]:
    control, developer, app = _Control(sandbox), DeveloperControl(sandbox), AppControl(sandbox)
    events, people = EventControl(sandbox), PeopleActions(sandbox)
    posts: dict[str, Action] = {
        "command": control.command,
        "post": control.post,
        "click": control.click,
        "submit": control.submit,
        "close": control.close,
        "options": control.options,
        **Switches(sandbox).actions(),
        **developer.actions(),
        **app.actions(),
        **events.actions(),
        **people.actions(),
    }
    gets: dict[str, Question] = {
        "messages": control.messages,
        "views": control.views,
        "calls": control.calls,
        "deliveries": control.deliveries,
        "wait": control.wait,
        **developer.questions(),
        **app.questions(),
        **events.questions(),
        **people.questions(),
    }
    index = Index([*posts, "upload"], [*gets, ""])  # the upload is a form, and has its own route
    gets[""] = index.question
    return [
        *(Route(f"/control/{path}", posted(action), methods=["POST"]) for path, action in posts.items()),
        *(Route(f"/control/{path}", asked(question), methods=["GET"]) for path, question in gets.items()),
        Route("/control/{rest:path}", asked(index.refuse), methods=EVERY_VERB),
    ]


class _Control:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace
        self._people = Interactions(sandbox)
        self._waiter = Waiter(sandbox.workspace, sandbox.calls)

    async def command(self, body: Body) -> Json:
        place = body.need("user"), body.need("channel")
        return await self._people.command(*place, body.need("text"), body.text("thread_ts"))

    async def post(self, body: Body) -> Json:
        place = body.need("user"), body.need("channel")
        broadcast = bool(body.flag("broadcast"))
        return self._people.post(*place, body.need("text"), body.text("thread_ts"), broadcast)

    async def click(self, body: Body) -> Json:
        value, state = body.given.get("value"), body.mapping("state")
        return await self._people.click(body.need("user"), body.choice(), value, state)

    async def submit(self, body: Body) -> Json:
        return await self._people.submit(body.need("user"), body.need("view_id"), body.mapping("values"))

    async def close(self, body: Body) -> Json:
        return await self._people.close(body.need("user"), body.need("view_id"), bool(body.flag("clear")))

    async def options(self, body: Body) -> Json:
        return await self._people.options(body.need("user"), body.choice(), body.text("value") or "")

    async def messages(self, request: Request) -> Json:
        query = request.query_params
        channel, viewer = query.get("channel", ""), query.get("viewer") or None
        if channel not in self._workspace.channels:
            raise ControlError("channel_not_found", f"There is no channel {channel!r}.", 404)
        thread = query.get("thread")
        found = (
            self._workspace.thread(channel, thread, viewer)
            if thread
            else self._workspace.messages(channel, viewer)
        )
        notices = [
            vars(notice) for notice in self._workspace.notices(viewer or "") if notice.channel == channel
        ]
        status = self._sandbox.assistant.status(channel, thread) if thread else ""
        shown = [message_json(channel, message) for message in found]
        return {"ok": True, "messages": shown, "notices": notices, "status": status}

    async def views(self, request: Request) -> Json:
        user = request.query_params.get("user", "")
        if user not in self._workspace.people:
            raise ControlError("user_not_found", f"There is no person {user!r}.", 404)
        notices = [vars(notice) for notice in self._workspace.notices(user) if notice.view_id]
        home = self._workspace.home(user)
        return {"ok": True, "views": self._workspace.view_stack(user), "home": home, "notices": notices}

    async def calls(self, request: Request) -> Json:
        method = request.query_params.get("method")
        rows = [row for row in self._sandbox.calls.rows() if method in (None, "", row["method"])]
        return {"ok": True, "calls": rows}

    async def deliveries(self, request: Request) -> Json:
        return {"ok": True, "deliveries": self._sandbox.delivery.rows()}

    async def wait(self, request: Request) -> Json:
        condition = read_condition(request.query_params)
        try:
            seconds = float(request.query_params.get("timeout", "10"))
        except ValueError as error:
            raise ControlError("bad_timeout", "timeout must be a number of seconds.") from error
        match = await self._waiter.wait(condition, seconds)
        if match is None:
            last = self._waiter.last(condition)
            raise ControlError("timeout", f"Nothing within {seconds:g} seconds.", 408, last=last)
        return {"ok": True, "match": match}
