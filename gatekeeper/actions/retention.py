"""What goes when its time is over: each answer after the days that its question gave, every other text after its own.

Frozen rows keep the digest of what was said; what a legal hold keeps stays until that is lifted.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from gatekeeper.models import PersonalText, Submission

AT_ONCE = 200


def forget_answers(*, at: datetime | None = None) -> int:
    """Take the answers whose time is over out of their texts, some hundreds at most; returns how many were read."""
    at = at or timezone.now()
    texts = list(PersonalText.objects.to_trim(at=at).order_by("trim_after", "pk")[:AT_ONCE])
    asked = Submission.objects.filter(answers_id__in=[text.pk for text in texts]).select_related("form")
    forms = {submission.answers_id: submission.form.questions for submission in asked}
    for text in texts:
        _trim(text, forms.get(text.pk, []), at=at)
    PersonalText.objects.bulk_update(texts, ["body", "trim_after"])
    return len(texts)


def _trim(text: PersonalText, questions: list[dict[str, Any]], *, at: datetime) -> None:
    """Leave the answers whose time is not over, and note when the next one goes."""
    ends = {
        question["key"]: text.created_at + timedelta(days=int(question.get("retention_days") or 0))
        for question in questions
    }
    text.body = {key: answer for key, answer in text.body.items() if ends.get(key, text.delete_after) > at}
    text.trim_after = min((ends[key] for key in text.body if key in ends), default=None)


def delete_overdue(*, at: datetime | None = None) -> int:
    """Delete texts whose time is over, some hundreds at most; returns how many."""
    overdue = PersonalText.objects.overdue(at=at or timezone.now()).order_by("pk")
    ids = list(overdue.values_list("pk", flat=True)[:AT_ONCE])
    return PersonalText.objects.filter(pk__in=ids).delete()[0] if ids else 0
