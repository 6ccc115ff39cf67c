"""Who somebody is towards a thing, and where a thing can stand."""

from enum import StrEnum


class Role(StrEnum):
    """Who somebody is towards one thing. People hold several at once."""

    REQUESTER = "requester"
    REVIEWER = "reviewer"
    STEWARD = "steward"
    OWNER = "owner"
    COUNSEL = "counsel"
    APPEALS_OFFICER = "appeals_officer"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    CLOCK = "clock"
    HUB = "hub"


class RequestStatus(StrEnum):
    """Where an access request stands."""

    DRAFT = "draft"
    BROUGHT_IN = "brought_in"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    INFO_REQUESTED = "info_requested"
    APPROVED = "approved"
    DENIED_CORRECTABLE = "denied_correctable"
    DENIED_FINAL = "denied_final"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class GrantStatus(StrEnum):
    """Where a grant stands."""

    PENDING_ACTIVATION = "pending_activation"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    RELINQUISHED = "relinquished"
    REVOKED = "revoked"


class StageStatus(StrEnum):
    """Where a stage of a ladder stands."""

    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class ImportStatus(StrEnum):
    """Where a file of earlier approvals stands."""

    REHEARSED = "rehearsed"
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


class InvitationStatus(StrEnum):
    """Where an invitation stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


Q, G = RequestStatus, GrantStatus

OPEN_REQUEST = frozenset({Q.DRAFT, Q.BROUGHT_IN, Q.SUBMITTED, Q.IN_REVIEW, Q.INFO_REQUESTED, Q.DENIED_CORRECTABLE})
QUEUED = frozenset({Q.SUBMITTED, Q.IN_REVIEW, Q.INFO_REQUESTED})
LIVE_GRANT = frozenset({G.PENDING_ACTIVATION, G.ACTIVE, G.SUSPENDED})
WANTED_GRANT = frozenset({G.PENDING_ACTIVATION, G.ACTIVE})
