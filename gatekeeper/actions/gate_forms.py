"""Verbs of a form's draft: begin the next version, change it, throw it away. Publishing is in policies.py."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import GateForm
from gatekeeper.rules.refusals import WrongState

from ._step import STALE, acting, record
from .policies import check_questions
from .releases import PUBLISHED, require


def draft_next(form: GateForm, *, by: Viewer, at: datetime | None = None) -> GateForm:
    """Begin the next version of a form with the questions of this one; returns the draft that is there, if any.

    It supersedes the latest version, whichever it begins from: there is one next version at a time.
    """
    require(by, form.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        published = GateForm.objects.select_for_update(no_key=True, of=("self",)).get(pk=form.latest().pk)
        latest = published.latest()  # unlike it only if somebody began one until the row was free
        if not latest.is_published:
            return latest
        draft = GateForm.objects.create(
            publisher=form.publisher,
            title=latest.title,
            number=latest.number + 1,
            document={"questions": form.questions},
            supersedes=latest,
            created_at=at,
            created_by=acting(by),
        )
        record([("gate_form.draft", draft, {"supersedes": latest.pk, "from": form.pk})], by=acting(by), at=at)
    return draft


def change_draft(
    form: GateForm,
    *,
    by: Viewer,
    questions_asked: list[dict[str, Any]],
    title: str | None = None,
    seen: str | None = None,
    at: datetime | None = None,
) -> GateForm:
    """Replace the questions of a draft, and its title if one is given. `seen` is the digest that somebody saw.

    Raises NotAllowed, Invalid if a question cannot be read, WrongState if it is published or has changed meanwhile.
    """
    require(by, form.publisher_id)
    check_questions(questions_asked)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked_draft(form, seen)
        locked.document = {**locked.document, "questions": questions_asked}
        locked.title = locked.title if title is None else title
        locked.save(update_fields=["document", "title"])
        record([("gate_form.change", locked, {"digest": locked.digest})], by=acting(by), at=at)
    return locked


def discard_draft(form: GateForm, *, by: Viewer, seen: str | None = None, at: datetime | None = None) -> None:
    """Throw a draft away. Raises NotAllowed, WrongState if it is published or has changed meanwhile."""
    require(by, form.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked_draft(form, seen)
        record([("gate_form.discard", locked, {"digest": locked.digest})], by=acting(by), at=at)
        locked.delete()


def _locked_draft(form: GateForm, seen: str | None) -> GateForm:
    locked: GateForm | None = GateForm.objects.select_for_update(of=("self",)).filter(pk=form.pk).first()
    if locked is None:
        raise WrongState(STALE)
    if locked.is_published:
        raise WrongState(PUBLISHED)
    if seen is not None and locked.digest != seen:
        raise WrongState(STALE)
    return locked
