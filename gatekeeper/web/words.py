"""How things stand, in words: people who apply never read the name of a state, and nobody has to know the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.template.defaultfilters import date as formatted
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext
from django_countries import countries

from gatekeeper.catalogues.restrictions import RESTRICTIONS
from gatekeeper.catalogues.statuses import STATUS_WORDS
from gatekeeper.models import AccessRequest, ApprovalImport, GatePolicy, Grant, Repository, Stage
from gatekeeper.rules.earlier_approvals import REASONS, Verdict
from gatekeeper.rules.questions import BOXES, Kind, read
from gatekeeper.rules.refusals import Refusal
from gatekeeper.rules.statuses import GrantStatus as G
from gatekeeper.rules.statuses import ImportStatus as F
from gatekeeper.rules.statuses import RequestStatus as Q
from gatekeeper.rules.statuses import StageStatus as S

_ = gettext_lazy


@dataclass(frozen=True, slots=True)
class Standing:
    """Where something stands: words, a tone for the eye (good, warn, bad or none), and what comes next."""

    words: Any
    tone: str = ""
    next: Any = ""
    todo: Any = ""


def named(status: str) -> Any:
    """Return what a state is called, for people who work with it."""
    return gettext_lazy(STATUS_WORDS[status])


NOTHING_TO_DO = _("Nothing. We write to you when something changes.")

FOR_REQUESTER: Mapping[str, Standing] = {
    Q.DRAFT: Standing(
        _("Finish your request"),
        "warn",
        _("Once you submit, a reviewer reads it."),
        _("Answer the questions, accept the licence, and submit. Your draft is kept."),
    ),
    Q.BROUGHT_IN: Standing(
        _("Finish your request"),
        "warn",
        _("We found your request on the Hub. It is not lost; once you finish it here, a reviewer reads it."),
        _("Answer the questions, accept the licence, and submit. What you answered on the Hub is filled in."),
    ),
    Q.SUBMITTED: Standing(_("Waiting for review"), "", _("A reviewer reads your answers and decides."), NOTHING_TO_DO),
    Q.IN_REVIEW: Standing(_("Waiting for review"), "", _("A reviewer reads your answers and decides."), NOTHING_TO_DO),
    Q.INFO_REQUESTED: Standing(
        _("We asked you something"),
        "warn",
        _("When you have answered, the review goes on where it stopped. Until then the time we promised stands still."),
        _("Answer the question below."),
    ),
    Q.APPROVED: Standing(
        _("Approved, being switched on"),
        "good",
        _("The Hub is being told. As a rule this takes a few minutes."),
        NOTHING_TO_DO,
    ),
    Q.DENIED_CORRECTABLE: Standing(
        _("Changes needed"),
        "warn",
        _("When you have submitted the changes, a reviewer reads them. Your other answers stay as they are."),
        _("Change what the reviewer named, then submit again."),
    ),
    Q.DENIED_FINAL: Standing(
        _("Not approved"),
        "bad",
        _("This request is closed."),
        _("If you think that this is wrong, write to the publisher."),
    ),
    Q.WITHDRAWN: Standing(
        _("Withdrawn by you"), "", _("This request is closed."), _("You can apply again whenever you like.")
    ),
    Q.EXPIRED: Standing(
        _("Ended, because its time ran out"),
        "",
        _("This request is closed. Nothing speaks against you."),
        _("You can apply again whenever you like."),
    ),
}

FOR_STAFF: Mapping[str, Standing] = {
    Q.DRAFT: Standing(named(Q.DRAFT)),
    Q.BROUGHT_IN: Standing(named(Q.BROUGHT_IN)),
    Q.SUBMITTED: Standing(named(Q.SUBMITTED), "warn"),
    Q.IN_REVIEW: Standing(named(Q.IN_REVIEW), "warn"),
    Q.INFO_REQUESTED: Standing(named(Q.INFO_REQUESTED)),
    Q.APPROVED: Standing(named(Q.APPROVED), "good"),
    Q.DENIED_CORRECTABLE: Standing(named(Q.DENIED_CORRECTABLE)),
    Q.DENIED_FINAL: Standing(named(Q.DENIED_FINAL), "bad"),
    Q.WITHDRAWN: Standing(named(Q.WITHDRAWN)),
    Q.EXPIRED: Standing(named(Q.EXPIRED)),
}

# The clock of a promise: it runs while somebody here owes the answer, and stands still while the requester does.
PROMISES: Mapping[str, str] = {
    Q.SUBMITTED: "runs",
    Q.IN_REVIEW: "runs",
    Q.INFO_REQUESTED: "stands",
    Q.BROUGHT_IN: "begins",
}

OF_GRANT: Mapping[str, Standing] = {
    G.PENDING_ACTIVATION: Standing(
        _("Approved, being switched on"),
        "good",
        _("The Hub is being told. As a rule this takes a few minutes."),
        NOTHING_TO_DO,
    ),
    G.ACTIVE: Standing(
        _("You have access"),
        "good",
        _("The Hub was read back and says so too."),
        _("Use it under the conditions below."),
    ),
    G.SUSPENDED: Standing(
        _("Access suspended"),
        "warn",
        _("For as long as it is suspended, the Hub’s own page says that your request is awaiting review."),
        NOTHING_TO_DO,
    ),
    G.EXPIRED: Standing(
        _("Access ended on its date"), "", _("It has run its time."), _("You can apply again whenever you like.")
    ),
    G.RELINQUISHED: Standing(
        _("Given back by you"), "", _("You have no access any more."), _("You can apply again whenever you like.")
    ),
    G.REVOKED: Standing(
        _("Access withdrawn"),
        "bad",
        _("The publisher ended it, for the reasons in your request."),
        _("If you think that this is wrong, write to the publisher."),
    ),
}

LATE = Standing(
    _("Approved, being switched on"),
    "good",
    _("Being switched on takes longer than usual. It goes on by itself, and nothing of yours is lost."),
    NOTHING_TO_DO,
)
LAPSED = Standing(
    _("Access lapsed"),
    "warn",
    _("You were asked to accept the licence by a day, and that day has passed."),
    _("Accept the licence: your access comes back without a new request."),
)
NOT_CARRIED_OVER = Standing(
    _("Access was not carried over"),
    "",
    _("It began before this service looked after it, and its publisher does not carry it over. This is no denial."),
    _("You can apply again whenever you like."),
)

GRANT_FOR_STAFF: Mapping[str, Standing] = {
    G.PENDING_ACTIVATION: Standing(named(G.PENDING_ACTIVATION), "warn"),
    G.ACTIVE: Standing(named(G.ACTIVE), "good"),
    G.SUSPENDED: Standing(named(G.SUSPENDED), "warn"),
    G.EXPIRED: Standing(named(G.EXPIRED)),
    G.RELINQUISHED: Standing(named(G.RELINQUISHED)),
    G.REVOKED: Standing(named(G.REVOKED), "bad"),
}

OF_STAGE: Mapping[str, Standing] = {
    S.PLANNED: Standing(named(S.PLANNED), "", _("It is not open yet.")),
    S.OPENING: Standing(named(S.OPENING), "warn", _("The Hub is being told; it opens as soon as the Hub confirms.")),
    S.OPEN: Standing(named(S.OPEN), "good", _("Anybody it is meant for can apply now.")),
    S.PAUSED: Standing(named(S.PAUSED), "warn", _("Nothing can be submitted at the moment. Drafts are kept.")),
    S.CLOSED: Standing(named(S.CLOSED), "", _("It takes no requests any more.")),
}

OF_IMPORT: Mapping[str, Standing] = {
    F.REHEARSED: Standing(named(F.REHEARSED), "warn"),
    F.CONFIRMED: Standing(named(F.CONFIRMED), "good"),
    F.DISCARDED: Standing(named(F.DISCARDED)),
}

# What becomes, or would become, of a line of a spreadsheet.
VERDICTS: Mapping[str, Any] = {
    Verdict.GRANT: _("Becomes a grant"),
    Verdict.HAS_GRANT: _("Has a grant already"),
    Verdict.JOINS: _("Joins an open request"),
    Verdict.WAITS: _("Waits"),
    Verdict.REFUSED: _("Refused"),
}

# What the Hub was last read as saying of a person, and what is wished of it.
SEEN = {
    "unknown": _("not read yet"),
    "none": _("no request"),
    "pending": _("awaiting review"),
    "accepted": _("accepted"),
    "rejected": _("rejected"),
    "reset": _("reset"),
}
WISHED = {"yes": _("access"), "no": _("no access"), "no_opinion": _("no opinion")}


def for_requester(case: AccessRequest, grant: Grant | None = None) -> Standing:
    """Return where a request stands for its own person; once there is a grant, the grant speaks."""
    return of_grant(grant) if grant is not None else FOR_REQUESTER[case.status]


def for_staff(case: AccessRequest) -> Standing:
    """Return where a case stands for a publisher's people."""
    return FOR_STAFF[case.status]


