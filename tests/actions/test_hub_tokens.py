"""check_token, use_token, retire_token: who may, when, and what stays on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.ciphers import KeyMissing
from accounts.models import HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import hub_tokens, people, repositories
from gatekeeper.models import Event, Notice, Repository, TokenReach
from gatekeeper.models.hub_tokens import in_use, tokens_visible_to
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events


def reaches(token: HubToken, *places: Repository, health: str = "ok", **seen: Any) -> HubToken:
    """A token that was checked a moment ago, and found to work at these repositories."""
    HubToken.objects.filter(pk=token.pk).update(health=health)
    for place in places:
        found = {"may_read": True, "may_decide": True, "checked_at": timezone.now(), **seen}
        TokenReach.objects.update_or_create(token=token, repository=place, defaults=found)
    return factories.fresh(token)


@pytest.fixture
@once
def new(aurora: Repository, aurora_lab: Publisher, amara: Viewer) -> HubToken:
    """A second token, kept beside the one in use and not checked yet."""
    return people.keep_token(aurora_lab, by=amara, secret="hf_new_secret")


@pytest.fixture
@once
def borealis(aurora_lab: Publisher, amara: Viewer) -> Repository:
    """Another linked model."""
    return factories.linked(aurora_lab, by=amara, name="borealis")


def test_a_new_token_speaks_for_nothing_yet(aurora: Repository, new: HubToken) -> None:
    """It is kept beside the others, and checked soon."""
    assert in_use([aurora])[aurora.pk] == aurora.token
    assert new.check_due_at is not None


def test_the_same_token_is_kept_once(aurora_lab: Publisher, amara: Viewer, new: HubToken) -> None:
    """Until it is retired."""
    with pytest.raises(WrongState, match="kept already"):
        people.keep_token(aurora_lab, by=amara, secret="hf_new_secret")
    hub_tokens.retire_token(new, by=amara)
    assert people.keep_token(aurora_lab, by=amara, secret="hf_new_secret") != new


def test_an_owner_lets_it_speak_for_what_it_reaches(
    aurora: Repository, borealis: Repository, new: HubToken, amara: Viewer
) -> None:
    """The rest stays with the token that it has."""
    old = aurora.token
    reaches(new, aurora)
    assert hub_tokens.use_token(new, by=amara) == [aurora]
    assert factories.fresh(aurora).token == new
    assert factories.fresh(borealis).token != new
    event = Event.objects.latest("pk")
    assert (event.action, event.publisher_id) == ("hubtoken.use", aurora.publisher_id)
    assert event.data == {
        "fingerprint": new.fingerprint,
        "before": [old.fingerprint],
        "repositories": [aurora.pk],
    }
    with pytest.raises(Unmet, match="aurora-lab/borealis"):
        hub_tokens.use_token(new, by=amara)
    reaches(new, borealis)
    assert hub_tokens.use_token(new, by=amara) == [borealis]
    assert hub_tokens.use_token(new, by=amara) == []
    assert Event.objects.filter(action="hubtoken.use").count() == 2


def test_it_is_chosen_for_one_repository(
    aurora: Repository, borealis: Repository, new: HubToken, amara: Viewer
) -> None:
    """Each repository has a token of its own; what is named has to be reached."""
    reaches(new, aurora)
    with pytest.raises(Unmet, match="aurora-lab/borealis"):
        hub_tokens.use_token(new, by=amara, repositories=[aurora, borealis])
    assert hub_tokens.use_token(new, by=amara, repositories=[aurora]) == [aurora]


def test_what_had_stopped_is_looked_at_now(aurora: Repository, new: HubToken, amara: Viewer) -> None:
    """A new token may heal it."""
    later = timezone.now() + timedelta(minutes=5)
    Repository.objects.filter(pk=aurora.pk).update(parked_reason="token_refused", observe_due_at=later)
    reaches(new, aurora)
    hub_tokens.use_token(new, by=amara)
    assert factories.fresh(aurora).observe_due_at <= timezone.now()


@pytest.mark.parametrize(
    ("health", "seen", "words"),
    [
        ("unknown", {}, "was not checked yet"),
        ("refused", {}, "does not let this token"),
        ("read_only", {}, "does not let this token"),
        ("ok", {"may_decide": False}, "not seen to reach aurora-lab/aurora-xl"),
        ("ok", {"may_read": False}, "not seen to reach aurora-lab/aurora-xl"),
        ("ok", {"checked_at": timezone.now() - timedelta(hours=7)}, "not seen to reach aurora-lab/aurora-xl"),
    ],
)
def test_one_that_does_not_do_speaks_for_nothing(
    aurora: Repository, new: HubToken, amara: Viewer, health: str, seen: dict[str, Any], words: str
) -> None:
    """What was not lately seen to work is not let in."""
    reaches(new, aurora, health=health, **seen)
    with pytest.raises(Unmet, match=words):
        hub_tokens.use_token(new, by=amara)


def test_the_old_one_is_retired_once_it_speaks_for_nothing(aurora: Repository, new: HubToken, amara: Viewer) -> None:
    """Its secret is deleted here, and nothing brings it back."""
    old = aurora.token
    with pytest.raises(Unmet, match="speaks for aurora-lab/aurora-xl"):
        hub_tokens.retire_token(old, by=amara)
    reaches(new, aurora)
    hub_tokens.use_token(new, by=amara)
    retired = hub_tokens.retire_token(old, by=amara)
    assert (retired.ciphertext, retired.revoked_at is not None) == ("", True)
    with pytest.raises(KeyMissing):
        retired.reveal()
    for verb in (hub_tokens.retire_token, hub_tokens.use_token, hub_tokens.check_token):
        with pytest.raises(WrongState, match="retired"):
            verb(old, by=amara)
    assert events(retired) == ["hubtoken.retire"]
    assert "hf_" not in str(list(Event.objects.values_list("data", flat=True)))


def test_a_token_of_what_was_unlinked_is_retired(aurora: Repository, amara: Viewer) -> None:
    """It speaks for nothing any more."""
    repositories.unlink(aurora, by=amara)
    assert hub_tokens.retire_token(aurora.token, by=amara).revoked_at is not None


def test_many_repositories_are_not_all_named(aurora: Repository, aurora_lab: Publisher, amara: Viewer) -> None:
    """Three, and that there are more."""
    token = aurora.token
    for number in range(4):
        made = factories.linked(aurora_lab, by=amara, name=f"model-{number}")
        Repository.objects.filter(pk=made.pk).update(token=token)
    with pytest.raises(Unmet, match=r"aurora-xl, aurora-lab/model-0, aurora-lab/model-1, …"):
        hub_tokens.retire_token(token, by=amara)


def test_who_may_do_what(
    aurora: Repository, new: HubToken, amara: Viewer, bram: Viewer, chidi: Viewer, goran: Viewer, juma: Viewer
) -> None:
    """Owners hold the tokens; stewards and operators may have one checked."""
    reaches(new, aurora)
    for who in (amara, bram, goran):
        HubToken.objects.filter(pk=new.pk).update(check_due_at=None)
        assert hub_tokens.check_token(new, by=who).check_due_at is not None
    for who in (chidi, juma, Viewer.anonymous()):
        with pytest.raises(NotAllowed):
            hub_tokens.check_token(new, by=who)
    for who in (bram, chidi, goran, juma):
        for verb in (hub_tokens.use_token, hub_tokens.retire_token):
            with pytest.raises(NotAllowed):
                verb(new, by=who)
    assert set(tokens_visible_to(goran)) == {new, aurora.token}
    assert set(tokens_visible_to(chidi)) == {new, aurora.token}
    assert not tokens_visible_to(juma).exists()


# Which one speaks


def test_the_chosen_one_speaks_as_long_as_it_works(
    aurora: Repository, borealis: Repository, new: HubToken, django_assert_num_queries: Any
) -> None:
    """Then the others, those that work first, the newest first; where none works the chosen one is tried on."""
    old, newest = aurora.token, borealis.token
    reaches(new, aurora, borealis)
    with django_assert_num_queries(0):
        assert in_use([aurora, borealis]) == {aurora.pk: old, borealis.pk: newest}

    def speaks() -> HubToken | None:
        place = Repository.objects.select_related("token").get(pk=aurora.pk)
        return in_use([place])[place.pk]

    reaches(old, aurora, health="narrow")
    assert speaks() == old  # it is refused elsewhere
    reaches(old, aurora, health="narrow", may_decide=False)
    assert speaks() == new
    reaches(new, aurora, health="narrow", may_read=False)
    assert speaks() == newest
    HubToken.objects.filter(pk=newest.pk).update(health="refused")
    assert speaks() == old
    reaches(new, aurora, health="read_only")
    assert speaks() == new
    reaches(old, aurora, health="refused")
    HubToken.objects.exclude(pk=old.pk).update(health="refused")
    assert speaks() == old
    HubToken.objects.filter(pk=old.pk).update(revoked_at=timezone.now())
    assert speaks() in (new, newest)
    HubToken.objects.update(revoked_at=timezone.now())
    assert speaks() is None


# How it stands


def test_trouble_is_told_once_in_a_while(aurora: Repository, amara: Viewer, bram: Viewer, goran: Viewer) -> None:
    """A token that comes and goes writes one mail, and the record has every change."""
    for health in ("refused", "ok", "refused", "ok"):
        assert hub_tokens.note_health(aurora.token, health=HubToken.Health(health))
        assert not hub_tokens.note_health(aurora.token, health=HubToken.Health(health))
    assert sorted(Notice.objects.values_list("recipient__username", "kind")) == [
        ("amara", "token_refused"),
        ("goran", "token_refused"),
    ]
    assert events(aurora.token) == ["hubtoken.change"] * 4
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=7))
    hub_tokens.note_health(aurora.token, health=HubToken.Health.REFUSED)
    assert Notice.objects.count() == 4


def test_a_retired_token_has_no_health(new: HubToken, amara: Viewer) -> None:
    """A check that ends after it was retired writes nothing."""
    hub_tokens.retire_token(new, by=amara)
    assert not hub_tokens.note_health(new, health=HubToken.Health.REFUSED)
    assert HubToken.objects.get(pk=new.pk).health == "unknown"
