"""Earlier approvals: what a steward's spreadsheet says was decided before this service, line by line.

A line names somebody by a Hub name, which is no proof of who that is. It waits until the name's holder is known by
their Hub id, and only then becomes a grant. Its words go when their time is over; events keep salted digests of them.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import HubPerson, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.earlier_approvals import Verdict
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import ImportStatus, Role, StageStatus

from .erasure import LegalHold
from .files import StoredFile
from .grants import Grant
from .ladders import Stage
from .personal import new_salt, salted_digest
from .repositories import READING
from .requests import AccessRequest
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class ApprovalImportQuerySet(models.QuerySet["ApprovalImport"]):
    """Questions asked of imports."""

    def visible_to(self, viewer: "Viewer") -> "ApprovalImportQuerySet":
        """Return the imports of the publishers that the viewer works for."""
        return self.filter(stage__release__publisher__in=viewer.publishers_with(*READING))

    def to_expire(self, *, at: datetime) -> "ApprovalImportQuerySet":
        """Return the dry runs that nobody confirmed in time."""
        return self.filter(status=ImportStatus.REHEARSED, waits_until__lte=at)

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the import table ask about, by import id. One statement."""
        at = at or timezone.now()
        found = {}
        for each in self.select_related("stage"):
            bringing = any(each.counts.get(verdict, 0) for verdict in Verdict if verdict is not Verdict.REFUSED)
            found[each.pk] = Facts(
                stage=StageStatus(each.stage.status),
                stage_over=each.stage.status == StageStatus.CLOSED,
                something_to_bring_in=bringing,
                due=each.waits_until <= at,
            )
        return found


class ApprovalImport(models.Model):
    """One file of earlier approvals for one stage: rehearsed first, then confirmed or discarded."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="imports")
    status = models.CharField(max_length=12, choices=[(s.value, s.value) for s in ImportStatus])
    status_at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    ignored_columns: Any = models.JSONField(default=list)
    evidence = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    counts: Any = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    rehearsed_at = models.DateTimeField()
    # Until then: a dry run waits to be confirmed, and the names of a confirmed one for their holders.
    waits_until = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ApprovalImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="import_confirmed_at_and_by",
            )
        ]
        indexes = [models.Index(fields=["stage", "-id"], name="import_of_stage")]

    def __str__(self) -> str:
        return f"Import {self.pk}"

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.stage.release.publisher_id

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this import."""
        return roles_at(viewer, self.publisher_id)

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do with this import now."""
        facts = ApprovalImport.objects.filter(pk=self.pk).facts(viewer, at=at).get(self.pk, Facts())
        return lifecycle.offers("import", self.status, self.roles_of(viewer), facts)


class EarlierApprovalQuerySet(models.QuerySet["EarlierApproval"]):
    """Questions asked of earlier approvals."""

    def visible_to(self, viewer: "Viewer") -> "EarlierApprovalQuerySet":
        """Return the lines of the imports that the viewer sees."""
        return self.filter(source__stage__release__publisher__in=viewer.publishers_with(*READING))

    def waiting(self, *, at: datetime) -> "EarlierApprovalQuerySet":
        """Return the confirmed lines that wait for the holder of their name, or for the stage to take them."""
        return self.filter(
            verdict=Verdict.WAITS,
            settled_at=None,
            source__status=ImportStatus.CONFIRMED,
            source__waits_until__gt=at,
        )

    def to_settle(self) -> "EarlierApprovalQuerySet":
        """Return the confirmed lines of which something is to become now, as far as the dry run could say."""
        return self.exclude(verdict=Verdict.WAITS).filter(settled_at=None, source__status=ImportStatus.CONFIRMED)

    def overdue(self, *, at: datetime) -> "EarlierApprovalQuerySet":
        """Return the lines whose retention has ended."""
        return self.filter(delete_after__lt=at).exclude(person__in=LegalHold.objects.standing().values("person"))


class EarlierApproval(models.Model):
    """One line: whom somebody approved, when, on which terms; and what became, or would become, of it here."""

    source = models.ForeignKey(ApprovalImport, on_delete=models.CASCADE, related_name="approvals")
    line = models.PositiveIntegerField()
    hub_name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    approved_on = models.DateField(null=True, blank=True)
    approver = models.CharField(max_length=200)
    terms = models.CharField(max_length=500)
    salt = models.CharField(max_length=32, default=new_salt)
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in Verdict])
    reason = models.CharField(max_length=40, blank=True)
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, blank=True, related_name="earlier_approvals")
    request = models.ForeignKey(
        AccessRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="earlier_approvals"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    delete_after = models.DateTimeField(db_index=True)

    objects = EarlierApprovalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "line"], name="one_earlier_approval_per_line")]
        indexes = [
            models.Index(fields=["source", "verdict", "line"], name="earlier_approval_verdict"),
            models.Index(
                fields=["name_key"],
                name="earlier_approval_waiting",
                condition=Q(settled_at=None, verdict=Verdict.WAITS),
            ),
        ]

    def digest_of(self, words: str) -> str:
        """Return the salted SHA-256 of words of this line, in hexadecimal, as events hold it."""
        return salted_digest(self.salt, words)
