"""Who a viewer is towards a thing: the roles at its publisher, and whether it is their own."""

from typing import TYPE_CHECKING

from accounts.models import HubPerson
from gatekeeper.rules.statuses import Role

if TYPE_CHECKING:
    from accounts.viewer import Viewer


def roles_at(viewer: "Viewer", publisher_id: int) -> frozenset[Role]:
    """Return a viewer's roles at a publisher; the system people "clock" and "hub" hold their own everywhere."""
    roles = {Role(role) for role in viewer.roles_at(publisher_id)}
    if viewer.is_operator:
        roles.add(Role.OPERATOR)
    if viewer.system_name in (Role.CLOCK, Role.HUB):
        roles.add(Role(viewer.system_name))
    return frozenset(roles)


def is_own(viewer: "Viewer", person: HubPerson) -> bool:
    """Say whether the person is the viewer: the same Hub id, or the same account here."""
    same_hub_person = viewer.person is not None and viewer.person.pk == person.pk
    return same_hub_person or (viewer.user is not None and person.user_id == viewer.user.pk)


def case_roles(viewer: "Viewer", publisher_id: int, person: HubPerson) -> frozenset[Role]:
    """Return a viewer's roles towards something that belongs to a person at a publisher."""
    roles = roles_at(viewer, publisher_id)
    return roles | {Role.REQUESTER} if is_own(viewer, person) else roles
