"""Things in a state, reached by performing the steps that lead there. No factory sets a status.

`hub_says` stands in for the worker that reads the Hub: it writes what was seen, and nothing else.
"""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model
from django.utils import timezone

from accounts import people as accounts_people
from accounts.models import HubPerson, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.actions import (
    campaigns,
    decisions,
    drifts,
    earlier_approvals,
    grants,
    intake,
    invitations,
    licences,
    policies,
    procedures,
    releases,
    repositories,
    requests,
    reviews,
    stages,
    terms,
)
from gatekeeper.actions import people as people_verbs
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import (
    AccessRequest,
    ApprovalImport,
    Campaign,
    Drift,
    GateForm,
    GatePolicy,
    Grant,
    HubAccess,
    Invitation,
    LicenceVersion,
    PersonalText,
    Procedure,
    Repository,
    RepositoryWish,
    Stage,
    Submission,
)
from gatekeeper.models.campaign_tallies import Preview
from gatekeeper.models.drift import OF_PEOPLE
from gatekeeper.rules import access
from gatekeeper.rules.drift import DriftKind

LICENCE_TEXT = b"You may use the model for research.\nYou may not use it to harm people.\n"
RESTRICTIONS = ("harm", "surveillance")
QUESTIONS: list[dict[str, Any]] = [
    {
        "key": "affiliation",
        "label": {"en": "Affiliation"},
        "kind": "short_text",
        "required": True,
        "hub_label": "Affiliation",
        "purpose": "To know who asks.",
        "retention_days": 365,
    },
    {
        "key": "use",
        "label": {"en": "Intended use"},
        "kind": "long_text",
        "required": True,
        "hub_label": "Intended use",
        "purpose": "To judge the use.",
        "retention_days": 365,
    },
    {
        "key": "country",
        "label": {"en": "Country"},
        "kind": "country",
        "required": False,
        "hub_label": "Country",
        "purpose": "To know which law applies.",
        "retention_days": 365,
    },
    {
        "key": "terms",
        "label": {"en": "I accept the licence"},
        "kind": "assent",
        "required": True,
        "hub_label": "I accept the licence",
        "purpose": "To prove that the terms were read.",
        "retention_days": 365,
    },
]
ANSWERS: dict[str, Any] = {
    "affiliation": "University of Hà Nội",
    "use": "To measure bias in image captions of street scenes.",
    "terms": True,
}
HUB_ANSWERS = {
    "Affiliation": "University of Hà Nội",
    "Intended use": "To measure bias in image captions.",
    "I accept the licence": "on",
}

M = TypeVar("M", bound=Model)

_numbers = itertools.count(1)


def hub_id(name: str) -> str:
    """Return a Hub id that belongs to this name."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def hub_person(name: str, *, fullname: str = "") -> HubPerson:
    """Somebody whom the Hub has shown, and who never signed in here."""
    return HubPerson.objects.see(hub_user_id=hub_id(name), username=name, fullname=fullname)


def account(name: str, *, fullname: str = "", on_the_hub: bool = True, operator: bool = False) -> Viewer:
    """Somebody with an account here, connected to their Hub name unless `on_the_hub` is false."""
    user = User.objects.create_user(name, f"{name}@example.org")
    if operator:
        user.is_operator = True
        user.save(update_fields=["is_operator"])
    if on_the_hub:
        accounts_people.connect(person=hub_person(name, fullname=fullname), user=user)
    return Viewer.of(user)


def found(owner: Viewer, name: str) -> Publisher:
    """A publisher, founded with a token that proves the namespace; the owner's viewer knows the new role."""
    assert owner.user is not None
    proof = {
        "type": "user",
        "name": owner.user.username,
        "auth": {"accessToken": {"role": "write"}},
        "orgs": [{"name": name, "id": hub_id(name), "roleInOrg": "admin"}],
    }
    publisher = accounts_people.found_publisher(user=owner.user, namespace=name, proof=proof)
    forget_roles(owner)
    return publisher


