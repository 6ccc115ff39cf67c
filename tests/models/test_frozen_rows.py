"""What is published, accepted, submitted, decided or recorded is never changed and never removed, whoever asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import policies
from gatekeeper.models import (
    Acceptance,
    Checkpoint,
    Decision,
    Event,
    GateForm,
    GatePolicy,
    Ladder,
    LicenceVersion,
    Stage,
    Submission,
)
from gatekeeper.models.policies import Version
from gatekeeper.proof import sealing
from tests import factories
from tests.factories import QUESTIONS

FROZEN: list[Any] = [Acceptance, Submission, Decision, Checkpoint]
VERSIONED: list[Any] = [GateForm, GatePolicy, LicenceVersion, Ladder]
CHANGES: dict[Any, dict[str, Any]] = {
    Acceptance: {"text_sha256": "0" * 64},
    Submission: {"answers_digest": "0" * 64},
    Decision: {"outcome": "approved"},
    Checkpoint: {"digest": "0" * 64},
    GateForm: {"title": "Another"},
    GatePolicy: {"document": {}},
    LicenceVersion: {"text": b"You may do anything."},
    Ladder: {"document": {"stages": []}},
}


@pytest.fixture
def history(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """One of each: a decided request, sealed."""
    factories.denied_finally(stage, ha, by=chidi)
    sealing.seal()


def test_a_frozen_row_is_neither_changed_nor_removed(history: None) -> None:
    """By the ORM or by SQL: the database itself refuses."""
    for model in [*FROZEN, *VERSIONED]:
        row = model.objects.get()
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            model.objects.filter(pk=row.pk).update(**CHANGES[model])
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        assert model.objects.get() == row


def test_every_version_is_frozen_once_published() -> None:
    """No versioned noun was forgotten."""
    assert {model for model in apps.get_models() if issubclass(model, Version)} == set(VERSIONED)


def test_a_draft_can_be_changed_and_removed(aurora_lab: Publisher, amara: Viewer) -> None:
    """Nothing was promised with it yet."""
    draft = policies.draft_form(aurora_lab, by=amara, title="Draft", questions_asked=QUESTIONS)
    GateForm.objects.filter(pk=draft.pk).update(title="Another")
    assert GateForm.objects.filter(pk=draft.pk).delete()[0] == 1


def test_an_event_is_never_changed(history: None) -> None:
    """Not even together with its seal."""
    event = Event.objects.order_by("pk")[0]
    changes: list[dict[str, Any]] = [{"action": "x"}, {"object_id": 1}, {"data": {"x": 1}}, {"publisher": None}]
    for change in changes:
        for more in ({}, {"checkpoint": None}):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                Event.objects.filter(pk=event.pk).update(**change, **more)


def test_an_event_is_never_removed_or_unsealed(history: None) -> None:
    """Nor sealed a second time."""
    event = Event.objects.order_by("pk")[0]
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM gatekeeper_event WHERE id = %s", [event.pk])
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(checkpoint=None)


def test_an_unsealed_event_is_not_changed_while_it_is_sealed(history: None, stage: Stage, ines: Viewer) -> None:
    """Sealing writes the checkpoint and nothing else."""
    factories.submitted(stage, ines)
    checkpoint = Checkpoint.objects.get()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Event.objects.unsealed().update(checkpoint=checkpoint, action="x")
    assert Event.objects.unsealed().update(checkpoint=checkpoint) > 0
