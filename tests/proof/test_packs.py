"""Evidence packs: what is in one, that it verifies without us, and that a changed byte anywhere does not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.viewer import Viewer
from gatekeeper.actions import evidence, grants, terms
from gatekeeper.actions.acceptances import Shown
from gatekeeper.models import Event, Grant, Repository, Stage
from gatekeeper.proof import keys, sealing, verify_receipt
from gatekeeper.rules.refusals import NotAllowed, Unmet
from tests import factories
from tests.factories import LICENCE_TEXT, RESTRICTIONS


@pytest.fixture
def stage(aurora: Repository, amara: Viewer) -> Stage:
    """A stage with restrictions to acknowledge."""
    return factories.open_stage(aurora, by=amara, restrictions=RESTRICTIONS)


@pytest.fixture
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Ha was let in, and read back; the record is sealed."""
    grant = factories.active_grant(stage, ha, by=chidi)
    sealing.seal()
    return grant


@pytest.fixture
def pack(grant: Grant, amara: Viewer) -> bytes:
    """The evidence of it."""
    return evidence.export(grant, by=amara)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    return verify_receipt.packed(list(files))


def unpacked(pack: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def published(tmp_path: Path, db: None) -> dict[str, Any]:
    """What the service publishes about its keys."""
    return {"keys": keys.published()}


def verdict(pack: bytes, published: dict[str, Any], folder: Path) -> tuple[bool, list[str]]:
    """What the file that checks it says."""
    (folder / "pack.zip").write_bytes(pack)
    checker: ModuleType = verify_receipt
    result: tuple[bool, list[str]] = checker.check_pack(folder / "pack.zip", published)
    return result


def test_it_holds_the_way_from_the_acceptance_to_the_hub(pack: bytes, grant: Grant) -> None:
    """Acceptance, licence bytes, form, terms, decision, delivery, and the record of the case."""
    files = unpacked(pack)
    assert files["licence.txt"] == LICENCE_TEXT
    assert json.loads(files["receipt.json"])["receipt"]["acceptance"] == grant.acceptance_id
    [decision] = json.loads(files["decisions.json"])
    assert (decision["outcome"], decision["submission"]["number"]) == ("approved", 1)
    delivery = json.loads(files["delivery.json"])
    assert delivery["grant"]["status"] == "active"
    assert [row["seen"] for row in delivery["hub"]] == ["accepted"]
    assert all(row["read_back_at"] for row in delivery["hub"])
    actions = [event["action"] for event in json.loads(files["record/events.json"])]
    assert {"request.submit", "request.accept", "request.approve", "grant.activate"} <= set(actions)
    manifest = json.loads(files["manifest.json"])
    assert set(manifest["files"]) == set(files) - {"manifest.json", "signature.json"}


def test_nobody_s_answers_are_in_it(pack: bytes, grant: Grant) -> None:
    """Only their digests: it may lie in a drawer for ten years."""
    assert grant.request is not None
    words = [str(value) for value in grant.request.submissions.get().answers.values()]
    assert [word for word in words if len(word) > 10]
    whole = b"".join(unpacked(pack).values()).decode("utf-8", "replace")
    assert not [word for word in words if len(word) > 10 and word in whole]


def test_it_verifies_without_us(pack: bytes, tmp_path: Path) -> None:
    """With one file and the published keys, in a process that knows nothing of ours."""
    client = Client()
    (tmp_path / "verify_receipt.py").write_bytes(client.get("/verify/verify_receipt.py").content)
    (tmp_path / "keys.json").write_bytes(client.get("/.well-known/gatekeeper-keys.json").content)
    (tmp_path / "evidence.zip").write_bytes(pack)
    command = [sys.executable, "-I", "verify_receipt.py", "evidence.zip", "--keys", "keys.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.startswith("GENUINE: evidence of grant ")
    assert "each as it was written" in done.stdout


def test_a_changed_file_fails_each_in_turn(pack: bytes, published: dict[str, Any], tmp_path: Path) -> None:
    """Changed, left out, put in, renamed, in another order."""
    files = unpacked(pack)
    assert verdict(pack, published, tmp_path)[0]
    for name, content in files.items():
        other = bytes([content[0] ^ 1]) + content[1:]
        changed = zipped({**files, name: other}.items())
        without = zipped([(each, kept) for each, kept in files.items() if each != name])
        for forged in (changed, without):
            try:
                assert not verdict(forged, published, tmp_path)[0], name
            except verify_receipt.Unreadable:
                assert name in ("manifest.json", "signature.json")
    assert not verdict(zipped([*files.items(), ("more.txt", b"x")]), published, tmp_path)[0]
    assert not verdict(zipped(reversed(files.items())), published, tmp_path)[0]


def test_a_changed_byte_anywhere_fails(pack: bytes, published: dict[str, Any], tmp_path: Path) -> None:
    """Also between the files: dates, names, comments, what stands before or after."""
    step = max(len(pack) // 150, 1)
    for place in (*range(0, 200, 3), *range(0, len(pack), step), *range(len(pack) - 200, len(pack), 3)):
        forged = pack[:place] + bytes([pack[place] ^ 4]) + pack[place + 1 :]
        with suppress(verify_receipt.Unreadable, KeyError, TypeError):  # the program ends with 2
            assert not verdict(forged, published, tmp_path)[0], place
    for forged in (pack + b"x", b"x" + pack):
        assert not verdict(forged, published, tmp_path)[0]


def test_parts_of_two_packs_do_not_make_one(
    pack: bytes, stage: Stage, ines: Viewer, chidi: Viewer, amara: Viewer, published: dict[str, Any], tmp_path: Path
) -> None:
    """The receipt of another person, signed by us, does not belong to these terms and events."""
    other = unpacked(evidence.export(factories.active_grant(stage, ines, by=chidi), by=amara))
    files = unpacked(pack)
    for name in ("receipt.json", "decisions.json", "delivery.json", "record/events.json"):
        assert not verdict(zipped({**files, name: other[name]}.items()), published, tmp_path)[0]


def test_what_is_not_sealed_yet_is_said(stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, tmp_path: Path) -> None:
    """The record is sealed each minute; until then the events stand by their own digests."""
    made = evidence.export(factories.active_grant(stage, ha, by=chidi), by=amara)
    genuine, said = verdict(made, {"keys": keys.published()}, tmp_path)
    assert (genuine, "0 of them are sealed" in said[-1]) == (True, True)


def test_a_revoked_grant_shows_both_decisions(grant: Grant, amara: Viewer) -> None:
    """The one that let in, and the one that took it away."""
    grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="You shared the weights.")
    decided = json.loads(unpacked(evidence.export(grant, by=amara))["decisions.json"])
    assert [one["outcome"] for one in decided] == ["approved", "revoked"]
    assert "shared" not in json.dumps(decided)


def test_making_one_is_recorded_and_for_those_who_answer_for_it(
    grant: Grant, amara: Viewer, ha: Viewer, chidi: Viewer, juma: Viewer
) -> None:
    """Its own person has the receipt; a reviewer decides, and does not prove."""
    evidence.export(grant, by=amara)
    event = Event.objects.latest("pk")
    assert (event.action, event.object_id, event.actor) == ("grant.export_evidence", grant.pk, amara.user)
    for who in (ha, chidi, juma):
        with pytest.raises(NotAllowed):
            evidence.export(grant, by=who)
    assert Event.objects.latest("pk") == event


def test_unproven_terms_cannot_be_proved(stage: Stage, amara: Viewer) -> None:
    """Somebody who was brought in and has accepted nothing here."""
    with pytest.raises(Unmet) as refused:
        evidence.export(factories.imported(stage, factories.hub_person("kiri"), by=amara), by=amara)
    assert refused.value.refusal.code == "terms_unproven"


def test_it_comes_from_pages_and_over_the_api(grant: Grant, amara: Viewer, chidi: Viewer, juma: Viewer) -> None:
    """As a file; 403 to who may see the grant and not prove it, 404 to everybody else. No look makes one."""
    for who, status in ((amara, 200), (chidi, 403), (juma, 404)):
        assert who.user is not None
        client, script = Client(), APIClient()
        client.force_login(who.user)
        script.force_authenticate(who.user)
        assert client.post(f"/grants/{grant.pk}/evidence/").status_code == status
        assert script.post(f"/api/v1/grants/{grant.pk}/evidence/", {}, format="json").status_code == status
        assert client.get(f"/grants/{grant.pk}/evidence/").status_code == 405
    assert Event.objects.filter(action="grant.export_evidence").count() == 2


def test_it_takes_few_statements_and_little_time(
    grant: Grant, amara: Viewer, django_assert_max_num_queries: Any
) -> None:
    """The same number for a record of any length; far under the five seconds that somebody would wait."""
    begun = time.monotonic()
    with django_assert_max_num_queries(25):
        evidence.export(grant, by=amara)
    assert time.monotonic() - begun < 5


def test_the_translation_that_was_shown_is_in_it(
    stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, published: dict[str, Any], tmp_path: Path
) -> None:
    """Byte for byte, as the receipt names it; another text in its place is found."""
    version = factories.licences.publish_licence_version(
        stage.release.publisher,
        by=amara,
        identifier="openrail++",
        title="Aurora licence",
        text=b"Be good.",
        translations={"fr": b"Sois sage."},
    )
    in_force = stage.policy
    assert in_force is not None
    factories.policies.publish_policy(stage, by=amara, form=in_force.form, licence_version=version)
    grant = factories.imported(stage, ha.person, by=amara)
    shown = Shown(text_language="fr")
    terms.accept(grant, by=ha, text_sha256=version.text_sha256, acknowledged=version.restrictions, shown=shown)
    pack = evidence.export(factories.fresh(grant), by=amara)
    published["keys"] = keys.published()
    assert unpacked(pack)["translation.txt"] == b"Sois sage."
    assert verdict(pack, published, tmp_path)[0]
    files = unpacked(pack) | {"translation.txt": b"Sois fou."}
    assert "NOT OF THIS RECEIPT: translation.txt" in list(verify_receipt.pack_faults(files, published))
