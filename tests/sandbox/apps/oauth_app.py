"""An app for many workspaces: people install it, and its command answers with what their installation gave it."""

import os
from typing import Any
from wsgiref.simple_server import make_server

from slack_bolt import Ack, App, Say
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore

settings = OAuthSettings(
    client_id=os.environ["SLACK_CLIENT_ID"],
    client_secret=os.environ["SLACK_CLIENT_SECRET"],
    scopes=["chat:write", "commands"],
    user_scopes=["users:read"],
    authorization_url=os.environ["SLACK_AUTHORIZATION_URL"],
    installation_store=FileInstallationStore(base_dir="installations"),
    state_store=FileOAuthStateStore(expiration_seconds=600, base_dir="states"),
)
app = App(
    client=WebClient(base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    oauth_settings=settings,
)


@app.command("/whoami")
def tell(ack: Ack, command: dict[str, Any], client: WebClient, say: Say) -> None:
    ack("Let me see.")
    person = client.users_info(token=user_token(command), user=command["user_id"])["user"]
    say(f"You are {person['real_name']}, and I am {client.auth_test()['user']}.")


def user_token(command: dict[str, Any]) -> str | None:
    """What the person allowed the app to do as them."""
    found = settings.installation_store.find_installation(
        enterprise_id=None, team_id=command["team_id"], user_id=command["user_id"]
    )
    return found.user_token if found is not None else None


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), SlackRequestHandler(app)).serve_forever()
