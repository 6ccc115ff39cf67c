"""Gate forms and gate policies: a published version is one row, frozen in the database, named by its hash."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext

from accounts.models import Publisher, User
from gatekeeper.rules import form_diff, form_lint, licence_profiles

from .personal import document_hash
from .repositories import READING, Card

if TYPE_CHECKING:
    from accounts.viewer import Viewer

    from .ladders import Stage


class VersionQuerySet(models.QuerySet[Any]):
    """Questions asked of versioned documents."""

    def published(self) -> "VersionQuerySet":
        """Return the published versions."""
        return self.filter(published_at__isnull=False)

    def drafts(self) -> "VersionQuerySet":
        """Return the drafts."""
        return self.filter(published_at=None)


class Version(models.Model):
    """One version of a document: a draft until published, then frozen. A later row names the one it supersedes."""

    number = models.PositiveIntegerField(default=1)
    document = models.JSONField()
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_published(self) -> bool:
        """Say whether this version is published, and so frozen."""
        return self.published_at is not None

    def seal(self, *, by: User, at: datetime) -> None:
        """Set the hash and the publication of a draft; the caller saves it."""
        self.sha256 = document_hash(self.document)
        self.published_at, self.published_by = at, by


def published_pair(name: str) -> models.CheckConstraint:
    """Return the constraint that a published version has a time, a person and a hash, and a draft has none."""
    return models.CheckConstraint(
        condition=models.Q(published_at=None, published_by=None, sha256="")
        | models.Q(published_at__isnull=False, published_by__isnull=False) & ~models.Q(sha256=""),
        name=name,
    )


class GateFormQuerySet(VersionQuerySet):
    """Questions asked of gate forms."""

    def visible_to(self, viewer: "Viewer") -> "GateFormQuerySet":
        """Return the forms of the viewer's publishers, and those that the published policies of public releases ask."""
        public = GatePolicy.objects.published().filter(stage__release__published_at__isnull=False)
        mine = models.Q(publisher__in=viewer.publishers_with(*READING))
        return self.filter(mine | models.Q(pk__in=public.values("form")))

    def with_uses(self) -> "GateFormQuerySet":
        """Add at how many stages each form is asked (`uses`), and whether a later version is published (`later`)."""
        in_force = models.Q(policies__published_at__isnull=False, policies__superseded_by__isnull=True)
        later = GateForm.objects.published().filter(supersedes=models.OuterRef("pk"))
        return self.defer("document").annotate(
            uses=models.Count("policies", filter=in_force), later=models.Exists(later)
        )


class GateForm(Version):
    """What a stage asks. `document` holds {"questions": […]}: see rules/questions.py for their shape."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="gate_forms")
    title = models.CharField(max_length=200)

    objects = GateFormQuerySet.as_manager()  # type: ignore[misc]  # narrower than that of every version

    class Meta:
        constraints = [published_pair("gate_form_published_pair")]

    def __str__(self) -> str:
        return gettext("%(title)s (version %(number)s)") % {"title": self.title, "number": self.number}

    @property
    def questions(self) -> list[dict[str, Any]]:
        """Return the questions in order."""
        return list(self.document["questions"])

    def latest(self) -> "GateForm":
        """Return the latest version of this form, published or a draft. One statement for each version after it."""
        later = self
        while (found := GateForm.objects.filter(supersedes=later).first()) is not None:
            later = found
        return later

    @property
    def is_superseded(self) -> bool:
        """Say whether a later version is published. One statement."""
        return GateForm.objects.published().filter(supersedes=self).exists()

    def differences(self) -> list[form_diff.Difference] | None:
        """Return what differs from the version that this one supersedes; None for a first version."""
        before = self.supersedes
        return form_diff.differences(before.document["questions"], self.questions) if before else None

    def used_at(self) -> "models.QuerySet[GatePolicy]":
        """Return the terms in force that ask this form, with their stages: one form may serve many."""
        used = GatePolicy.objects.published().filter(form=self, superseded_by=None)
        return used.select_related("stage__release").order_by("stage_id")

    @property
    def digest(self) -> str:
        """Return the hash of title and questions as they are, in hexadecimal: what somebody saw who changes a draft."""
        return document_hash([self.title, self.document])

    def lint(self) -> list[form_lint.Finding]:
        """Return what the linter says of the form, under the newest terms that ask it; two statements."""
        terms = self.policies.filter(published_at__isnull=False).select_related("licence_version")
        policy = terms.defer("licence_version__text").order_by("-pk").first() if self.pk else None
        if policy is None:
            return form_lint.lint(self.document, context=form_lint.Context())
        card = Card.objects.filter(repository__stages=policy.stage_id).order_by("-read_at", "-pk").first()
        context = form_lint.Context(
            denial_reasons=tuple(policy.term("reason_codes")),
            eu_disallowed=None if card is None else bool(card.gate.get("eu_disallowed")),
            eu_excluded=licence_profiles.leaves_the_eu_out(policy.licence_version.profile),
        )
        return form_lint.lint(self.document, context=context)


class Intake(models.TextChoices):
    """Where a request has to be completed."""

    HERE = "here"
    HUB_IS_ENOUGH = "hub_is_enough"


class GatePolicy(Version):
    """The terms of a stage.

    `document` holds: entry ("anyone" or "invited"), intake, automatic ("never" or "always"), approvals_required,
    duration_days (None: no end), cap (None: none), sla_days, info_wait_days, correction_days, intake_days,
    reason_codes, conditions.
    """

    DEFAULTS: dict[str, Any] = {
        "entry": "anyone",
        "intake": Intake.HERE.value,
        "automatic": "never",
        "approvals_required": 1,
        "duration_days": None,
        "cap": None,
        "sla_days": 5,
        "info_wait_days": 14,
        "correction_days": 90,
        "intake_days": 14,
        "reason_codes": [],
        "conditions": [],
    }

    stage = models.ForeignKey("gatekeeper.Stage", on_delete=models.PROTECT, related_name="policies")
    form = models.ForeignKey(GateForm, on_delete=models.PROTECT, related_name="policies")
    licence_version = models.ForeignKey("gatekeeper.LicenceVersion", on_delete=models.PROTECT, related_name="policies")

    class Meta:
        verbose_name_plural = "gate policies"
        constraints = [
            published_pair("gate_policy_published_pair"),
            models.UniqueConstraint(fields=["stage", "number"], name="one_policy_per_stage_and_number"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} (terms {self.number})"

    def term(self, name: str) -> Any:
        """Return one term of the document, with its default where an older version does not hold it."""
        return self.document.get(name, self.DEFAULTS[name])

    @property
    def invited_only(self) -> bool:
        """Say whether only people who were invited may ask."""
        return bool(self.term("entry") == "invited")

    @property
    def hub_is_enough(self) -> bool:
        """Say whether answers given on the Hub count as a request."""
        return bool(self.term("intake") == Intake.HUB_IS_ENOUGH)

    @property
    def automatic(self) -> bool:
        """Say whether submissions are approved by rule. Nothing is ever denied by rule."""
        return bool(self.term("automatic") == "always")


def current_policies(stages: "list[Stage]") -> "dict[int, GatePolicy]":
    """Return the policy in force of each stage, by stage id: the latest published. One statement.

    The text of the licence is left in the database until somebody reads it: a step asks which, not what.
    """
    found = (
        GatePolicy.objects.published()
        .filter(stage__in=stages)
        .select_related("form", "licence_version__licence")
        .defer("licence_version__text")
        .order_by("stage_id", "-number")
        .distinct("stage_id")
    )
    return {policy.stage_id: policy for policy in found}
