"""oauth.v2.access, oauth.v2.exchange, openid.connect.token and userInfo: an app gets its tokens."""

import hmac

from sandbox.access import Issued
from sandbox.api.call import USER_ONLY, Call, Method
from sandbox.errors import SlackError
from sandbox.openid import claims_about, id_token_claims
from sandbox.people import APP_ID, BOT_USER_ID, TEAM_ID, TEAM_NAME
from sandbox.rate_limits import TIER_3, TIER_4
from sandbox.types import Json


def check_client(call: Call, *, needs_secret: bool = True) -> None:
    """The app's own id and secret, as arguments or by Basic authentication."""
    config = call.sandbox.config
    if (call.args.text("client_id") or "") != config.client_id:
        raise SlackError("invalid_client_id")
    secret = call.args.text("client_secret")
    is_right = hmac.compare_digest((secret or "").encode(), config.client_secret.encode())
    if not is_right and (needs_secret or secret is not None):
        raise SlackError("bad_client_secret")


def oauth_v2_access(call: Call) -> Json:
    grant_type = call.args.text("grant_type") or "authorization_code"
    if grant_type not in ("authorization_code", "refresh_token"):
        raise SlackError("invalid_grant_type")
    _check_public_client(call)
    if grant_type == "refresh_token":
        return _renewed(call, call.sandbox.access.refresh(call.args.text("refresh_token") or ""))
    request, user_id = call.sandbox.codes.redeem(
        call.args.text("code"), "install", call.args.text("redirect_uri"), call.args.text("code_verifier")
    )
    rotating = call.sandbox.manifest.token_rotation
    authed_user: Json = {"id": user_id}
    answer: Json = {}
    if request.bot_scopes:
        issued = call.sandbox.access.install_bot(request.bot_scopes, rotating=rotating)
        answer |= issued.told(call.sandbox.clock) | {"bot_user_id": BOT_USER_ID}
    if request.user_scopes:
        issued = call.sandbox.access.install_user(user_id, request.user_scopes, rotating=rotating)
        authed_user |= issued.told(call.sandbox.clock)
    return answer | _installation() | {"authed_user": authed_user}


def oauth_v2_exchange(call: Call) -> Json:
    """A pair of tokens that rotates for one that did not."""
    check_client(call)
    if not call.sandbox.manifest.token_rotation:
        raise SlackError("token_rotation_not_enabled")
    return _renewed(call, call.sandbox.access.exchange(call.token))


def _check_public_client(call: Call) -> None:
    """Who proves by PKCE that the code is theirs, or renews what they got so, needs no secret."""
    proves = bool(call.args.text("code_verifier") or call.args.text("refresh_token"))
    check_client(call, needs_secret=not (call.sandbox.manifest.pkce and proves))


def _renewed(call: Call, issued: Issued) -> Json:
    who = {"user_id": issued.grant.user_id} if issued.grant.kind == "user" else {"bot_user_id": BOT_USER_ID}
    return issued.told(call.sandbox.clock) | who | _installation()


def _installation() -> Json:
    return {
        "app_id": APP_ID,
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def openid_connect_token(call: Call) -> Json:
    if (call.args.text("grant_type") or "authorization_code") != "authorization_code":
        raise SlackError("invalid_grant_type")
    _check_public_client(call)
    request, user_id = call.sandbox.codes.redeem(
        call.args.text("code"), "sign_in", call.args.text("redirect_uri"), call.args.text("code_verifier")
    )
    sandbox, base = call.sandbox, call.sandbox.config.public_url.rstrip("/")
    rotating = sandbox.manifest.token_rotation
    issued = sandbox.access.install_user(user_id, request.user_scopes, rotating=rotating)
    about = claims_about(sandbox.workspace.people[user_id], request.user_scopes, base)
    claims = id_token_claims(
        base, sandbox.config.client_id, about, issued.token, request.nonce, sandbox.clock
    )
    told = issued.told(sandbox.clock)
    del told["scope"]
    return told | {"token_type": "Bearer", "id_token": sandbox.id_tokens.sign(claims)}


def openid_connect_user_info(call: Call) -> Json:
    person = call.workspace.people[call.grant.user_id]
    return claims_about(person, call.grant.scopes, call.sandbox.config.public_url)


METHODS = {
    "oauth.v2.access": Method(oauth_v2_access, TIER_4, is_open=True),
    "oauth.v2.exchange": Method(oauth_v2_exchange, TIER_3, is_open=True),
    "openid.connect.token": Method(openid_connect_token, TIER_4, is_open=True),
    "openid.connect.userInfo": Method(openid_connect_user_info, TIER_3, ("openid",), kinds=USER_ONLY),
}
