"""Which Hub accounts that are gone, or bear another name, concern somebody at a repository."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least

from accounts.models import HubName, HubPerson
from gatekeeper.rules.statuses import OPEN_REQUEST

from .grants import Grant
from .requests import AccessRequest

if TYPE_CHECKING:
    from .repositories import Repository


def concerned(repository: "Repository | OuterRef", person: OuterRef) -> Q:
    """Return the condition that somebody has a live grant, or an open case, at a stage of a repository."""
    here = {"person": person, "stage__repositories": repository}
    return Q(Exists(Grant.objects.live().filter(**here))) | Q(
        Exists(AccessRequest.objects.filter(**here, status__in=OPEN_REQUEST))
    )


def gone(repository: "Repository") -> QuerySet[HubPerson]:
    """Return the people with a live grant or an open case at a repository whose account is gone from the Hub."""
    return HubPerson.objects.filter(concerned(repository, OuterRef("pk")), gone_at__isnull=False)


def renamed(repository: "Repository") -> QuerySet[Any]:
    """Return the people who have another name than when they applied, or were brought in: their first one as `was`.

    Somebody who returned to the name they had then is not among them.
    """
    here = {"person": OuterRef("pk"), "stage__repositories": repository}
    granted = Grant.objects.live().filter(**here).order_by().values("person")
    asked = AccessRequest.objects.filter(**here, status__in=OPEN_REQUEST).order_by().values("person")
    came = Least(
        Subquery(granted.annotate(at=Min(Coalesce("request__created_at", "created_at"))).values("at")),
        Subquery(asked.annotate(at=Min("created_at")).values("at")),
        output_field=models.DateTimeField(),
    )
    names = HubName.objects.filter(person=OuterRef("pk"), first_seen_at__lte=OuterRef("came"))
    others = names.exclude(username__iexact=OuterRef("username")).order_by("-first_seen_at", "-pk")
    return (
        HubPerson.objects.filter(named_at__isnull=False, gone_at=None)
        .annotate(came=came)
        .filter(came__lt=F("named_at"))
        .annotate(was=Subquery(others.values("username")[:1]))
        .filter(was__isnull=False)
    )
