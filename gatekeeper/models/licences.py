"""Licences, their versions, and the proof that somebody accepted one."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import HubPerson, Publisher
from gatekeeper.rules.licence_changes import Comparison, Facts, Least, compare, least_class
from gatekeeper.rules.licence_profiles import complete

from .personal import document_hash
from .policies import GatePolicy, Version, VersionQuerySet, published_pair
from .repositories import READING, Repository

if TYPE_CHECKING:
    from accounts.viewer import Viewer

    from .requests import AccessRequest


class Licence(models.Model):
    """A licence that a publisher uses, over all its versions. `identifier` is the Hub's, such as openrail++."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="licences")
    identifier = models.CharField(max_length=100)
    title = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publisher", "identifier", "title"], name="one_licence_per_publisher_and_title"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def latest(self) -> "LicenceVersion | None":
        """Return its latest published version."""
        return self.versions.filter(published_at__isnull=False).order_by("-number").first()


class LicenceVersionQuerySet(VersionQuerySet):
    """Questions asked of licence versions."""

    def visible_to(self, viewer: "Viewer") -> "LicenceVersionQuerySet":
        """Return those of the viewer's publishers, those of public releases, and those that the viewer accepted."""
        public = GatePolicy.objects.published().filter(stage__release__published_at__isnull=False)
        seen = models.Q(licence__publisher__in=viewer.publishers_with(*READING))
        seen |= models.Q(pk__in=public.values("licence_version"))
        if viewer.person:
            seen |= models.Q(pk__in=Acceptance.objects.filter(person=viewer.person).values("licence_version"))
        return self.filter(seen)