def forget_roles(viewer: Viewer) -> None:
    """Let a viewer load roles anew: a viewer is made for one request, a test lasts longer."""
    vars(viewer).pop("_roles", None)


def member(publisher: Publisher, name: str, role: str, *, by: Viewer) -> Viewer:
    """Somebody with an account and a role, given by an owner."""
    viewer = account(name)
    assert viewer.user is not None
    people_verbs.appoint(publisher, by=by, user=viewer.user, role=role)
    return viewer


def linked(publisher: Publisher, *, by: Viewer, name: str, kind: str = "model", **found_there: Any) -> Repository:
    """A linked repository, with a token kept for it and one card read."""
    token = people_verbs.keep_token(publisher, by=by, secret=f"hf_{next(_numbers)}")
    repository = repositories.link(
        publisher,
        by=by,
        kind=kind,
        name=f"{publisher.name}/{name}",
        token=token,
        found={"gate": "manual", **found_there},
    )
    text = f"---\nlicense: other\n---\n# {name}\n".encode()
    repositories.keep_card(repository, commit=hub_id(name), text=text, gate={})
    return repository


def form(publisher: Publisher, *, by: Viewer, asked: list[dict[str, Any]] | None = None) -> GateForm:
    """A published gate form."""
    draft = policies.draft_form(publisher, by=by, title="Access form", questions_asked=asked or QUESTIONS)
    return policies.publish_form(draft, by=by)


def licence(
    publisher: Publisher, *, by: Viewer, text: bytes = LICENCE_TEXT, restrictions: tuple[str, ...] = ()
) -> LicenceVersion:
    """A published licence version; another text is the next version of the same licence."""
    return licences.publish_licence_version(
        publisher, by=by, identifier="openrail++", title="Aurora licence", text=text, restrictions=restrictions
    )


def planned_stage(*repositories_of: Repository, by: Viewer, title: str = "", **terms: Any) -> Stage:
    """A stage with published terms, of a release of its own, not opened yet."""
    publisher = repositories_of[0].publisher
    release = releases.create_release(publisher, by=by, title=title or f"Aurora {next(_numbers)}")
    stage = releases.add_stage(release, by=by, title="Research access", repositories=repositories_of)
    policy(stage, by=by, **terms)
    releases.publish_ladder(release, by=by)
    return Stage.objects.get(pk=stage.pk)


def policy(
    stage: Stage,
    *,
    by: Viewer,
    asked: list[dict[str, Any]] | None = None,
    text: bytes = LICENCE_TEXT,
    restrictions: tuple[str, ...] = (),
    **terms: Any,
) -> GatePolicy:
    """Publish terms of a stage, with a form and a licence version of their own."""
    publisher = stage.release.publisher
    return policies.publish_policy(
        stage,
        by=by,
        form=form(publisher, by=by, asked=asked),
        licence_version=licence(publisher, by=by, text=text, restrictions=restrictions),
        terms=terms,
    )


def open_stage(*repositories_of: Repository, by: Viewer, **terms: Any) -> Stage:
    """A stage that is open, as it is after its gate was read back."""
    stage = planned_stage(*repositories_of, by=by, **terms)
    stages.open_stage(stage, by=by)
    return stages.confirm_open(stage)


# A case, step by step


def draft(stage: Stage, who: Viewer) -> AccessRequest:
    """A draft with every answer given and the licence accepted."""
    case = requests.start(stage, by=who)
    case = requests.answer(case, by=who, answers=ANSWERS)
    version = current_licence(stage)
    if any(offer.action == "accept" for offer in case.actions_for(who)):  # what was accepted at another stage counts
        requests.accept(case, by=who, text_sha256=version.text_sha256, acknowledged=version.restrictions)
    return case


def hashes(version: LicenceVersion) -> dict[str, str]:
    """What a page says of the licence version that it shows."""
    return {"text_sha256": version.text_sha256, "version_sha256": version.digest}


def current_licence(stage: Stage) -> LicenceVersion:
    """The licence version in force at a stage."""
    in_force = stage.policy
    assert in_force is not None
    return in_force.licence_version


