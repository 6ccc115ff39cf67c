"""People who were accepted on the Hub before a stage opened here: they are brought in once, as imported grants."""

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions.grants import bring_in_all
from gatekeeper.models import Event, HubAccess, Repository, Stage
from gatekeeper.rules.access import Access, Seen

AT_ONCE = 500


def bring_in_accepted(repository: Repository) -> int:
    """Bring in those who were accepted before the first stage of a repository opened; returns how many.

    Who is accepted on the Hub later, without a grant from here, is a ghost and not brought in. Nothing is written to
    the Hub by this: where a stage has several repositories, only those accepted at every one of them are brought in.
    """
    stage = Stage.objects.including(repository).taking_requests().select_related("release").first()
    opened = (
        None if stage is None else Event.objects.about("stage", stage.pk).filter(action="stage.confirm_open").first()
    )
    if stage is None or opened is None:
        return 0
    here = (
        _accepted(repository)
        .annotate(since=Coalesce("seen_reviewed_at", "seen_requested_at"))
        .filter(access=Access.NO_OPINION, since__lt=opened.at)
    )
    for other in stage.repositories.filter(unlinked_at=None).exclude(pk=repository.pk):
        here = here.filter(Exists(_accepted(other).filter(person=OuterRef("person"))))
    brought = 0
    while people := list(HubPerson.objects.filter(pk__in=here.order_by("pk").values("person")[:AT_ONCE])):
        grants = bring_in_all(stage, people, by=Viewer.system("clock"))
        brought += len(grants)
        if not grants:
            break
    return brought


def _accepted(repository: Repository) -> QuerySet[HubAccess]:
    return HubAccess.objects.filter(repository=repository, seen=Seen.ACCEPTED)
