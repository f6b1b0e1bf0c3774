"""What is wrong with the answer of an address that was asked to prove itself, in a sentence."""

from urllib.parse import parse_qs

from sandbox.transport import Reply

_FAILURES = {
    "operation_timeout": "did not answer within three seconds",
    "dispatch_failed": "could not be reached",
}


def challenge_problem(url: str, reply: Reply, challenge: str) -> str | None:
    """None when the answer is the challenge: as plain text, as a form, or as JSON {challenge}."""
    failure = _failure(url, reply)
    if failure is not None:
        return failure
    if challenge in _told(reply):
        return None
    return f"{url} did not answer with the value of the parameter `challenge`; send it back as it came."


def ssl_check_problem(url: str, reply: Reply) -> str | None:
    """None when the address takes the probe, whatever it says."""
    return _failure(url, reply)


def _failure(url: str, reply: Reply) -> str | None:
    if reply.problem is None:
        return None
    if reply.status is not None:
        return f"{url} answered with the HTTP status {reply.status}; it must be 200."
    return f"{url} {_FAILURES.get(reply.problem, 'could not be reached')}; check the address and the app."


def _told(reply: Reply) -> list[str]:
    parsed = reply.parsed()
    if parsed:
        return [str(parsed.get("challenge"))]
    return [reply.body.strip(), *parse_qs(reply.body.strip()).get("challenge", [])]
