"""The pages on which a person lets an app in: /oauth/v2/authorize, /openid/connect/authorize and what OpenID
clients read beside them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox import oauth, openid
from sandbox.api.endpoint import JsonResponse
from sandbox.context import Sandbox
from sandbox.origins import is_foreign
from sandbox.page import HEADERS, HERE
from sandbox.people import TEAM_NAME, Person

LONGEST_FORM = 10_000  # bytes


def oauth_routes(sandbox: Sandbox) -> list[BaseRoute]:
    pages = _Pages(sandbox)
    return [
        Route("/oauth/v2/authorize", pages.install, methods=["GET", "POST"]),
        Route("/openid/connect/authorize", pages.sign_in, methods=["GET", "POST"]),
        Route("/openid/connect/keys", pages.keys),
        Route("/.well-known/openid-configuration", pages.discovery),
    ]


class _Pages:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def install(self, request: Request) -> Response:
        return await self._consent(request, "install")

    async def sign_in(self, request: Request) -> Response:
        return await self._consent(request, "sign_in")

    async def keys(self, request: Request) -> Response:
        return JsonResponse(self._sandbox.id_tokens.key_set)

    async def discovery(self, request: Request) -> Response:
        return JsonResponse(openid.discovery(self._sandbox.config.public_url))

    async def _consent(self, request: Request, flow: oauth.Flow) -> Response:
        """Ask, or take the answer; what the app asks for stands in the address both times."""
        try:
            config, manifest = self._sandbox.config, self._sandbox.manifest
            asked = oauth.read_request(request.query_params, flow, manifest, config.client_id)
            if request.method == "POST":
                return RedirectResponse(self._answered(asked, await _form(request)), 303, HEADERS)
        except oauth.Refused as refusal:
            return self._page("refused.html", 400, code=refusal.code, sentence=refusal.sentence)
        return self._page(
            "install.html",
            200,
            f"'self' {asked.origin}",
            app=manifest,
            team=TEAM_NAME,
            asked=asked,
            people=self._people(flow),
            action=f"{request.url.path}?{request.url.query}",
        )

    def _answered(self, asked: oauth.Request, form: Mapping[str, str]) -> str:
        """Where the browser goes with the person's yes or no."""
        user_id, decision = form.get("user", ""), form.get("decision")
        if decision == "cancel":
            return asked.answer_url(error="access_denied")
        if decision != "allow" or user_id not in {person.id for person in self._people(asked.flow)}:
            raise oauth.Refused("invalid_form", "Choose who you are, and press Allow or Cancel.")
        return asked.answer_url(code=self._sandbox.codes.issue(asked, user_id))

    def _people(self, flow: oauth.Flow) -> list[Person]:
        """Guests may sign in somewhere, but not install an app."""
        people = [person for person in self._sandbox.workspace.people.values() if not person.is_deactivated]
        return [person for person in people if flow == "sign_in" or not person.is_guest]

    def _page(self, name: str, status: int, form_action: str = "'none'", **values: object) -> Response:
        policy = HEADERS["Content-Security-Policy"].replace(
            "form-action 'none'", f"form-action {form_action}"
        )
        # A browser that keeps the referrer to itself would also hide where a form comes from.
        headers = HEADERS | {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        return HTMLResponse(self._templates.get_template(name).render(**values), status, headers)


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of our own form; raises Refused for one that another site sends."""
    if is_foreign(request):
        raise oauth.Refused("cross_site", "This form was sent by another site.")
    body = await request.body()
    if len(body) > LONGEST_FORM:
        raise oauth.Refused("invalid_form", "The form is too long.")
    return dict(parse_qsl(body.decode("utf-8", "replace")))
