"""What becomes of earlier approvals: judged in batches by what is known of the names' holders, and settled so.

Judging writes nothing. Settling locks the stage first, as every verb does, judges anew under the lock, and writes.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, ApprovalImport, EarlierApproval, Grant, Stage
from gatekeeper.rules.earlier_approvals import Holder, Verdict, judge
from gatekeeper.rules.statuses import GrantStatus, RequestStatus, StageStatus

from ._holders import Known, holders
from ._step import CLAIM_RETENTION_DAYS, acting, record
from .grants import bring_in_all

AT_ONCE = 1_000


JUDGED = """
UPDATE gatekeeper_earlierapproval AS known SET
    verdict = item.verdict, reason = item.reason,
    person_id = item.person, grant_id = item.held, request_id = item.asked,
    settled_at = item.settled, delete_after = item.goes
FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]
) AS item (id, verdict, reason, person, held, asked, settled, goes)
WHERE known.id = item.id
"""


class Rehearsal:
    """What a dry run adds up to: how many lines of each verdict, and a digest over all of it."""

    def __init__(self, source: ApprovalImport) -> None:
        self.judging = Judging(source.stage, owners={source.created_by_id})
        self.counts: Counter[str] = Counter()
        self._known = hashlib.sha256()

    def take(self, lines: Sequence[EarlierApproval]) -> None:
        """Judge the next lines of the file."""
        self.judging.judge(lines)
        for line in lines:
            self.counts[line.verdict] += 1
            said = f"{line.line} {line.name_key} {line.verdict} {line.reason} {line.person_id}\n"
            self._known.update(said.encode())

    def digest(self, source: ApprovalImport) -> str:
        """Return the SHA-256 over the lines, the bytes handed in, and the standing and terms of the stage."""
        evidence = source.evidence.sha256 if source.evidence else ""
        self._known.update(f"{source.file_sha256} {evidence} {self.judging.basis}".encode())
        return self._known.hexdigest()


class Judging:
    """What is known of one stage while lines are judged for it: whether it is open, and how many places are left.

    `owners` are the accounts of those who bring the list in, who cannot approve themselves. A place that a line would
    take is taken for the lines after it.
    """

    def __init__(self, stage: Stage, *, owners: Collection[int | None]) -> None:
        self.stage, self.owners, self.policy = stage, set(owners) - {None}, stage.policy
        self.open = stage.status == StageStatus.OPEN and self.policy is not None
        cap = self.policy.term("cap") if self.policy else None
        taken = 0 if cap is None else Grant.objects.live().filter(stage=stage).count()
        self.places_left = None if cap is None else int(cap) - taken
        self.live: dict[int, int] = {}
        self.cases: dict[int, int] = {}

    @property
    def basis(self) -> str:
        """Return what the judgements rest on besides the lines: the stage's standing and its terms."""
        return f"{self.stage.pk} {self.stage.status} {self.policy and self.policy.pk}"

    def judge(self, lines: Sequence[EarlierApproval]) -> None:
        """Set verdict, reason and holder of the lines that are not settled yet; the caller saves. Seven statements."""
        open_lines = [line for line in lines if line.settled_at is None]
        known = holders({line.name_key for line in open_lines})
        people = {each.person for each in known.values()}
        here = {"stage": self.stage, "person__in": people}
        self.live = dict(Grant.objects.live().filter(**here).values_list("person", "pk"))
        self.cases = dict(AccessRequest.objects.open().filter(**here).values_list("person", "pk"))
        denied = AccessRequest.objects.filter(**here, status=RequestStatus.DENIED_FINAL)
        revoked = Grant.objects.filter(**here, status=GrantStatus.REVOKED)
        turned_away = dict.fromkeys(denied.values_list("person", flat=True), "denied_before")
        turned_away |= dict.fromkeys(revoked.values_list("person", flat=True), "revoked_before")
        for line in open_lines:
            holder = known.get(line.name_key)
            verdict, reason = judge(
                self._holder(holder, line.approved_on, turned_away), stage_open=self.open, places_left=self.places_left
            )
            if verdict is Verdict.GRANT and self.places_left is not None:
                self.places_left -= 1
            sure = holder is not None and (verdict, reason) != (Verdict.WAITS, "sign_in")
            line.verdict, line.reason = verdict.value, reason
            line.person_id = holder.person if holder and sure else None

    def _holder(self, known: Known | None, approved_on: date | None, turned_away: dict[int, str]) -> Holder:
        if known is None:
            return Holder()
        # Whoever was last seen under the name before the approval may have given it up before then.
        seen_since = approved_on is None or known.seen_on >= approved_on
        return Holder(
            proven=known.proven and seen_since,
            contested=known.contested,
            own=known.user in self.owners,
            holds_grant=known.person in self.live,
            open_case=known.person in self.cases,
            turned_away=turned_away.get(known.person, ""),
        )


