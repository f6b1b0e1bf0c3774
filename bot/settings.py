"""Everything the environment says, read once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SLACK_API_URL = "https://slack.com/api/"


def wrong_settings(error: ValidationError) -> str:
    """A line for each variable that cannot be used, without its value: it may be secret."""
    lines = [
        f"{'_'.join(map(str, each['loc'])).upper()}: {each['msg'].removeprefix('Value error, ')}."
        for each in error.errors(include_input=False)
    ]
    return "\n".join((*lines, "docs/configuration.md says what may stand there."))


class Settings(BaseSettings):
    """Names and defaults are documented in docs/configuration.md; the field's upper-case name is the variable."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    slack_bot_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_api_url: str = SLACK_API_URL
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    handrail_home: Path = Path(".handrail")
    handrail_workflows: Path = Path("workflows")
    handrail_public_url: str = ""
    handrail_admins: str = ""
    handrail_secrets: str = ""
    handrail_http_allow: str = ""
    handrail_keep_runs: str = ""
    handrail_worker_threads: int = Field(default=8, ge=1, le=256)
    handrail_lease_seconds: int = Field(default=15, ge=3, le=300)
    handrail_log: Literal["debug", "info", "warning", "error"] = "info"
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)
    sandbox_port: int = Field(default=3001, ge=0, le=65535)
    sandbox_limits: Literal["real", "strict", "off"] = "real"
    sandbox_tls_port: int = Field(default=3443, ge=0, le=65535)

    @field_validator("slack_api_url")
    @classmethod
    def _end_with_slash(cls, url: str) -> str:
        return url if url.endswith("/") else url + "/"

    @field_validator("handrail_http_allow")
    @classmethod
    def _check_allow_list(cls, text: str) -> str:
        from engine.addresses import read_allow_list

        read_allow_list(text)
        return text

    @field_validator("handrail_keep_runs")
    @classmethod
    def _check_keep_runs(cls, text: str) -> str:
        from engine.core.durations import parse_keep

        if text.strip():
            parse_keep(text.strip())
        return text.strip()

    @property
    def keep_runs_ms(self) -> int | None:
        """How long runs are kept after their end; None: for ever."""
        from engine.core.durations import parse_keep

        return int(parse_keep(self.handrail_keep_runs) * 1000) if self.handrail_keep_runs else None

    @property
    def home(self) -> Path:
        """The absolute folder of what Handrail keeps; it is created, for its owner alone."""
        path = self.handrail_home.expanduser().resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @property
    def workflows(self) -> Path:
        return self.handrail_workflows.expanduser().resolve()

    @property
    def secrets_folder(self) -> Path | None:
        return Path(self.handrail_secrets).expanduser().resolve() if self.handrail_secrets else None

    @property
    def database(self) -> str:
        """The database's URL: as set, else a SQLite file in the home folder."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home / 'handrail.db'}"

    @property
    def redis(self) -> str:
        """Redis's URL: as set, else the socket of the embedded server that `up` and `sandbox` keep."""
        from engine.embedded_redis import embedded_redis_url

        return self.redis_url.get_secret_value() or embedded_redis_url(self.home)

    @property
    def admins(self) -> frozenset[str]:
        return frozenset(part.strip() for part in self.handrail_admins.split(",") if part.strip())

    @property
    def public_url(self) -> str:
        """The address people's browsers reach the pages at, without a slash at its end."""
        return (self.handrail_public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that pages answer to."""
        return (urlsplit(self.public_url).hostname or self.host, "localhost", "127.0.0.1", "[::1]")
