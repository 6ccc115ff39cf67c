"""Members of the organisations that publish here: the Hub lets them pass the gates there without a request."""

from typing import TYPE_CHECKING

from django.db import models

from accounts.models import HubPerson, HubToken, Publisher

if TYPE_CHECKING:
    from django.db.models import QuerySet


class OrganisationMemberQuerySet(models.QuerySet["OrganisationMember"]):
    """Questions asked of members."""

    def passing(self, publisher: int) -> "QuerySet[OrganisationMember]":
        """Return who passes the gates of a publisher and has neither a role here nor one of its tokens."""
        working = HubPerson.objects.filter(user__memberships__publisher=publisher).values("hub_user_id")
        tokens = HubToken.objects.filter(publisher=publisher).values("hub_user_id")
        return self.filter(publisher=publisher).exclude(hub_user_id__in=working).exclude(hub_user_id__in=tokens)


class OrganisationMember(models.Model):
    """Somebody who is in an organisation on the Hub, as it was last read; forgotten when they leave it."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="organisation_members")
    hub_user_id = models.CharField(max_length=24)
    username = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=40, blank=True)
    first_seen_at = models.DateTimeField()

    objects = OrganisationMemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publisher", "hub_user_id"], name="one_row_a_member")]
