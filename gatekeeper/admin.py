"""The admin: a face for staff, to look. What has a lifecycle is moved by its verbs, and nowhere else.

What people wrote, the texts of tokens and the seeds of second factors are on no page here.
"""

from __future__ import annotations

from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import ApiToken, HubPerson, HubToken, Membership, Publisher, User
from gatekeeper import models
from gatekeeper.models.paging import count_up_to

# They register what is taken off the site again: secrets, and what people see of themselves.
for registering in ("django.contrib.auth", "allauth.account", "allauth.mfa", "allauth.socialaccount"):
    import_module(f"{registering}.admin")
for kept_off in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, Group):
    admin.site.unregister(kept_off)


class ShortPaginator(Paginator):
    """Pages over the first rows only: no count ever reads a whole table."""

    @property
    def count(self) -> int:
        """Return how many rows there are, up to a thousand and one."""
        return count_up_to(self.object_list)  # type: ignore[arg-type]  # a paginator knows lists only


class Looking(admin.ModelAdmin):
    """Read-only: staff see, nobody adds, changes or deletes, not even a superuser."""

    paginator = ShortPaginator
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """The filters beside the list alone: any other question would be answered about hidden fields too."""
        return lookup.partition("__")[0] in self.list_filter and super().lookup_allowed(lookup, value, request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff who are signed in."""
        return bool(request.user.is_active and request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As above."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


def shown(model: type[Model], *columns: str, hidden: tuple[str, ...] = (), filters: tuple[str, ...] = ()) -> None:
    """Put a model on the site, to look at: these columns in its list, all but the hidden fields on its page."""
    stored = [field for field in model._meta.get_fields() if field.concrete and field.name not in hidden]
    fields = tuple(field.name for field in stored)
    described = {
        "list_display": columns,
        "list_filter": filters,
        "list_select_related": tuple(field.name for field in stored if field.is_relation and field.name in columns),
        "fields": fields,
        "readonly_fields": fields,
    }
    admin.site.register(model, type(f"{model.__name__}Looking", (Looking,), described))


shown(models.Release, "pk", "publisher", "title", "published_at")
shown(models.Ladder, "pk", "release", "number", "published_at")
shown(models.Stage, "pk", "release", "ordinal", "title", "status", "status_at", filters=("status",))
shown(models.GateForm, "pk", "publisher", "title", "number", "published_at")
shown(models.GatePolicy, "pk", "stage", "number", "published_at")
shown(models.Licence, "pk", "publisher", "identifier", "title")
shown(models.LicenceVersion, "pk", "licence", "number", "text_sha256", "published_at", hidden=("text",))
shown(models.Translation, "pk", "version", "language", "text_sha256", hidden=("text",))
shown(models.Acceptance, "pk", "person", "licence_version", "kind", "accepted_at", filters=("kind",))
shown(models.Repository, "pk", "publisher", "kind", "name", "seen_gate", "observed_at", "parked_reason")
shown(models.Card, "pk", "repository", "commit", "read_at", hidden=("text",))
shown(models.RepositoryWish, "pk", "repository", "gate", "generation", "due_at", "parked_reason", "confirmed_at")
shown(models.HubHook, "pk", "publisher", "wanted", "state", "heard_at", "parked_reason", hidden=("digests",))
shown(models.HubCapability, "pk", "endpoint", "name", "known", "since", "learnt", "checked_at")
shown(models.TokenReach, "pk", "token", "repository", "may_read", "may_decide", "reason", "checked_at")
shown(models.PullRequest, "pk", "repository", "number", "is_open", "seen_at", "due_at")
shown(models.HubAccess, "pk", "repository", "person", "access", "closing", "seen", "due_at", "parked_reason")
shown(
    models.Drift,
    "pk",
    "repository",
    "person",
    "kind",
    "severity",
    "status",
    "since",
    hidden=("words",),
    filters=("kind", "status"),
)
shown(models.OrganisationMember, "pk", "publisher", "username", "role", "first_seen_at")
shown(
    models.Procedure,
    "pk",
    "publisher",
    "kind",
    "scope",
    "status",
    "phase",
    "status_at",
    hidden=("words",),
    filters=("kind", "status"),
)
shown(models.Campaign, "pk", "publisher", "licence_version", "status", "starts_at", filters=("status",))
shown(models.StoppedGrant, "pk", "procedure", "grant", "suspended_at", "read_back_at", "outcome")
shown(models.SyncPause, "pk", "repository", "cause", "paused_at", "paused_by", "lifted_at", hidden=("words",))
shown(models.SyncMark, "pk", "installation", "told")
shown(models.Heartbeat, "name", "seen_at")
shown(models.StoredFile, "pk", "publisher", "kind", "size", "sha256", "stored_at", hidden=("name",))
shown(models.AnswerFile, "pk", "text", "key", "file")
shown(models.FileContent, "pk", hidden=("content",))
shown(models.ApprovalImport, "pk", "stage", "status", "created_at", "confirmed_at", hidden=("file_name",))
shown(models.EarlierApproval, "pk", "source", "line", "verdict", "settled_at", hidden=("approver", "terms", "salt"))
shown(models.Invitation, "pk", "stage", "kind", "status", "uses", "expires_at", hidden=("digest", "label"))
shown(models.Invited, "pk", "invitation", "hub_name", "person", "met_at", "withdrawn_at")
shown(
    models.AccessRequest,
    "pk",
    "stage",
    "person",
    "status",
    "origin",
    "queued_at",
    "due_at",
    hidden=("draft",),
    filters=("status", "origin"),
)
shown(models.Submission, "pk", "request", "number", "origin", "submitted_at")
shown(models.Message, "pk", "request", "kind", "author", "sent_at", hidden=("text",), filters=("kind",))
shown(models.Review, "pk", "submission", "reviewer", "reviewed_at", hidden=("note",))
shown(models.Decision, "pk", "request", "outcome", "reason_codes", "decided_by", "decided_at", filters=("outcome",))
shown(models.Grant, "pk", "stage", "person", "status", "activated_at", "ends_at", filters=("status",))
shown(models.PersonalText, "pk", "person", "purpose", "created_at", "delete_after", "hold", hidden=("body", "salt"))
shown(models.ErasureRequest, "pk", "person", "asked_at", "carried_out_at")
shown(models.LegalHold, "pk", "publisher", "person", "set_at", "lifted_at", hidden=("reason",))
shown(models.Event, "pk", "at", "actor", "action", "object_kind", "object_id", "checkpoint")
shown(models.Fragment, "sha256")
shown(models.Receipt, "acceptance", "key", "issued_at")
shown(models.SigningKey, "key_id", "first_used_at")
shown(models.Checkpoint, "pk", "events", "last_event", "digest", "sealed_at")
shown(models.Notice, "pk", "kind", "recipient", "due_at", "attempts", "sent_at", "parked_at", "failure")
shown(Publisher, "pk", "name", "kind", "proved_at")
shown(Membership, "pk", "publisher", "user", "role", "added_at", filters=("role",))
shown(HubPerson, "pk", "username", "hub_user_id", "user", "proven_at", "gone_at")
shown(HubToken, "pk", "publisher", "fingerprint", "health", "checked_at", "revoked_at", hidden=("ciphertext",))
shown(ApiToken, "pk", "user", "name", "prefix", "expires_at", "last_used_at", "revoked_at", hidden=("digest",))


@admin.register(User)
class Users(Looking):
    """Accounts. A superuser may close one, or make somebody staff; the rest people do themselves."""

    list_display = ("username", "is_active", "is_staff", "is_operator", "is_system", "last_login")
    search_fields = ("username",)
    fields = ("username", "language", "is_active", "is_staff", "is_operator", "is_system", "last_login", "date_joined")
    readonly_fields = ("username", "language", "is_operator", "is_system", "last_login", "date_joined")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers, and never for the system users: nobody signs in as them."""
        system = isinstance(obj, User) and obj.is_system
        return bool(request.user.is_active and request.user.is_superuser and not system)
