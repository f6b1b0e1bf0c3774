"""Sign in with Slack: id tokens signed by a key of this workspace, and the documents that lead to it."""

import base64
import hashlib
import json
from collections.abc import Collection
from functools import cached_property

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.clock import Clock
from sandbox.people import TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Person
from sandbox.types import Json

ID_TOKEN_SECONDS = 5 * 60


class IdTokens:
    """The signing key, made when it is first needed; another one after each start."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def key_set(self) -> Json:
        """The public key, as /openid/connect/keys shows it."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "e": _number(numbers.e), "n": _number(numbers.n)}
        thumbprint = hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode())
        return {"keys": [{**key, "kid": _coded(thumbprint.digest()), "use": "sig", "alg": "RS256"}]}

    def sign(self, claims: Json) -> str:
        """A JSON Web Token, signed with RS256."""
        head = {"alg": "RS256", "typ": "JWT", "kid": self.key_set["keys"][0]["kid"]}
        signed = ".".join(_coded(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_coded(signature)}"


def id_token_claims(
    issuer: str, client_id: str, about: Json, access_token: str, nonce: str | None, clock: Clock
) -> Json:
    """What an id token says: the claims about the person, for whom they are, and how long."""
    now = int(clock.now())
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    times = {"auth_time": now, "iat": now, "exp": now + ID_TOKEN_SECONDS}
    binding = {"at_hash": _coded(half)} | ({"nonce": nonce} if nonce is not None else {})
    return {"iss": issuer, "aud": client_id, **times, **binding, **about}


def claims_about(person: Person, scopes: Collection[str], public_url: str) -> Json:
    """Slack's claims about a person, as far as the scopes reach."""
    claims: Json = {
        "sub": person.id,
        "https://slack.com/user_id": person.id,
        "https://slack.com/team_id": TEAM_ID,
    }
    if "email" in scopes:
        claims |= {"email": person.email, "email_verified": True, "date_email_verified": person.updated}
    if "profile" in scopes:
        given, _, family = person.real_name.partition(" ")
        claims |= {
            "name": person.real_name,
            "picture": f"{public_url.rstrip('/')}/page/static/icon.svg",
            "given_name": given,
            "family_name": family,
            "locale": "en-US",
            "https://slack.com/team_name": TEAM_NAME,
            "https://slack.com/team_domain": TEAM_DOMAIN,
        }
    return claims


def discovery(public_url: str) -> Json:
    """/.well-known/openid-configuration, which OpenID clients begin with."""
    base = public_url.rstrip("/")
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/openid/connect/authorize",
        "token_endpoint": f"{base}/api/openid.connect.token",
        "userinfo_endpoint": f"{base}/api/openid.connect.userInfo",
        "jwks_uri": f"{base}/openid/connect/keys",
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "auth_time", "iss"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _coded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