def submitted(stage: Stage, who: Viewer) -> AccessRequest:
    """A request in the queue."""
    return requests.submit(draft(stage, who), by=who)


def in_review(stage: Stage, who: Viewer, *, by: Viewer) -> AccessRequest:
    """A request that a reviewer has taken."""
    return reviews.take(submitted(stage, who), by=by)


def info_requested(stage: Stage, who: Viewer, *, by: Viewer) -> AccessRequest:
    """A request whose person owes an answer."""
    return reviews.ask_back(in_review(stage, who, by=by), by=by, words="Which streets?")


def approved(stage: Stage, who: Viewer, *, by: Viewer) -> AccessRequest:
    """An approved request; its grant waits for the Hub."""
    return decisions.approve(in_review(stage, who, by=by), by=by, words="Welcome.")


def denied_correctably(stage: Stage, who: Viewer, *, by: Viewer, reopened: tuple[str, ...] = ()) -> AccessRequest:
    """A request denied with the way to mend it."""
    case = in_review(stage, who, by=by)
    return decisions.deny_correctably(case, by=by, codes=["USE_THIN"], words="Say more.", reopened=reopened)


def denied_finally(stage: Stage, who: Viewer, *, by: Viewer) -> AccessRequest:
    """A request denied for good."""
    return decisions.deny_finally(
        in_review(stage, who, by=by), by=by, codes=["USE_RESTRICTED"], words="The licence forbids this."
    )


def waiting(repository: Repository, person: HubPerson, *, answers: dict[str, Any] | None = None) -> intake.Waiting:
    """Somebody who has just pressed the Hub's button, seen in its pending list."""
    since = timezone.now()
    hub_says(person, repository, "pending", at=since)
    return intake.Waiting(person, since, HUB_ANSWERS if answers is None else answers)


def brought_in(repository: Repository, person: HubPerson, *, answers: dict[str, Any] | None = None) -> AccessRequest:
    """A request that began on the Hub, as it stands once it was brought in."""
    [case] = intake.bring_in(repository, [waiting(repository, person, answers=answers)])
    return case


def many_in_review(stage: Stage, count: int) -> list[AccessRequest]:
    """So many requests of people with accounts, who answered on the Hub at a stage that takes it as enough."""
    [repository] = stage.repositories.all()
    people = [account(f"person-{number}").person for number in range(count)]
    return intake.bring_in(repository, [waiting(repository, person) for person in people if person])


# A grant


def waiting_grant(stage: Stage, who: Viewer, *, by: Viewer) -> Grant:
    """A grant that waits for the Hub."""
    return Grant.objects.get(request=approved(stage, who, by=by))


def active_grant(stage: Stage, who: Viewer, *, by: Viewer) -> Grant:
    """A grant that the Hub was read back as giving."""
    return confirmed(waiting_grant(stage, who, by=by))


def confirmed(grant: Grant) -> Grant:
    """Let the Hub accept the person at every repository of the grant's stage, and confirm the grant."""
    for repository in grant.stage.repositories.all():
        hub_says(grant.person, repository, "accepted")
    grants.activate_confirmed()
    return fresh(grant)


def hub_says(
    person: HubPerson,
    repository: Repository,
    seen: str,
    *,
    at: datetime | None = None,
    requested_at: datetime | None = None,
) -> HubAccess:
    """Write what a reading of the Hub would: what was seen and since when, and that a wish it settles is confirmed."""
    at = at or timezone.now()
    row, _made = HubAccess.objects.get_or_create(repository=repository, person=person)
    row.seen, row.seen_at = seen, at
    if seen == "pending":  # the button was pressed (again)
        row.seen_requested_at = requested_at or at
    elif seen in ("none", "unknown"):
        row.seen_requested_at = None
    else:
        row.seen_requested_at = requested_at or row.seen_requested_at or at
    if access.settled(row.wish, row.sight):
        row.due_at, row.confirmed_at = None, at
    row.save(update_fields=["seen", "seen_at", "seen_requested_at", "due_at", "confirmed_at"])
    return row


