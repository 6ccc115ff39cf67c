"""A re-acceptance campaign of 10,000 grants, from the first notice to the Hub told of those who lapsed.

`make bench NAME=campaign`. Everybody was let in on the Hub and has an account here; one in fifty accepts in time, the
others lapse. Timed is what this service does by itself; counted are the calls by which the Hub is told and read back,
within a free account's 1,000 in five minutes.
"""

import argparse
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks import figure, say
from benchmarks.sandbox import MODEL, asserting_no_transaction, linked, sandbox
from benchmarks.stop import AT_ONCE, LATENCY, QUOTA, WINDOW, counted, until
from gatekeeper.hub.sandbox.control import SandboxControl

DAYS = 30
ACCEPTING = 50  # one in so many
MINUTES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    asked = parser.parse_args()
    with sandbox() as control:
        held = measure(control, asked.people)
    sys.exit(0 if all(held) else 1)


def measure(control: SandboxControl, count: int) -> list[bool]:
    """Ask everybody, let those lapse who do not accept, have the Hub told, and let one come back."""
    from django.utils import timezone

    from gatekeeper import clock
    from gatekeeper.actions import campaigns, terms
    from gatekeeper.models import Campaign, Grant, Notice
    from gatekeeper.models.campaign_tallies import Preview, tally_of

    stage, owner = linked(control)
    say(f"bringing in {count} people who are accepted on the Hub")
    control.seed(MODEL, {"accepted": count})
    until(lambda: Grant.objects.filter(stage=stage, status="active").count() == count)
    give_accounts(stage)
    asserting_no_transaction()
    began = timezone.now() - timedelta(days=DAYS, minutes=1)  # so that its time is over now
    version = next_version(stage, owner)
    campaign = campaigns.prepare(version, by=owner, grace_days=DAYS, at=began)
    begun = time.perf_counter()
    people = Preview(campaign).people
    preview = time.perf_counter() - begun
    assert people == count
    campaigns.schedule(campaign, by=owner, confirmed=people, at=began)
    say("asking everybody")
    begun = time.perf_counter()
    campaigns.begin_all([campaign], at=began)
    campaigns.carry_on_all(seconds=600, at=began)
    asking = time.perf_counter() - begun
    assert Notice.objects.filter(kind="licence_renewed").count() == count
    say("reminding everybody")
    begun = time.perf_counter()
    while terms.remind_of_terms(at=began + timedelta(days=DAYS / 2, minutes=1)):
        pass
    reminding = time.perf_counter() - begun
    accept(stage, count // ACCEPTING, at=began + timedelta(days=20))
    say("letting lapse who did not accept")
    control.options(quota={"api": QUOTA, "resolvers": 10_000_000}, window=WINDOW)
    control.fault("latency", "/api/models", ms=LATENCY)
    control.clear_journal()
    begun = time.perf_counter()
    lapsed = clock.in_batches(Grant.objects.to_lapse(at=timezone.now()), terms.lapse_all, at=timezone.now())
    lapsing = time.perf_counter() - begun
    campaigns.carry_on_all()
    assert Campaign.objects.get(pk=campaign.pk).status == "done"
    campaign.refresh_from_db()
    campaign.result = {}
    begun = time.perf_counter()
    tally = tally_of(campaign)
    reading = time.perf_counter() - begun
    assert (tally.lapsed, tally.resets) == (lapsed, lapsed)
    say("telling the Hub")
    begun = time.perf_counter()
    until(lambda: tally_of(campaign).resets == 0)
    telling = time.perf_counter() - begun
    calls, refused, writes = counted(control)
    back = come_back(stage)
    size = {"grants": count, "lapsed": lapsed}
    budget = size | {"writes": writes, "of": QUOTA, "refused (429)": refused}
    return [
        figure("campaign: preview", preview, "s", goal="< 1", holds=preview < 1, against=size),
        figure("campaign: everybody asked, noticed and recorded", asking, "s", goal="< 30", holds=asking < 30,
               against=size),
        figure("campaign: everybody reminded", reminding, "s", goal="< 30", holds=reminding < 30, against=size),
        figure("campaign: lapsed here, and the Hub wished to reset", lapsing, "s", goal="< 60", holds=lapsing < 60,
               against=size),
        figure("campaign: counting the progress", reading, "s", goal="< 1", holds=reading < 1, against=size),
        figure("campaign: calls to the Hub, readings included", calls, "calls", goal=f"≤ {QUOTA}, none refused",
               holds=calls <= QUOTA and not refused, against=budget),
        figure("campaign: calls that tell", writes, "calls", goal="one for each hundred",
               holds=writes == -(-lapsed // AT_ONCE), against=budget),
        figure("campaign: the Hub told and read back", telling, "s", goal=f"< {MINUTES * 60}",
               holds=telling < MINUTES * 60, against=budget),
        figure("campaign: one accepts, and is on the way back", back, "s", goal="< 1", holds=back < 1),
    ]  # fmt: skip


def give_accounts(stage: Any) -> None:
    """Give everybody who holds a grant an account here, so that they are written to."""
    from django.db import connection

    from accounts.models import HubPerson, User
    from gatekeeper.models.bulk import write_back

    people = list(HubPerson.objects.filter(grants__stage=stage, user=None).order_by("pk"))
    users = User.objects.bulk_create(
        User(username=person.username, email=f"{person.username}@example.org") for person in people
    )
    for person, user in zip(people, users, strict=True):
        person.user, person.proven_at = user, person.first_seen_at
    write_back(people, ["user", "proven_at"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the server does by itself, a while after so many rows were made


def next_version(stage: Any, owner: Any) -> Any:
    """Publish a version that people have to accept."""
    from gatekeeper.actions import licences

    licence = stage.policy.licence_version.licence
    return licences.publish_licence_version(
        licence.publisher,
        by=owner,
        identifier=licence.identifier,
        title=licence.title,
        text=b"Be good.\n\nYou must not sell it.\n",
    )


def accept(stage: Any, count: int, *, at: Any) -> None:
    """Let so many people accept."""
    from accounts.viewer import Viewer
    from gatekeeper.actions import terms
    from gatekeeper.models import Grant

    version = stage.policy.licence_version
    for grant in Grant.objects.filter(stage=stage).select_related("person__user", "stage").order_by("pk")[:count]:
        terms.accept(grant, by=Viewer.of(grant.person.user), text_sha256=version.text_sha256, at=at)


def come_back(stage: Any) -> float:
    """Return how long it takes until somebody who lapsed is wished back after they accepted."""
    from accounts.viewer import Viewer
    from gatekeeper.actions import terms
    from gatekeeper.models import Grant

    grant = Grant.objects.filter(stage=stage, lapsed_at__isnull=False).select_related("person__user", "stage")[0]
    begun = time.perf_counter()
    terms.accept(grant, by=Viewer.of(grant.person.user), text_sha256=stage.policy.licence_version.text_sha256)
    seconds = time.perf_counter() - begun
    assert Grant.objects.get(pk=grant.pk).status == "pending_activation"
    return seconds


if __name__ == "__main__":
    main()
