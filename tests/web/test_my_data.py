"""My data: to read, to take along, to have erased; and the page of those who answer for it."""

from __future__ import annotations

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import ErasureRequest, Grant, LegalHold
from tests import factories

from .conftest import Browse


def test_one_reads_what_is_kept_and_takes_it_along(grant: Grant, ha: Viewer, browse: Browse) -> None:
    """The page and the file hold the same."""
    client = browse(ha)
    shown = client.get("/my-data/").content.decode()
    assert factories.ANSWERS["use"] in shown
    assert "chidi" not in shown
    file = client.get("/my-data/file/")
    assert file["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert file.json()["requests"][0]["submissions"][0]["answers"]["use"] == factories.ANSWERS["use"]


def test_erasing_is_seen_first(grant: Grant, ha: Viewer, browse: Browse) -> None:
    """Opening the page changes nothing; sent, it is done."""
    client = browse(ha)
    shown = client.get("/my-data/erase/").content.decode()
    for words in ("What ends", "What goes", "What stays", "This cannot be undone"):
        assert words in shown
    assert factories.fresh(grant).status == "active"
    done = client.post("/my-data/erase/", follow=True).content.decode()
    assert "Your data is erased." in done
    assert factories.ANSWERS["use"] not in done
    assert factories.fresh(grant).status == "relinquished"


def test_a_hold_is_told_with_its_reason(
    grant: Grant, ha: Viewer, ewa: Viewer, aurora_lab: Publisher, browse: Browse
) -> None:
    """Counsel sets it, its person reads it, and the request waits; lifted, the next sweep erases."""
    counsel, client = browse(ewa), browse(ha)
    sent = {"publisher": aurora_lab.pk, "person": "@ha-nguyen", "reason": "A lawsuit in Lyon."}
    assert "The data is held." in counsel.post("/erasures/", sent, follow=True).content.decode()
    assert "A lawsuit in Lyon." in client.get("/my-data/erase/").content.decode()
    waits = client.post("/my-data/erase/", follow=True).content.decode()
    assert "as soon as the legal hold is lifted" in waits
    again = client.post("/my-data/erase/")
    assert again.status_code == 409
    held = LegalHold.objects.get()
    assert "held" in counsel.get("/erasures/").content.decode()
    counsel.post(f"/holds/{held.pk}/lift/")
    assert not LegalHold.objects.standing().exists()
    assert ErasureRequest.objects.due().exists()


@pytest.mark.parametrize(
    ("person", "reason", "said"),
    [
        ("ha-nguyen", " ", "This field is required"),
        ("nobody-here", "So.", "Nobody of this name"),
        ("juma", "So.", "Nobody of this name"),
        ("ha-nguyen", "\x01", "null"),
    ],
)
def test_a_hold_that_cannot_be_set_says_why(
    person: str, reason: str, said: str, grant: Grant, juma: Viewer, ewa: Viewer, aurora_lab: Publisher, browse: Browse
) -> None:
    """At the field; nothing is held."""
    answer = browse(ewa).post("/erasures/", {"publisher": aurora_lab.pk, "person": person, "reason": reason})
    assert answer.status_code == 422
    assert said in answer.content.decode() or said == "null"
    assert not LegalHold.objects.exists()


def test_an_operator_erases_for_somebody(grant: Grant, ha: Viewer, goran: Viewer, browse: Browse) -> None:
    """After the same look."""
    client = browse(goran)
    assert "What stays" in client.get("/erasures/for/?person=ha-nguyen").content.decode()
    assert "Nobody of this name" in client.get("/erasures/for/?person=nobody-here").content.decode()
    assert client.post("/erasures/for/", {"person": "nobody-here"}).status_code == 404
    client.post("/erasures/for/", {"person": "ha-nguyen"})
    assert ErasureRequest.objects.get().carried_out_at is not None


def test_whose_pages_they_are(grant: Grant, ha: Viewer, chidi: Viewer, bram: Viewer, browse: Browse) -> None:
    """Reviewers and requesters find no list; a steward is no operator; an account without a Hub name is told so."""
    for who in (ha, chidi):
        assert browse(who).get("/erasures/").status_code == 404
    assert browse(bram).get("/erasures/").status_code == 200
    assert browse(bram).get("/erasures/for/").status_code == 404
    plain = factories.account("plain", on_the_hub=False)
    assert browse(plain).get("/my-data/").status_code == 403