def settle_lines(lines: QuerySet[EarlierApproval], *, by: Viewer, at: datetime) -> int:
    """Settle the next of these lines, all of one import, in a transaction of their own; returns how many it looked at.

    A line whose holder is not known yet, or whom the stage cannot take now, is left waiting.
    """
    first = lines.order_by("pk").select_related("source__evidence", "source__confirmed_by").first()
    if first is None:
        return 0
    source = first.source
    with transaction.atomic():
        stage = (
            Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=source.stage_id)
        )
        rows = list(
            lines.filter(source=source)
            .select_related(None)
            .select_for_update(no_key=True, of=("self",))
            .order_by("pk")[:AT_ONCE]
        )
        judging = Judging(stage, owners={source.created_by_id, source.confirmed_by_id})
        judging.judge(rows)
        _write(judging, source, rows, by=by, at=at)
    return len(rows)


def _write(
    judging: Judging, source: ApprovalImport, rows: Sequence[EarlierApproval], *, by: Viewer, at: datetime
) -> None:
    people = HubPerson.objects.select_related("user").in_bulk(
        [row.person_id for row in rows if row.verdict == Verdict.GRANT]
    )
    basis = {row.person_id: basis_of(source, row) for row in rows if row.person_id is not None}
    made = (
        {
            grant.person_id: grant.pk
            for grant in bring_in_all(
                judging.stage, people.values(), by=by, basis=basis, imported_by=source.confirmed_by, at=at
            )
        }
        if people
        else {}
    )
    events: list[tuple[str, Any, dict[str, Any]]] = []
    for row in rows:
        if row.verdict == Verdict.WAITS:
            continue
        row.settled_at, row.delete_after = at, at + timedelta(days=CLAIM_RETENTION_DAYS)
        if row.verdict in (Verdict.GRANT, Verdict.HAS_GRANT):
            row.grant_id = made.get(row.person_id or 0) or judging.live.get(row.person_id or 0)
        elif row.verdict == Verdict.JOINS:
            row.request_id = judging.cases.get(row.person_id or 0)
    write_judgements(rows)
    held = Grant.objects.select_related("stage__release").in_bulk(
        [row.grant_id for row in rows if row.verdict == Verdict.HAS_GRANT]
    )
    joined = AccessRequest.objects.select_related("stage__release").in_bulk(
        [row.request_id for row in rows if row.verdict == Verdict.JOINS]
    )
    for row in rows:
        if row.grant_id in held:
            events.append(("grant.earlier_approval", held[row.grant_id], basis[row.person_id or 0]))
        elif row.request_id in joined:
            events.append(("request.earlier_approval", joined[row.request_id], basis[row.person_id or 0]))
    record(events, by=acting(by), at=at)


def write_judgements(rows: Sequence[EarlierApproval]) -> None:
    """Write what was found of lines, in one statement: a tenth of the time that an update of each column takes."""
    columns = ("id", "verdict", "reason", "person_id", "grant_id", "request_id", "settled_at", "delete_after")
    with connection.cursor() as cursor:
        cursor.execute(JUDGED, [[getattr(row, column) for row in rows] for column in columns])


def basis_of(source: ApprovalImport, line: EarlierApproval) -> dict[str, Any]:
    """Return what the record holds of an earlier approval: ids, the day, and digests of what was said and shown."""
    return {
        "import": source.pk,
        "line": line.line,
        "approved_on": line.approved_on.isoformat() if line.approved_on else "",
        "approver_digest": line.digest_of(line.approver),
        "terms_digest": line.digest_of(line.terms),
        "file_sha256": source.file_sha256,
        "evidence_sha256": source.evidence.sha256 if source.evidence else "",
    }
