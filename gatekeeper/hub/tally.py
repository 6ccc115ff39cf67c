"""What workers did, counted in Valkey by all of them together: calls by route and answer, wishes read back.

The counts are for watching only. While Valkey is away nothing is counted, and nothing waits for it.
"""

import re

from gatekeeper import valkey

CALLS, CONFIRMED = "hub-calls", "hub-confirmed"
NO_ANSWER = "none"
# Names of repositories and people are cut out of a path; what is not one of these is “other”.
REPOSITORY = re.compile(r"/api/(?:models|datasets|spaces)/[^/]+/[^/]+(?P<rest>/.*)?")
OF_A_REPOSITORY = re.compile(
    r"/(user-access-request/(?:pending|accepted|rejected|reset|handle|grant|batch|cancel)|user-access-report|settings"
    r"|auth-check(?:/write)?|commit|commits|preupload|tree|revision|discussions)(?=/|$)"
)
OTHERS = re.compile(
    r"/api/(whoami-v2|users|organizations|settings/webhooks|validate-yaml|repos|models|datasets)(?=/|$)"
)


def route_of(path: str) -> str:
    """Return the route of a path at the Hub: a name of which there are few, and none of a person or repository."""
    about = REPOSITORY.fullmatch(path)
    if about is not None:
        known = OF_A_REPOSITORY.match(about["rest"] or "")
        return known[1] if known else "other" if about["rest"] else "repository"
    known = OTHERS.match(path)
    if known:
        return known[1]
    return "file" if "/resolve/" in path else "other"


def called(path: str, status: int | str) -> None:
    """Count a call to the Hub and the status of its answer."""
    field = f"{route_of(path)} {status}"
    valkey.asked(lambda server: server.hincrby(valkey.key(CALLS), field, 1), None)


def confirmed(rows: int) -> None:
    """Count rows whose wish was read back."""
    if rows:
        valkey.asked(lambda server: server.incrby(valkey.key(CONFIRMED), rows), None)


def calls() -> dict[tuple[str, str], int]:
    """Return how many calls there were, by route and status."""
    found: dict[str, str] = valkey.asked(lambda server: server.hgetall(valkey.key(CALLS)), {})
    return {(field.split()[0], field.split()[1]): int(count) for field, count in found.items()}


def all_confirmed() -> int:
    """Return how many rows were read back so far."""
    return int(valkey.asked(lambda server: server.get(valkey.key(CONFIRMED)), None) or 0)