def fresh(row: M) -> M:
    """The row as it stands in the database now."""
    return type(row)._default_manager.get(pk=row.pk)


def later(days: float) -> datetime:
    """A time so many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


def erase(submission: Submission | None) -> None:
    """Let the retention of a submission's answers end."""
    assert submission is not None
    PersonalText.objects.filter(pk=submission.answers_id).delete()


def relinquished(grant: Grant, who: Viewer) -> Grant:
    """A grant that its holder has given back."""
    return grants.relinquish(grant, by=who)


def imported(stage: Stage, person: HubPerson | None, *, by: Viewer) -> Grant:
    """A grant brought in for somebody whom the Hub has accepted already, confirmed by the next reading."""
    assert person is not None
    for repository in stage.repositories.all():
        hub_says(person, repository, "accepted")
    [grant] = grants.bring_in_all(stage, [person], by=by)
    return confirmed(grant)


def bare_stage(*repositories_of: Repository, by: Viewer) -> Stage:
    """A stage that is planned and has no terms yet."""
    release = releases.create_release(repositories_of[0].publisher, by=by, title=f"Aurora {next(_numbers)}")
    return releases.add_stage(release, by=by, title="Later", repositories=repositories_of)


def appointed(publisher: Publisher, who: Viewer, role: str, *, by: Viewer) -> Viewer:
    """Somebody with one role more."""
    assert who.user is not None
    people_verbs.appoint(publisher, by=by, user=who.user, role=role)
    forget_roles(who)
    return who


FACTS_OF_DRIFT: dict[str, dict[str, Any]] = {
    "mode_changed": {"is": "auto", "was": "manual"},
    "repository_moved": {
        "was": "aurora-lab/aurora-xl",
        "is": "aurora-next/aurora-xl",
        "owner": "renamed",
        "token": True,
        "followed": False,
    },
    "members_bypass": {"members": 2, "new": 2, "names": ["mia", "noor"], "more": False},
}


def drift(repository: Repository, kind: str = "ghost_access", person: HubPerson | None = None, **facts: Any) -> Drift:
    """Something that the Hub was seen to say, and that nobody here decided."""
    row = None
    if person is not None and DriftKind(kind) in OF_PEOPLE:
        row, _made = HubAccess.objects.get_or_create(repository=repository, person=person)
        seen = {"ghost_access": "accepted", "missing_access": "pending", "wrong_rejected": "rejected"}.get(kind, "none")
        HubAccess.objects.filter(pk=row.pk).update(seen=seen, seen_at=timezone.now(), seen_requested_at=timezone.now())
    about = FACTS_OF_DRIFT.get(kind, {}) | facts
    finding = Finding(DriftKind(kind), timezone.now(), person_id=person.pk if row and person else None, facts=about)
    [found] = drifts.find_all(repository, findings=[finding])
    return Drift.objects.get(pk=found.pk)


# What is brought in


def spreadsheet(*rows: str) -> bytes:
    """A file of earlier approvals; a row that is a name alone was approved by Ana in March 2025."""
    whole = [row if "," in row else f"{row},2025-03-01,Ana Lee,Licence v1" for row in rows]
    return "\n".join(["name,date,approver,terms", *whole, ""]).encode()


def rehearsed(stage: Stage, *rows: str, by: Viewer, evidence: bytes = b"") -> ApprovalImport:
    """A file of earlier approvals whose dry run was run."""
    handed = ("minutes.pdf", [evidence]) if evidence else None
    return earlier_approvals.upload(
        stage, by=by, file_name="approvals.csv", chunks=[spreadsheet(*rows)], evidence=handed
    )


def confirmed_import(stage: Stage, *rows: str, by: Viewer, evidence: bytes = b"") -> ApprovalImport:
    """A file of earlier approvals that was confirmed, and whose lines were settled as far as they can be."""
    source = rehearsed(stage, *rows, by=by, evidence=evidence)
    return earlier_approvals.confirm(source, by=by, seen=source.digest)


