"""Seals over the record: every change to a sealed event is found, whoever made it and however."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.models import Max

from accounts.viewer import Viewer
from gatekeeper.actions import requests, reviews
from gatekeeper.models import Checkpoint, Event, Stage
from gatekeeper.models.record import event_digest
from gatekeeper.proof import sealing, signing
from tests import factories


@pytest.fixture
def sealed(stage: Stage, ha: Viewer, chidi: Viewer) -> Checkpoint:
    """A record of three checkpoints, and a step after the last; returns the second."""
    case = factories.submitted(stage, ha)
    sealing.seal()
    case = reviews.take(case, by=chidi)
    second = sealing.seal()
    reviews.ask_back(case, by=chidi, words="Why?")
    sealing.seal()
    requests.start(stage, by=chidi)
    assert second is not None
    return second


@contextmanager
def as_superuser() -> Iterator[Any]:
    """A connection that no trigger holds back, as somebody with the keys to the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = DEFAULT")


def kept() -> list[dict[str, Any]]:
    """The checkpoints as somebody else would keep them."""
    return list(Checkpoint.objects.order_by("pk").values("id", "digest", "events", "signature"))


def test_a_record_that_nobody_touched_is_sound(sealed: Checkpoint) -> None:
    """Every event is counted: sealed ones, and the one since."""
    verdict = sealing.verify(kept=kept())
    assert verdict.sound
    assert (verdict.checkpoints, verdict.unsealed) == (3, 1)
    assert verdict.events == Event.objects.filter(checkpoint__isnull=False).count()
    assert verdict.events == sum(Checkpoint.objects.values_list("events", flat=True))


def test_sealing_takes_every_event_once_and_chains(sealed: Checkpoint) -> None:
    """Each checkpoint names the one before; where there is nothing new, there is no checkpoint."""
    first, second, third = Checkpoint.objects.order_by("pk")
    assert [first.previous, second.previous, third.previous] == [None, first, second]
    at = factories.later(0)
    last = sealing.seal(at=at)
    assert last is not None
    assert (last.events, last.sealed_at, last.previous) == (1, at, third)
    assert last.last_event == Event.objects.aggregate(Max("pk"))["pk__max"]
    assert sealing.seal() is None


