"""Re-acceptance campaigns: a new licence version is asked of everybody who holds a grant under an earlier one."""

from enum import StrEnum

from .licence_changes import ChangeClass

GRACE_DAYS = 30
MOST_DAYS = 365


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    PREPARED = "prepared"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    HALTED = "halted"
    DONE = "done"
    CALLED_OFF = "called_off"


UNFINISHED = frozenset(
    {CampaignStatus.PREPARED, CampaignStatus.SCHEDULED, CampaignStatus.RUNNING, CampaignStatus.HALTED}
)
# In these the version is asked of people, or was: what they are to do by a day hangs on it.
ASKING = frozenset({CampaignStatus.RUNNING, CampaignStatus.HALTED})


def has_to_be_accepted(change_class: str) -> bool:
    """Say whether people have to accept a version of this class, or are only told; a first version (“”) is asked."""
    return change_class in ("", ChangeClass.MATERIAL)