def promise(case: AccessRequest) -> str:
    """Return how the clock of a case's promise is: it “runs”, “stands”, “begins” later, or is over (empty)."""
    return PROMISES.get(case.status, "")


def of_grant(grant: Grant) -> Standing:
    """Return where a grant stands for its own person."""
    if grant.has_lapsed:
        return LAPSED
    if grant.was_not_carried_over:
        return NOT_CARRIED_OVER
    return LATE if grant.takes_long() else OF_GRANT[grant.status]


def of_grant_for_staff(grant: Grant) -> Standing:
    """Return where a grant stands for a publisher's people."""
    if grant.has_lapsed:
        return Standing(_("Lapsed: licence not accepted"), "warn")
    return Standing(_("Not carried over")) if grant.was_not_carried_over else GRANT_FOR_STAFF[grant.status]


def of_import(source: ApprovalImport) -> Standing:
    """Return where a file of earlier approvals stands."""
    return OF_IMPORT[source.status]


def verdict_words(verdict: str) -> str:
    """Return what becomes of a line of a spreadsheet."""
    return str(VERDICTS[verdict])


def line_reason(reason: str) -> str:
    """Return why a line is refused, or waits."""
    said = REASONS.get(reason, "")
    return gettext(said) if said else ""


def of_stage(stage: Stage) -> Standing:
    """Return where a stage stands."""
    return OF_STAGE[stage.status]


