"""Verbs of forms and gate policies: draft, then publish. A published version never changes; a later supersedes it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.catalogues.reason_codes import REASON_CODES
from gatekeeper.models import GateForm, GatePolicy, Intake, LicenceVersion, Stage
from gatekeeper.rules import gate_forms, questions
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import STALE, acting, record
from .releases import PUBLISHED, require

BAD_FORM = Refusal(
    "form_malformed",
    _("This form cannot be read: every question needs its own key, a label and a known kind; choices need options."),
)
NOT_PUBLISHED = Refusal("not_published", _("The form and the licence version have to be published first."))
BAD_TERM = Refusal("term_malformed", _("This value does not fit."))
FOREIGN = Refusal("belongs_elsewhere", _("This belongs to another publisher."))

MOST_QUESTIONS = 200

WHOLE = {
    "approvals_required": (1, 5),
    "sla_days": (1, 365),
    "info_wait_days": (1, 365),
    "correction_days": (1, 730),
    "intake_days": (1, 365),
}
WHOLE_OR_NONE = {"duration_days": (1, 3_650), "cap": (1, 10_000_000)}


def draft_form(
    publisher: Publisher, *, by: Viewer, title: str, questions_asked: list[dict[str, Any]], at: datetime | None = None
) -> GateForm:
    """Keep a form as a draft. Raises NotAllowed, Invalid if a question cannot be read."""
    require(by, publisher.pk)
    check_questions(questions_asked)
    at = at or timezone.now()
    with transaction.atomic():
        form = GateForm.objects.create(
            publisher=publisher,
            title=title,
            document={"questions": questions_asked},
            created_at=at,
            created_by=acting(by),
        )
        record([("gate_form.draft", form, {})], by=acting(by), at=at)
    return form


def check_questions(questions_asked: list[dict[str, Any]]) -> None:
    """Raise Invalid unless every question can be read and has its own key."""
    readable = len(questions_asked) <= MOST_QUESTIONS and all(map(questions.readable, questions_asked))
    if not readable or len({question["key"] for question in questions_asked}) != len(questions_asked):
        raise Invalid(BAD_FORM, {"questions": BAD_FORM})


def publish_form(
    form: GateForm, *, by: Viewer, confirmed: bool = False, seen: str | None = None, at: datetime | None = None
) -> GateForm:
    """Publish a form. `seen` is the digest that somebody saw: nobody freezes what another has changed meanwhile.

    Raises Invalid where a question has no purpose or retention, or where these were proposed and nobody has reviewed
    them, unless that is `confirmed`; WrongState if it is published, or has changed since.
    """
    require(by, form.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = GateForm.objects.select_for_update(no_key=True, of=("self",)).get(pk=form.pk)
        if locked.is_published:
            raise WrongState(PUBLISHED)
        if seen is not None and locked.digest != seen:
            raise WrongState(STALE)
        lacking = gate_forms.unpublishable(locked.document)
        proposed = gate_forms.to_review(locked.document)
        if not confirmed:
            lacking = {**proposed, **lacking}
        if lacking:
            raise Invalid(next(iter(lacking.values())), lacking)
        locked.seal(by=acting(by), at=at)
        locked.save(update_fields=["sha256", "published_at", "published_by"])
        how = {"sha256": locked.sha256} | ({"confirmed_unreviewed": len(proposed)} if proposed else {})
        record([("gate_form.publish", locked, how)], by=acting(by), at=at)
    return locked


def publish_policy(
    stage: Stage,
    *,
    by: Viewer,
    form: GateForm,
    licence_version: LicenceVersion,
    terms: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> GatePolicy:
    """Publish the terms of a stage; open requests follow them from now on.

    An acceptance of another licence version counts no more. Raises NotAllowed, Invalid (a term that does not fit),
    WrongState (form or licence not published).
    """
    require(by, stage.release.publisher_id)
    at = at or timezone.now()
    if not (form.is_published and licence_version.is_published):
        raise WrongState(NOT_PUBLISHED)
    if {form.publisher_id, licence_version.licence.publisher_id} != {stage.release.publisher_id}:
        raise Invalid(FOREIGN, {"form": FOREIGN})
    document = check_terms(terms or {})
    with transaction.atomic():
        locked = Stage.objects.select_for_update(no_key=True).get(pk=stage.pk)
        return _publish(locked, form=form, version=licence_version, document=document, by=by, at=at)


def follow_licence(stages: Iterable[Stage], *, version: LicenceVersion, at: datetime | None = None) -> list[Stage]:
    """Publish the terms of stages anew with this version of their licence, all else as it is; part of a campaign."""
    at = at or timezone.now()
    with transaction.atomic():
        ids = [stage.pk for stage in stages]
        locked = list(Stage.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        for stage, policy in ((stage, stage.policy) for stage in locked):
            assert policy is not None, "only stages with terms follow a licence"
            clock = Viewer.system("clock")
            _publish(stage, form=policy.form, version=version, document=policy.document, by=clock, at=at)
    return locked


def _publish(
    stage: Stage, *, form: GateForm, version: LicenceVersion, document: dict[str, Any], by: Viewer, at: datetime
) -> GatePolicy:
    """Publish the next terms of a stage that is locked."""
    last = stage.policies.order_by("-number").first()
    policy = GatePolicy(
        stage=stage,
        number=last.number + 1 if last else 1,
        form=form,
        licence_version=version,
        created_at=at,
        created_by=acting(by),
        supersedes=last,
        document={**document, "form_sha256": form.sha256, "licence_sha256": version.text_sha256},
    )
    policy.seal(by=acting(by), at=at)
    policy.save()
    record([("gate_policy.publish", stage, {"policy": policy.pk, "sha256": policy.sha256})], by=acting(by), at=at)
    return policy


def check_terms(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms with their defaults. Raises Invalid naming each that does not fit."""
    wrong = {name: BAD_TERM for name in terms if name not in GatePolicy.DEFAULTS}
    checked = {**GatePolicy.DEFAULTS, **{name: value for name, value in terms.items() if name not in wrong}}
    for bounds, optional in ((WHOLE, False), (WHOLE_OR_NONE, True)):
        for name, (least, most) in bounds.items():
            value = checked[name]
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (value is None and optional) and not (whole and least <= value <= most):
                wrong[name] = BAD_TERM
    if checked["intake"] not in Intake.values:
        wrong["intake"] = BAD_TERM
    if checked["entry"] not in ("anyone", "invited"):
        wrong["entry"] = BAD_TERM
    if checked["automatic"] not in ("never", "always"):
        wrong["automatic"] = BAD_TERM
    if not isinstance(checked["reason_codes"], list) or set(checked["reason_codes"]) - set(REASON_CODES):
        wrong["reason_codes"] = BAD_TERM
    if not isinstance(checked["conditions"], list) or not all(isinstance(line, str) for line in checked["conditions"]):
        wrong["conditions"] = BAD_TERM
    if wrong:
        raise Invalid(BAD_TERM, wrong)
    return checked
