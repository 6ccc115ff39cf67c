"""Words that people say about a case: what can be taken, and how it is kept."""

from gatekeeper.models import AccessRequest, Message, MessageKind, Purpose
from gatekeeper.rules import questions
from gatekeeper.rules.refusals import Invalid, Refusal
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import Moved, write_texts

LONGEST_WORDS = 10_000

NO_WORDS = Refusal("words_missing", _("Write what you want to say."))
TOO_MANY_WORDS = Refusal("words_too_long", _("At most %(bound)s characters fit."), {"bound": LONGEST_WORDS})


def readable(words: str) -> str:
    """Return words without space around them. Raises Invalid if nothing is left, too much, or what cannot be shown."""
    words = questions.tidy(words)
    if not words:
        raise Invalid(NO_WORDS, {"words": NO_WORDS})
    if len(words) > LONGEST_WORDS:
        raise Invalid(TOO_MANY_WORDS, {"words": TOO_MANY_WORDS})
    if questions.unshowable(words):
        raise Invalid(questions.CONTROL_CHARACTERS, {"words": questions.CONTROL_CHARACTERS})
    return words


def say(case: AccessRequest, kind: MessageKind, words: str, moved: Moved) -> None:
    """Keep something said about a case that is moved; the record holds its digest."""
    purpose = Purpose.NOTE if kind is MessageKind.NOTE else Purpose.MESSAGE
    [text] = write_texts([(case.person, purpose, words)], at=moved.at)
    message = Message.objects.create(request=case, kind=kind, author=moved.actor, text=text, sent_at=moved.at)
    moved.note(case, message=message.pk, digest=text.digest)
