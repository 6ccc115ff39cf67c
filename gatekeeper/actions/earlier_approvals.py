"""Verbs of earlier approvals: a file is uploaded and rehearsed, then confirmed or discarded; its lines are settled.

Until it is confirmed, nothing changes but the rehearsal itself, and the Hub is told nothing. A confirmed line becomes
a grant only for somebody known by their Hub id; else it waits for the holder of its name.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import ApprovalImport, EarlierApproval, Stage, StoredFile
from gatekeeper.rules import earlier_approvals as sheets
from gatekeeper.rules import hub_names
from gatekeeper.rules.earlier_approvals import Unreadable, Verdict
from gatekeeper.rules.files import plain_name
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import ImportStatus

from ._judging import Rehearsal, settle_lines, write_judgements
from ._step import CLAIM_RETENTION_DAYS, STALE, Moved, acting, record, step
from .files import keep_file
from .releases import require

AT_ONCE = 1_000
PATIENCE = 8.0  # seconds
MOST_BYTES = 5 * 1024 * 1024
REHEARSAL_DAYS, WAITING_DAYS, MOST_WAITING_DAYS, FORGETTING_DAYS = 7, 90, 365, 30
FOUND = ("lines", "file_sha256", "ignored_columns", "evidence", "counts", "digest", "rehearsed_at")
TOO_LARGE = Refusal("file_too_large", _("The file is too large: at most %(most)s MB."), {"most": MOST_BYTES // 2**20})
BAD_DAYS = Refusal("days_malformed", _("Names wait between 1 and 365 days."))


def upload(
    stage: Stage,
    *,
    by: Viewer,
    file_name: str,
    chunks: Iterable[bytes],
    evidence: tuple[str, Iterable[bytes]] | None = None,
    at: datetime | None = None,
) -> ApprovalImport:
    """Read a file of earlier approvals and rehearse it: what would become of each line, and nothing else.

    `evidence` is the name and the bytes of one file that shows the approvals. Raises NotAllowed, Invalid where the file
    as a whole cannot be taken; a line that cannot be taken is refused at its number.
    """
    require(by, stage.publisher_id)
    at, whole = at or timezone.now(), hashlib.sha256()
    with transaction.atomic():
        source = ApprovalImport.objects.create(
            stage=stage,
            status=ImportStatus.REHEARSED,
            status_at=at,
            file_name=plain_name(file_name),
            lines=0,
            rehearsed_at=at,
            waits_until=at + timedelta(days=REHEARSAL_DAYS),
            created_at=at,
            created_by=acting(by),
        )
        sheet = sheets.read(_bounded(chunks, whole), today=at.date())
        try:
            rehearsal = _keep_lines(source, sheet, at=at)
        except Unreadable as error:
            raise Invalid(error.refusal, {"file": error.refusal}) from error
        source.file_sha256, source.ignored_columns = whole.hexdigest(), sheet.ignored
        if evidence is not None:
            name, its_chunks = evidence
            source.evidence = keep_file(stage.release.publisher, by=by, name=name, chunks=its_chunks, at=at)
        _keep(source, rehearsal, at=at)
        record([("import.upload", source, _about(source))], by=acting(by), at=at)
    return source


def _bounded(chunks: Iterable[bytes], whole: "hashlib._Hash") -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise Unreadable(TOO_LARGE)
        whole.update(chunk)
        yield chunk


def _keep_lines(source: ApprovalImport, sheet: sheets.Sheet, *, at: datetime) -> Rehearsal:
    """Judge the lines as they are read, and keep them, so many at a time. Raises Unreadable."""
    rehearsal, lines = Rehearsal(source), sheet.lines()
    while batch := [_as_row(source, line, at=at) for line in islice(lines, AT_ONCE)]:
        rehearsal.take(batch)
        EarlierApproval.objects.bulk_create(batch)
        source.lines += len(batch)
    return rehearsal


def _as_row(source: ApprovalImport, line: sheets.Line, *, at: datetime) -> EarlierApproval:
    return EarlierApproval(
        source=source,
        line=line.number,
        hub_name=line.hub_name,
        name_key=hub_names.key(line.hub_name),
        approved_on=line.approved_on,
        approver=line.approver,
        terms=line.terms,
        verdict=Verdict.REFUSED if line.reason else Verdict.WAITS,
        reason=line.reason,
        settled_at=at if line.reason else None,
        delete_after=source.waits_until,
    )


def _about(source: ApprovalImport) -> dict[str, object]:
    """Return what events hold of an import: numbers and digests."""
    return {
        "stage": source.stage_id,
        "lines": source.lines,
        "file_sha256": source.file_sha256,
        "evidence_sha256": source.evidence.sha256 if source.evidence else "",
        "counts": source.counts,
        "digest": source.digest,
    }


def rehearse(source: ApprovalImport, *, by: Viewer, at: datetime | None = None) -> ApprovalImport:
    """Run the dry run again: what would become of each line by now."""
    with step("import", "rehearse", [source], by=by, at=at) as moved:
        [row] = moved.rows
        _keep(row, _rehearse(row, writing=True), at=moved.at)
    return row


def _rehearse(source: ApprovalImport, *, writing: bool) -> Rehearsal:
    """Judge every line that could be read; `writing` keeps what was found of each."""
    rehearsal = Rehearsal(source)
    for lines in _in_batches(source):
        rehearsal.take(lines)
        if writing:
            write_judgements(lines)
    return rehearsal


def _keep(source: ApprovalImport, rehearsal: Rehearsal, *, at: datetime) -> None:
    source.counts, source.digest, source.rehearsed_at = dict(rehearsal.counts), rehearsal.digest(source), at
    source.save(update_fields=list(FOUND))


def _in_batches(source: ApprovalImport) -> Iterator[list[EarlierApproval]]:
    last = 0
    while lines := list(EarlierApproval.objects.filter(source=source, line__gt=last).order_by("line")[:AT_ONCE]):
        last = lines[-1].line
        yield lines


def confirm(
    source: ApprovalImport, *, by: Viewer, seen: str, days: int = WAITING_DAYS, at: datetime | None = None
) -> ApprovalImport:
    """Bring in what a dry run showed. Names without a known holder wait so many days for them.

    `seen` is the digest of the dry run. Raises WrongState where that would come out otherwise by now, Unmet where
    nothing can be brought in, Invalid for the days. Lines are settled in batches of their own, for as long as somebody
    can be kept waiting; the clock goes on where this ends or was broken off.
    """
    if not 1 <= days <= MOST_WAITING_DAYS:
        raise Invalid(BAD_DAYS, {"days": BAD_DAYS})
    with step("import", "confirm", [source], by=by, at=at) as moved:
        [row] = moved.rows
        if row.digest != seen or _rehearse(row, writing=False).digest(row) != seen:
            raise WrongState(STALE)
        row.confirmed_at, row.confirmed_by, row.waits_until = moved.at, moved.actor, moved.at + timedelta(days=days)
        row.save(update_fields=["confirmed_at", "confirmed_by", "waits_until"])
        lines = EarlierApproval.objects.filter(source=row)
        lines.update(delete_after=moved.at + timedelta(days=CLAIM_RETENTION_DAYS))
        lines.filter(settled_at=None).update(delete_after=row.waits_until + timedelta(days=FORGETTING_DAYS))
        moved.note(row, **_about(row))
    end, lines = time.monotonic() + PATIENCE, EarlierApproval.objects.to_settle().filter(source=row)
    while settle_lines(lines, by=by, at=moved.at) and time.monotonic() < end:
        pass
    return row


def discard(source: ApprovalImport, *, by: Viewer, at: datetime | None = None) -> ApprovalImport:
    """Forget a file that was not confirmed: its lines and its evidence are deleted."""
    with step("import", "discard", [source], by=by, at=at) as moved:
        _forget(moved)
    return moved.rows[0]


def expire_all(imports: Iterable[ApprovalImport], *, at: datetime | None = None) -> list[ApprovalImport]:
    """Forget files that nobody confirmed in time: see discard."""
    with step("import", "expire", imports, by=Viewer.system("clock"), at=at) as moved:
        _forget(moved)
    return moved.rows


def forget_overdue(*, at: datetime | None = None) -> int:
    """Delete lines whose retention has ended, and the evidence of a list once none of its lines is left.

    Returns how many lines went. Events keep the digests of what was said and shown.
    """
    at, gone = at or timezone.now(), 0
    while ids := list(EarlierApproval.objects.overdue(at=at).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        gone += EarlierApproval.objects.filter(pk__in=ids).delete()[0]
    with transaction.atomic():
        done = list(
            ApprovalImport.objects.select_for_update(no_key=True, of=("self",))
            .filter(
                ~Exists(EarlierApproval.objects.filter(source=OuterRef("pk"))),
                evidence__isnull=False,
                status=ImportStatus.CONFIRMED,
            )
            .order_by("pk")
        )
        evidence = [source.evidence_id for source in done if source.evidence_id is not None]
        ApprovalImport.objects.filter(pk__in=[source.pk for source in done]).update(evidence=None)
        StoredFile.objects.filter(pk__in=evidence).delete()
    return gone


def _forget(moved: Moved) -> None:
    EarlierApproval.objects.filter(source__in=moved.rows).delete()
    evidence = {source.pk: source.evidence for source in moved.rows if source.evidence is not None}
    ApprovalImport.objects.filter(pk__in=evidence).update(evidence=None)
    for source in moved.rows:
        stored = evidence.get(source.pk)
        if stored is not None:
            moved.note(source, evidence_sha256=stored.sha256)
            source.evidence = None
    StoredFile.objects.filter(pk__in=[stored.pk for stored in evidence.values()]).delete()
