"""The small service's own logic: which requests see a new release."""

import hashlib

BUCKETS = 100


def bucket_of(user: str) -> int:
    """A number from 0 to 99 that stays the same for the same user, on every machine."""
    digest = hashlib.sha256(user.encode()).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS


def sees_release(user: str, percent: int) -> bool:
    """Whether this user is among the first `percent` of a hundred. Raising it takes the release from nobody."""
    if not 0 <= percent <= BUCKETS:
        raise ValueError(f"{percent} is no percentage: it must lie between 0 and {BUCKETS}")
    return bucket_of(user) < percent