def invitation(stage: Stage, *, by: Viewer, uses: int = 1, days: int = 14) -> Invitation:
    """An invitation by link."""
    return invitations.invite_by_link(stage, by=by, label="Partners", days=days, uses=uses)[0]


def lapsed(grant: Grant, *, by: Viewer) -> Grant:
    """A grant whose person was asked to accept the licence, and did not in time."""
    terms.ask_for_terms(grant.stage, by=by, days=1)
    return terms.lapse_all([grant], at=later(2))[0]


# A campaign

NEW_TEXT = LICENCE_TEXT + b"You must not sell it.\n"


def prepared_campaign(stage: Stage, *, by: Viewer, text: bytes = NEW_TEXT, days: int = 30) -> Campaign:
    """A campaign for the next version of the licence of a stage."""
    restrictions = tuple(current_licence(stage).restrictions)
    version = licence(stage.release.publisher, by=by, text=text, restrictions=restrictions)
    return campaigns.prepare(version, by=by, grace_days=days)


def scheduled_campaign(stage: Stage, *, by: Viewer, **more: Any) -> Campaign:
    """One that begins now."""
    campaign = prepared_campaign(stage, by=by, **more)
    return campaigns.schedule(campaign, by=by, confirmed=Preview(campaign).people)


def running_campaign(stage: Stage, *, by: Viewer, at: datetime | None = None, **more: Any) -> Campaign:
    """One that has begun, and has asked everybody."""
    [campaign] = campaigns.begin_all([scheduled_campaign(stage, by=by, **more)], at=at or later(0))
    campaigns.carry_on_all(at=at)
    return fresh(campaign)


# A procedure


def stop(covers: Any, *, by: Viewer) -> Procedure:
    """An emergency stop that has just started; its newest hundred grants are suspended."""
    return procedures.start(procedures.prepare_stop(covers, by=by, words="The weights leaked."), by=by)


def in_force(covers: Any, *, by: Viewer) -> Procedure:
    """An emergency stop that was read back everywhere."""
    stopped = stop(covers, by=by)
    procedures.carry_on_all()
    for row in HubAccess.objects.unsettled().select_related("person", "repository"):
        if row.access != access.Access.YES:
            hub_says(row.person, row.repository, "pending")
    procedures.carry_on_all()
    return fresh(stopped)


def lift_asked(covers: Any, *, by: Viewer) -> Procedure:
    """An emergency stop of which somebody wants that it is lifted."""
    return procedures.ask_to_lift(in_force(covers, by=by), by=by)


def regate(repository: Repository, *, by: Viewer) -> Procedure:
    """A safe re-gate that has just started."""
    prepared = procedures.prepare_regate(fresh(repository), by=by, words="The gate was off.")
    return procedures.start(prepared, by=by)


def gate_says(repository: Repository, *, private: bool, gate: str = "manual", lists_read: bool = True) -> None:
    """Write what the worker would that settles the wish of a repository, and perhaps reads its lists after it."""
    now = timezone.now()
    RepositoryWish.objects.filter(repository=repository).update(due_at=None, confirmed_at=now)
    Repository.objects.filter(pk=repository.pk).update(seen_private=private, seen_gate=gate)
    if lists_read:
        Repository.objects.filter(pk=repository.pk).update(read_in_full_from=timezone.now())
    procedures.carry_on_all()


def regate_waits(repository: Repository, *, by: Viewer) -> Procedure:
    """A safe re-gate that waits for somebody to confirm whose access ends: one ghost was found."""
    started = regate(repository, by=by)
    drift(repository, "ghost_access", hub_person("casper"))
    gate_says(repository, private=True)
    gate_says(repository, private=True)
    return fresh(started)


def regated(repository: Repository, *, by: Viewer) -> Procedure:
    """A safe re-gate that is done: nobody was let in whom nobody let in here."""
    started = regate(repository, by=by)
    gate_says(repository, private=True)
    gate_says(repository, private=True)
    gate_says(repository, private=False)
    return fresh(started)