class LicenceVersion(Version):
    """The exact bytes of a licence text, in the language that binds.

    `document` holds identifier, title, restrictions (slugs), text_sha256, profile, language, translations (the hash of
    each by its language), and once it is published change_class: how much it changes of the version before.
    """

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="versions")
    text = models.BinaryField()
    text_sha256 = models.CharField(max_length=64)
    normalised_sha256 = models.CharField(max_length=64)
    source_repository = models.ForeignKey(Repository, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source_commit = models.CharField(max_length=64, blank=True)
    source_path = models.CharField(max_length=200, blank=True)

    objects = LicenceVersionQuerySet.as_manager()  # type: ignore[misc]  # narrower than that of every version

    class Meta:
        constraints = [
            published_pair("licence_version_published_pair"),
            models.UniqueConstraint(
                fields=["licence", "number"],
                condition=models.Q(published_at__isnull=False),
                name="one_version_per_licence_and_number",
            ),
            models.UniqueConstraint(
                fields=["licence"], condition=models.Q(published_at=None), name="one_draft_per_licence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licence.title} (version {self.number})"

    @property
    def restrictions(self) -> list[str]:
        """Return the slugs of the use restrictions, in order."""
        return list(self.document.get("restrictions", ()))

    @property
    def words(self) -> str:
        """Return the text as it is shown."""
        return bytes(self.text).decode("utf-8", "replace")

    @property
    def profile(self) -> dict[str, Any]:
        """Return what is said of the licence, with UNSAID for what is not."""
        return complete(self.document.get("profile"))

    @property
    def language(self) -> str:
        """Return the language of the text that binds."""
        return str(self.document.get("language", "en"))

    @property
    def languages(self) -> list[str]:
        """Return the languages that it can be read in, the binding one first."""
        return [self.language, *sorted(self.document.get("translations", ()))]

    @property
    def change_class(self) -> str:
        """Return how much it changes of the version before; empty where there is none, or it is a draft."""
        return str(self.document.get("change_class", ""))

    @property
    def facts(self) -> Facts:
        """Return what is compared of it besides its text."""
        return Facts(self.profile, self.restrictions)

    @property
    def digest(self) -> str:
        """Return the SHA-256 over all that it says, in hexadecimal: what somebody read is compared by it."""
        return document_hash(self.document)

    def before(self) -> "LicenceVersion | None":
        """Return the version before: of a draft the one in force."""
        if not self.is_published:
            return self.licence.latest()
        return self.licence.versions.filter(superseded_by=self.pk).first()

    def compared_with(self, earlier: "LicenceVersion") -> tuple[Comparison, Least]:
        """Return what became of each clause of an earlier version, and the least class that the change can have."""
        texts = compare(earlier.words, self.words)
        return texts, least_class(earlier.facts, self.facts, texts)

    def shown_in(self, language: str) -> "Translation | None":
        """Return the translation into a language, or None for the text that binds."""
        if language not in self.document.get("translations", ()):
            return None
        return self.translations.get(language=language)


class Translation(models.Model):
    """A version's text in another language: to read, not to bind. Frozen in the database once that is published."""

    version = models.ForeignKey(LicenceVersion, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(max_length=10)
    text = models.BinaryField()
    text_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "language"], name="one_translation_per_language")]

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"

    @property
    def words(self) -> str:
        """Return the text as it is shown."""
        return bytes(self.text).decode("utf-8", "replace")


class Fragment(models.Model):
    """What a page showed of a licence, by its hash: the HTML of the text as rendered. Frozen in the database."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    html = models.TextField()

    def __str__(self) -> str:
        return self.sha256


class AcceptanceKind(models.TextChoices):
    """Where a licence was accepted. On the Hub is the weaker proof: a ticked box under a card at a commit."""

    HERE = "here"
    ON_THE_HUB = "on_the_hub"


class Capacity(models.TextChoices):
    """For whom a licence was accepted."""

    SELF = "self", _("for oneself")
    ORGANISATION = "organisation", _("for an organisation")


class AcceptanceQuerySet(models.QuerySet["Acceptance"]):
    """Questions asked of acceptances."""

    def of(self, person: HubPerson, version: LicenceVersion) -> "AcceptanceQuerySet":
        """Return this person's acceptances of this version."""
        return self.filter(person=person, licence_version=version)

    def behind(self, case: "AccessRequest", version: LicenceVersion) -> "AcceptanceQuerySet":
        """Return what the person of a case accepted at its stage, and of the version in force wherever it was."""
        at_its_stage = models.Q(policy__stage=case.stage_id)
        return self.filter(at_its_stage | models.Q(licence_version=version), person=case.person_id)


class Acceptance(models.Model):
    """One person accepted one licence version, under one policy. Frozen in the database; a correction is a new row.

    `controls` are what was ticked and pressed, each with its words as shown: {"control", "words"}. For an organisation,
    `authority` is the sentence by which the person said that they may accept for it.
    """

    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="acceptances")
    licence_version = models.ForeignKey(LicenceVersion, on_delete=models.PROTECT, related_name="acceptances")
    policy = models.ForeignKey("gatekeeper.GatePolicy", on_delete=models.PROTECT, related_name="acceptances")
    kind = models.CharField(max_length=12, choices=AcceptanceKind)
    text_sha256 = models.CharField(max_length=64)
    normalised_sha256 = models.CharField(max_length=64)
    rendered_sha256 = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    # Where a translation was shown: in which language, and its hash. What is accepted is the text that binds.
    text_language = models.CharField(max_length=10, blank=True)
    translation_sha256 = models.CharField(max_length=64, blank=True)
    capacity = models.CharField(max_length=20, choices=Capacity, default=Capacity.SELF)
    organisation = models.CharField(max_length=200, blank=True)
    authority = models.CharField(max_length=500, blank=True)
    acknowledged: Any = models.JSONField(default=list)
    controls: Any = models.JSONField(default=list)
    hub_user_id = models.CharField(max_length=24)
    hub_username = models.CharField(max_length=100)
    card = models.ForeignKey("gatekeeper.Card", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField()

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "licence_version"])]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind=AcceptanceKind.ON_THE_HUB) | models.Q(card__isnull=False),
                name="acceptance_on_the_hub_names_its_card",
            ),
            models.CheckConstraint(
                condition=models.Q(capacity=Capacity.SELF, organisation="", authority="")
                | models.Q(capacity=Capacity.ORGANISATION) & ~models.Q(organisation="") & ~models.Q(authority=""),
                name="acceptance_for_an_organisation_names_it",
            ),
        ]
