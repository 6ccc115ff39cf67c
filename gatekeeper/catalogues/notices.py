"""What people are told by mail: subject, sentences and the page it leads to, by kind of notice.

A mail passes through other people's machines. It says that something happened and where to read it; what was asked,
answered or decided stands on the page, behind the sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.rules.refusals import gettext_noop as _

APPLY = "/stages/%(id)s/apply/"
CASE, REVIEW, MY_ACCESS = "/requests/%(id)s/", "/cases/%(id)s/", "/my-access/"


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind of mail.

    Places: %(release)s and %(stage)s; or %(repository)s; or %(covers)s; or %(publisher)s and %(fingerprint)s.
    %(until)s in `until`.
    """

    subject: str
    sentences: tuple[str, ...]
    button: str
    page: str
    until: str = ""


TOKENS = "/publishers/%(publisher)s/tokens/"
SEE_TOKENS = _("Open the Hub tokens")
DRIFT = "/drift/?repository=%(id)s"
SEE_CASE, SEE_ACCESS = _("Open the request"), _("Open my access")
PROCEDURE, SEE_PROCEDURE = "/procedures/%(id)s/", _("Open the procedure")

NOTICE_KINDS: dict[str, NoticeKind] = {
    "request_received": NoticeKind(
        _("Your request for %(release)s was received"),
        (
            _("Your request for “%(stage)s” of %(release)s is in the queue. Somebody will look at it."),
            _("Its page says where it stands, and lets you withdraw it."),
        ),
        SEE_CASE,
        CASE,
    ),
    "drift_found": NoticeKind(
        _("Something differs on the Hub: %(repository)s"),
        (
            _("The Hub says something about %(repository)s that nobody decided here."),
            _("Its page says what it is and since when. Record it, undo it, or allow it until a day."),
        ),
        _("Open the drift"),
        DRIFT,
    ),
    "token_refused": NoticeKind(
        _("The Hub refuses a token of %(publisher)s"),
        (
            _("The Hub does not take the token %(fingerprint)s of %(publisher)s any more: it was deleted or renewed."),
            _(
                "Where no other token can speak for a repository, nothing is told there and nobody’s access ends. "
                "Nothing is lost: it goes on as soon as there is a token that works."
            ),
        ),
        SEE_TOKENS,
        TOKENS,
    ),
    "token_unreadable": NoticeKind(
        _("A Hub token of %(publisher)s cannot be opened any more"),
        (
            _("No encryption key of this installation opens the token %(fingerprint)s of %(publisher)s."),
            _("Put the key back that it was encrypted with, or give the token again; what is due is told after that."),
        ),
        SEE_TOKENS,
        TOKENS,
    ),
    "token_narrowed": NoticeKind(
        _("A Hub token of %(publisher)s may do less than it has to"),
        (
            _("The token %(fingerprint)s of %(publisher)s may not read or decide everywhere that it should."),
            _("The page says where. Give it its rights back on the Hub, or another token here."),
        ),
        SEE_TOKENS,
        TOKENS,
    ),
    "token_held_back": NoticeKind(
        _("The Hub holds a token of %(publisher)s back"),
        (
            _("The Hub has refused the token %(fingerprint)s of %(publisher)s as calling too often, more than once."),
            _("This service keeps to what the Hub allows, so something else seems to use the same account."),
        ),
        SEE_TOKENS,
        TOKENS,
    ),
    "token_ends": NoticeKind(
        _("A Hub token of %(publisher)s ends soon"),
        (_("The token %(fingerprint)s of %(publisher)s comes to its end. Give another one before that."),),
        SEE_TOKENS,
        TOKENS,
        until=_("It ends on %(until)s."),
    ),
    "webhook_silent": NoticeKind(
        _("The Hub no longer announces changes to %(publisher)s"),
        (
            _("The Hub has suspended the webhook of %(publisher)s, or somebody switched it off or deleted it there."),
            _("What changes on the Hub is still found by reading it, each minute; only less soon."),
        ),
        _("Open the webhook"),
        "/publishers/%(publisher)s/webhook/",
    ),
    "stop_started": NoticeKind(
        _("Emergency stop: %(covers)s"),
        (
            _("An emergency stop of %(covers)s was started. Nobody is let in, and everybody’s access is suspended."),
            _("Its page says why, by whom, how far it has come, and whether it needs a second person within 24 hours."),
        ),
        SEE_PROCEDURE,
        PROCEDURE,
    ),
    "stop_unratified": NoticeKind(
        _("Nobody has ratified the emergency stop of %(covers)s"),
        (
            _("One person started an emergency stop of %(covers)s, and no second one has ratified it within 24 hours."),
            _("It stays in force. That it was not ratified in time is recorded. Ratify it, or have it lifted."),
        ),
        SEE_PROCEDURE,
        PROCEDURE,
    ),
    "stop_to_lift": NoticeKind(
        _("Lift the emergency stop of %(covers)s?"),
        (
            _("Somebody has asked to lift the emergency stop of %(covers)s. It holds until a second person confirms."),
            _("Its page says who would have access again. Confirm it, or keep the stop in force."),
        ),
        SEE_PROCEDURE,
        PROCEDURE,
    ),
    "regate_waits": NoticeKind(
        _("The safe re-gate of %(covers)s waits for somebody"),
        (
            _("%(covers)s is private and gated again, and the Hub lets in people whom nobody let in here."),
            _("Its page says how many they are. Confirm that their access ends; until then it stays private."),
        ),
        SEE_PROCEDURE,
        PROCEDURE,
    ),
    "question_asked": NoticeKind(
        _("A question about your request for %(release)s"),
        (
            _("A reviewer has a question about your request for “%(stage)s” of %(release)s."),
            _("Your request waits for your answer. Read the question and answer it on the page of the request."),
        ),
        _("Answer the question"),
        CASE,
    ),
    "question_answered": NoticeKind(
        _("A question about %(release)s was answered"),
        (_("The question that you asked about a request for “%(stage)s” of %(release)s has an answer."),),
        _("Open the case"),
        REVIEW,
    ),
    "finish_here": NoticeKind(
        _("Finish your request for %(release)s"),
        (
            _("You asked for access to %(release)s on the Hub. Its publisher takes requests for “%(stage)s” here."),
            _("What you have answered there is kept: open the request, read the licence and submit it."),
        ),
        _("Finish the request"),
        CASE,
    ),
    "finish_soon": NoticeKind(
        _("Your request for %(release)s is not finished yet"),
        (
            _("You asked for access to %(release)s on the Hub, and your request for “%(stage)s” is not finished yet."),
            _("What you have answered there is kept: open the request, read the licence and submit it."),
        ),
        _("Finish the request"),
        CASE,
        until=_("It waits for you until %(until)s. After that it expires, which is no denial: you can ask again."),
    ),
    "decided_approved": NoticeKind(
        _("Your request for %(release)s was approved"),
        (
            _("Your request for “%(stage)s” of %(release)s was approved."),
            _("The Hub is being told now. We write again as soon as it has confirmed that you have access."),
        ),
        SEE_CASE,
        CASE,
    ),
    "decided_denied_correctable": NoticeKind(
        _("Your request for %(release)s needs changes"),
        (
            _("Your request for “%(stage)s” of %(release)s cannot be approved as it stands, and you can mend it."),
            _("Its page says why, and which answers to change. Then submit it again; nothing else is lost."),
        ),
        _("See what to change"),
        CASE,
    ),
    "decided_denied_final": NoticeKind(
        _("Your request for %(release)s was decided"),
        (
            _("Your request for “%(stage)s” of %(release)s was not approved."),
            _("Its page gives the reasons, and says what you can do if you think that they are wrong."),
        ),
        _("Read the decision"),
        CASE,
    ),
    "request_expired": NoticeKind(
        _("Your request for %(release)s has expired"),
        (
            _("Your request for “%(stage)s” of %(release)s waited for you, and its time ran out."),
            _("This is not a denial: you can ask again whenever you like."),
        ),
        SEE_CASE,
        CASE,
    ),
    "access_confirmed": NoticeKind(
        _("You have access to %(release)s"),
        (_("The Hub has confirmed it: you have access to “%(stage)s” of %(release)s."),),
        SEE_ACCESS,
        MY_ACCESS,
        until=_("It lasts until %(until)s."),
    ),
    "access_suspended": NoticeKind(
        _("Your access to %(release)s is suspended"),
        (
            _("Your access to “%(stage)s” of %(release)s is suspended for the time being."),
            _(
                "The Hub knows no word for this, so its page says that your request is awaiting review. You need not "
                "ask there again: the same access can be given back without a new request."
            ),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "access_revoked": NoticeKind(
        _("Your access to %(release)s has ended"),
        (
            _("Your access to “%(stage)s” of %(release)s was revoked."),
            _("The page gives the reasons, and says what you can do if you think that they are wrong."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "terms_asked": NoticeKind(
        _("Please accept the licence of %(release)s"),
        (
            _("You have access to “%(stage)s” of %(release)s since before this service looked after it."),
            _("Its publisher asks you to read its licence and to accept it by %(by)s. Until then your access stays."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "licence_renewed": NoticeKind(
        _("The licence of %(release)s has a new version"),
        (
            _("“%(stage)s” of %(release)s, to which you have access, has a new version of its licence."),
            _("Please read it, and accept it by %(by)s. Until then your access stays as it is."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "licence_changed": NoticeKind(
        _("The licence of %(release)s has a new version"),
        (
            _("“%(stage)s” of %(release)s, to which you have access, has a new version of its licence."),
            _("It asks nothing of you that you have not accepted, and your access stays. You can read it any time."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "terms_reminder": NoticeKind(
        _("Reminder: the licence of %(release)s"),
        (
            _("The licence of “%(stage)s” of %(release)s waits for you until %(by)s."),
            _("After that day your access lapses. It comes back as soon as you accept, without a new request."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "access_lapsed": NoticeKind(
        _("Your access to %(release)s has lapsed"),
        (
            _("The licence of “%(stage)s” of %(release)s was not accepted in time, so your access has lapsed."),
            _("Accept it, and your access comes back without a new request."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "access_not_carried_over": NoticeKind(
        _("Your access to %(release)s has ended"),
        (
            _(
                "Your access to “%(stage)s” of %(release)s began before this service looked after it. Its publisher "
                "does not carry it over."
            ),
            _("This is not a denial: you can ask again whenever you like."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
    "invited": NoticeKind(
        _("You are invited to ask for %(release)s"),
        (
            _("The publisher of %(release)s invites you to “%(stage)s”, under your name on the Hub."),
            _("Its page says what is asked of you. Nothing happens unless you ask."),
        ),
        _("Open the stage"),
        APPLY,
    ),
    "access_expired": NoticeKind(
        _("Your access to %(release)s has ended"),
        (
            _("Your access to “%(stage)s” of %(release)s has come to its end."),
            _("You can ask again whenever you like."),
        ),
        SEE_ACCESS,
        MY_ACCESS,
    ),
}
