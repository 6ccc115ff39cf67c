"""What answering a draft is made of: which answers stand, which are dropped, and the files among them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, AnswerFile, PersonalText, Purpose
from gatekeeper.models.policies import current_policies
from gatekeeper.rules import form_diff, questions
from gatekeeper.rules.files import PDF
from gatekeeper.rules.refusals import Refusal
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.showing import shown
from gatekeeper.rules.statuses import RequestStatus

from .files import NOT_TAKEN, Handed, store_file, taken_in

DRAFT_DAYS = 30

NOT_REOPENED = Refusal("not_reopened", _("Only the answers that the reviewer named can be changed."))

Files = Mapping[str, tuple[str, Iterable[bytes]]]


def take_answers(
    case: AccessRequest, answers: Mapping[str, Any], files: Files, *, by: Viewer, at: datetime
) -> dict[str, Refusal]:
    """Keep what can stand of what was sent in the draft of a case, and return the refusals, by question."""
    adopt_policy(case)
    form, before = case.policy.form.document, case.answers
    asked = {question["key"]: question for question in form["questions"]}
    was_shown = shown(form["questions"], before)
    handed, refusals = _read_files(asked, files)
    sent = questions.taken(form, answers)
    standing = sent.answers | {key: each.described for key, each in handed.items()}
    refusals = {**sent.refusals, **_not_handed_in(asked, answers, before), **refusals}
    given = {*answers, *files}
    if case.status == RequestStatus.DENIED_CORRECTABLE and case.reopened:
        closed = was_shown - set(case.reopened)
        refusals |= {key: NOT_REOPENED for key in given & closed if standing.get(key) != before.get(key)}
    kept = {key: before[key] for key in before if key in asked and (key not in given or key in refusals)}
    kept |= {key: value for key, value in standing.items() if key not in refusals}
    now_shown = shown(form["questions"], kept)
    kept = {key: value for key, value in kept.items() if key in now_shown}
    if case.reopened and now_shown - was_shown:  # what a correction leads to can be answered too
        case.reopened = sorted({*case.reopened, *(now_shown - was_shown)})
        case.save(update_fields=["reopened"])
    save_draft(case, kept, at=at)
    _keep_files(case, {key: handed[key] for key in set(handed) & set(kept) - set(refusals)}, by=by, at=at)
    return {key: refusal for key, refusal in refusals.items() if key in now_shown or key not in asked}


def adopt_policy(case: AccessRequest) -> None:
    """Let an unfinished case follow the terms in force: what is answered from now on is answered to them.

    What was answered is carried over; what is new or changed is remembered, to be asked anew.
    """
    policy = current_policies([case.stage])[case.stage_id]
    if policy.pk != case.policy_id:
        anew = form_diff.asked_anew(case.policy.form.questions, policy.form.questions)
        case.asked_anew = sorted({*case.asked_anew, *anew} & {each["key"] for each in policy.form.questions})
        if case.reopened:  # none named means that all are open
            case.reopened = sorted({*case.reopened, *anew})
        case.policy = policy
        case.save(update_fields=["policy", "reopened", "asked_anew"])


def save_draft(case: AccessRequest, answers: dict[str, Any], *, at: datetime) -> None:
    """Keep answers at hand, for longer than their person has to finish them."""
    draft = case.draft or PersonalText.of(case.person, Purpose.DRAFT, answers, at=at, days=DRAFT_DAYS)
    draft.body = answers
    draft.delete_after = max(at, case.waits_until or at) + timedelta(days=DRAFT_DAYS)
    draft.save()
    case.draft = draft
    case.save(update_fields=["draft"])


def reopen_draft(case: AccessRequest, *, at: datetime) -> None:
    """Have the answers of a case at hand again: the draft, or, where that is gone, what was submitted last."""
    last = case.submission
    submitted = PersonalText.objects.filter(pk=last.answers_id).first() if last and not case.answers else None
    save_draft(case, dict(submitted.body) if submitted else case.answers, at=at)
    if submitted is not None and case.draft is not None:
        copy_files(submitted, case.draft, submitted.body)


def copy_files(source: PersonalText, target: PersonalText, answers: Mapping[str, Any]) -> None:
    """Keep the files of answers for another text of the same answers too."""
    links = AnswerFile.objects.filter(text=source, key__in=answers)
    AnswerFile.objects.bulk_create([AnswerFile(text=target, key=link.key, file_id=link.file_id) for link in links])


def _read_files(asked: Mapping[str, Mapping[str, Any]], files: Files) -> tuple[dict[str, Handed], dict[str, Refusal]]:
    handed: dict[str, Handed] = {}
    refusals: dict[str, Refusal] = {}
    for key, (name, chunks) in files.items():
        if key not in asked or asked[key]["kind"] != questions.Kind.FILE:
            refusals[key] = questions.NOT_ASKED
            continue
        found = taken_in(name, chunks)
        if isinstance(found, Refusal):
            refusals[key] = questions.NOT_A_FILE if found is NOT_TAKEN else found
        elif found.kind != PDF:
            refusals[key] = questions.NOT_A_FILE
        else:
            handed[key] = found
    return handed, refusals


def _not_handed_in(
    asked: Mapping[str, Mapping[str, Any]], answers: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Refusal]:
    """Refuse descriptions of files that were not handed in: only bytes make one. The one that stands may be sent."""
    return {
        key: questions.NOT_A_FILE
        for key, value in answers.items()
        if key in asked and asked[key]["kind"] == questions.Kind.FILE and value and value != before.get(key)
    }


def _keep_files(case: AccessRequest, handed: Mapping[str, Handed], *, by: Viewer, at: datetime) -> None:
    """Store new files beside the draft, in the place of those before. A file whose answer is gone went with it."""
    assert case.draft is not None, "the draft was just saved"
    AnswerFile.objects.filter(text=case.draft, key__in=handed).delete()
    for key, each in handed.items():
        stored = store_file(case.stage.release.publisher, by=by, handed=each, at=at)
        AnswerFile.objects.create(text=case.draft, key=key, file=stored)