KINDS = {
    Kind.SHORT_TEXT: _("short text"),
    Kind.LONG_TEXT: _("long text"),
    Kind.SELECT: _("one of several"),
    Kind.MULTI_SELECT: _("any of several"),
    Kind.ASSENT: _("box to tick"),
    Kind.COUNTRY: _("country"),
    Kind.DATE: _("date"),
    Kind.AGE_ATTESTATION: _("box to tick about age"),
    Kind.NUMBER: _("number"),
    Kind.URL: _("web address"),
    Kind.EMAIL: _("e-mail address"),
    Kind.FILE: _("PDF file"),
}

GATES = {
    "manual": _("gated, each request decided by a person"),
    "auto": _("gated, every request accepted by the Hub at once"),
    "": _("not gated"),
}


def of_gate(repository: Repository) -> str:
    """Return how a repository was last seen to be gated."""
    return str(GATES.get(repository.seen_gate, repository.seen_gate))


def sentence(refusal: Refusal) -> str:
    """Return a refusal in the reader's language, with no name of a state in it."""
    values = dict(refusal.values)
    if refusal.code == "wrong_state":
        values["action"] = gettext(values["action"])
        values["status"] = gettext(STATUS_WORDS.get(values["status"], values["status"]))
    return gettext(refusal.message) % values if values else gettext(refusal.message)


def restriction_words(slug: str) -> str:
    """Return the sentence of a use restriction; a slug of somebody's own is its own sentence."""
    return gettext(RESTRICTIONS[slug]) if slug in RESTRICTIONS else slug.replace("-", " ").capitalize()


def in_reader_language(labels: Mapping[str, str] | str) -> str:
    """Return a label of a form in the reader's language, else in English, else in whichever it has."""
    if isinstance(labels, str):
        return labels
    language = (get_language() or "en").partition("-")[0]
    return labels.get(language) or labels.get("en") or next(iter(labels.values()), "")


def purpose_words(purpose: str) -> str:
    """Return why a question is asked: our own words in the reader's language, a steward's as they wrote them."""
    return gettext(purpose) if purpose else ""


def answer_words(question: Mapping[str, Any], value: Any) -> str:
    """Return an answer as a person reads it; empty if there is none."""
    if value is None or value == "" or value == []:
        return ""
    kind = Kind(question["kind"])
    if kind in BOXES:
        return gettext("Yes") if value is True else gettext("No")
    if read(question, value)[1] is not None:  # it was given to an earlier version of the question
        return str(value) if isinstance(value, str) else ""
    if kind is Kind.FILE:
        return f"{value['name']} ({filesizeformat(value['size'])})"
    if kind is Kind.DATE:
        return formatted(date.fromisoformat(value), "j F Y")
    if kind is Kind.COUNTRY:
        return str(countries.name(value)) or str(value)
    if kind in (Kind.SELECT, Kind.MULTI_SELECT):
        labels = {option["value"]: in_reader_language(option["label"]) for option in question.get("options", ())}
        return ", ".join(labels[each] for each in (value if isinstance(value, list) else [value]))
    return str(value)


def terms_in_words(policy: GatePolicy) -> list[str]:
    """Return the terms of a stage as plain sentences, in the order in which people ask about them."""
    duration, cap, approvals = policy.term("duration_days"), policy.term("cap"), policy.term("approvals_required")
    sla = policy.term("sla_days")
    return [
        gettext("Every complete request that accepts the licence is approved at once, by rule.")
        if policy.automatic
        else ngettext(
            "One person reads each request and decides.", "%(count)d people have to agree on each request.", approvals
        )
        % {"count": approvals},
        ngettext("You have an answer within %(count)d day.", "You have an answer within %(count)d days.", sla)
        % {"count": sla},
        gettext("Access has no end date.")
        if duration is None
        else ngettext("Access lasts %(count)d day.", "Access lasts %(count)d days.", duration) % {"count": duration},
        *(
            []
            if cap is None
            else [ngettext("There is %(count)d place.", "There are %(count)d places.", cap) % {"count": cap}]
        ),
        gettext("Requests made on the Hub’s own page count as they are.")
        if policy.hub_is_enough
        else gettext("Requests begun on the Hub’s own page are finished here."),
        *([gettext("Only who is invited can ask.")] if policy.invited_only else []),
        *(gettext("Condition: %(words)s") % {"words": line} for line in policy.term("conditions")),
    ]