def test_sealing_goes_on_in_parts(stage: Stage, ha: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long backlog is sealed piece by piece."""
    factories.submitted(stage, ha)
    monkeypatch.setattr(sealing, "AT_MOST", 5)
    while sealing.seal():
        pass
    assert Checkpoint.objects.count() > 2
    assert max(Checkpoint.objects.values_list("events", flat=True)) == 5
    assert sealing.verify().sound


def test_an_empty_record_is_sound(db: None) -> None:
    """There is nothing wrong with nothing."""
    assert sealing.seal() is None
    assert sealing.verify() == sealing.Verdict()


def recomputed(event: Event) -> str:
    """The digest that fits the event as it is now."""
    return event_digest(
        event.at, event.actor_id, event.action, event.object_kind, event.object_id, event.publisher_id, event.data
    )


def in_sealed(sealed: Checkpoint) -> Event:
    """One event of the second checkpoint."""
    return Event.objects.filter(checkpoint=sealed).order_by("pk")[0]


def change_data(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute("UPDATE gatekeeper_event SET data = '{}' WHERE id = %s", [in_sealed(sealed).pk])
    cursor.execute("""UPDATE gatekeeper_event SET data = '{"x": 1}' WHERE id = %s""", [in_sealed(sealed).pk])


def change_actor(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute("UPDATE gatekeeper_event SET actor_id = actor_id + 1 WHERE id = %s", [in_sealed(sealed).pk])


def change_time(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute(
        "UPDATE gatekeeper_event SET at = at - interval '1 microsecond' WHERE id = %s", [in_sealed(sealed).pk]
    )


def change_with_digest(cursor: Any, sealed: Checkpoint) -> None:
    event = in_sealed(sealed)
    cursor.execute("UPDATE gatekeeper_event SET action = 'request.approve' WHERE id = %s", [event.pk])
    event.refresh_from_db()
    cursor.execute("UPDATE gatekeeper_event SET digest = %s WHERE id = %s", [recomputed(event), event.pk])


def remove_event(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute("DELETE FROM gatekeeper_event WHERE id = %s", [in_sealed(sealed).pk])


def unseal_event(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute("UPDATE gatekeeper_event SET checkpoint_id = NULL WHERE id = %s", [in_sealed(sealed).pk])


def slip_in_event(cursor: Any, sealed: Checkpoint) -> None:
    columns = "at, actor_id, action, object_kind, object_id, data, digest, checkpoint_id, publisher_id"
    cursor.execute(
        f"INSERT INTO gatekeeper_event ({columns}) SELECT {columns} FROM gatekeeper_event WHERE id = %s",
        [in_sealed(sealed).pk],
    )


def remove_checkpoint_with_events(cursor: Any, sealed: Checkpoint) -> None:
    close_gap = "UPDATE gatekeeper_checkpoint SET previous_id = %s WHERE previous_id = %s"
    cursor.execute("DELETE FROM gatekeeper_event WHERE checkpoint_id = %s", [sealed.pk])
    cursor.execute("DELETE FROM gatekeeper_checkpoint WHERE id = %s", [sealed.pk])
    cursor.execute(close_gap, [sealed.previous_id, sealed.pk])


def rewrite_checkpoint(cursor: Any, sealed: Checkpoint) -> None:
    change_with_digest(cursor, sealed)
    digests = Event.objects.filter(checkpoint=sealed).order_by("pk").values_list("digest", flat=True)
    assert sealed.previous is not None
    digest, _count = sealing._chained(sealed.previous.digest, digests)
    cursor.execute("UPDATE gatekeeper_checkpoint SET digest = %s WHERE id = %s", [digest, sealed.pk])


def rewrite_checkpoint_with_another_key(cursor: Any, sealed: Checkpoint) -> None:
    rewrite_checkpoint(cursor, sealed)
    cursor.execute("UPDATE gatekeeper_checkpoint SET key_id = 'f00f00f00f00f00f' WHERE id = %s", [sealed.pk])


def forge_signature(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute("UPDATE gatekeeper_checkpoint SET signature = 'AAAA' WHERE id = %s", [sealed.pk])


def date_back(cursor: Any, sealed: Checkpoint) -> None:
    cursor.execute(
        "UPDATE gatekeeper_checkpoint SET sealed_at = sealed_at - interval '1 day' WHERE id = %s", [sealed.pk]
    )


TAMPERING: list[Callable[[Any, Checkpoint], None]] = [
    change_data,
    change_actor,
    change_time,
    change_with_digest,
    remove_event,
    unseal_event,
    slip_in_event,
    remove_checkpoint_with_events,
    rewrite_checkpoint,
    rewrite_checkpoint_with_another_key,
    forge_signature,
    date_back,
]


def test_tampering_is_found(sealed: Checkpoint) -> None:
    """With full rights on the database, but without the signing key: each way, one after the other."""
    for tamper in TAMPERING:
        with transaction.atomic():
            with as_superuser() as cursor:
                tamper(cursor, sealed)
            verdict = sealing.verify()
            assert not verdict.sound, tamper.__name__
            assert all(fault.endswith(".") for fault in verdict.faults)
            transaction.set_rollback(True)
    assert sealing.verify().sound


def test_a_change_to_an_event_that_is_not_sealed_yet_is_found_too(sealed: Checkpoint) -> None:
    """Its digest was written with it."""
    with as_superuser() as cursor:
        cursor.execute("UPDATE gatekeeper_event SET action = 'x' WHERE checkpoint_id IS NULL")
    [fault] = sealing.verify().faults
    assert fault == f"Event {Event.objects.unsealed().get().pk} is not as it was written."


def test_a_record_that_was_cut_short_is_found_against_what_was_kept(sealed: Checkpoint) -> None:
    """By itself it is whole; a checkpoint kept elsewhere says that more was there."""
    before = kept()
    last = Checkpoint.objects.order_by("-pk")[0]
    with as_superuser() as cursor:
        cursor.execute("DELETE FROM gatekeeper_event WHERE checkpoint_id = %s OR checkpoint_id IS NULL", [last.pk])
        cursor.execute("DELETE FROM gatekeeper_checkpoint WHERE id = %s", [last.pk])
    assert sealing.verify().sound
    assert sealing.verify(kept=before).faults == [f"Checkpoint {last.pk}, kept elsewhere, is missing here."]


def test_a_record_that_was_sealed_anew_is_found_against_what_was_kept(sealed: Checkpoint) -> None:
    """Even whoever stole the signing key cannot change what others have kept."""
    before = kept()
    with as_superuser() as cursor:
        cursor.execute("UPDATE gatekeeper_event SET checkpoint_id = NULL")
        cursor.execute("DELETE FROM gatekeeper_checkpoint")
        event = Event.objects.order_by("pk")[0]
        cursor.execute("UPDATE gatekeeper_event SET action = 'x' WHERE id = %s", [event.pk])
        event.refresh_from_db()
        cursor.execute("UPDATE gatekeeper_event SET digest = %s WHERE id = %s", [recomputed(event), event.pk])
        cursor.execute("ALTER SEQUENCE gatekeeper_checkpoint_id_seq RESTART WITH %s", [before[0]["id"]])
    sealing.seal()
    assert sealing.verify().sound
    faults = sealing.verify(kept=before).faults
    assert faults[0] == f"Checkpoint {before[0]['id']} differs from the one kept elsewhere."
    assert len(faults) == 3


def test_a_signing_key_can_be_replaced(sealed: Checkpoint, settings: Any) -> None:
    """Older checkpoints are checked with the public half of the older key; without it they prove nothing."""
    earlier = signing.signing_key().public_key()
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.GATEKEEPER_SIGNING_KEY = pem.decode()
    assert sealing.seal() is not None
    assert sealing.verify(earlier_keys=[earlier]).sound
    assert len(sealing.verify().faults) == 3


def test_a_digest_is_the_same_in_every_time_zone() -> None:
    """The time is a moment, however it was written."""
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)  # noqa: UP017  # beside a zone that is not UTC
    elsewhere = moment.astimezone(timezone(timedelta(hours=7)))
    digests = {event_digest(at, 1, "x", "stage", 1, None, {}) for at in (moment, elsewhere)}
    assert len(digests) == 1
