"""Nouns: the rows, and the questions asked of them. They import rules and people; no verbs, no Hub, no HTTP."""

from .campaigns import Campaign
from .drift import Drift
from .erasure import ErasureRequest, LegalHold
from .files import AnswerFile, FileContent, StoredFile
from .grants import Grant
from .hub_access import HubAccess, RepositoryWish
from .hub_capabilities import Capability, HubCapability, Learnt
from .hub_hooks import HookState, HubHook, PullRequest
from .hub_tokens import TokenReach
from .imports import ApprovalImport, EarlierApproval
from .invitations import Invitation, InvitationKind, Invited
from .ladders import Ladder, Release, Stage
from .licences import Acceptance, AcceptanceKind, Capacity, Fragment, Licence, LicenceVersion, Translation
from .members import OrganisationMember
from .outbox import Notice
from .personal import PersonalText, Purpose
from .policies import GateForm, GatePolicy, Intake
from .procedures import Procedure, StoppedGrant
from .receipts import Receipt, SigningKey
from .record import Checkpoint, Event
from .repositories import Card, Repository, RepositoryKind
from .requests import AccessRequest, Decision, Message, MessageKind, Origin, Outcome, Review, Submission
from .sync import Heartbeat, PauseCause, SyncMark, SyncPause

__all__ = [
    "Acceptance",
    "AcceptanceKind",
    "AccessRequest",
    "AnswerFile",
    "ApprovalImport",
    "Campaign",
    "Capability",
    "Capacity",
    "Card",
    "Checkpoint",
    "Decision",
    "Drift",
    "EarlierApproval",
    "ErasureRequest",
    "Event",
    "FileContent",
    "Fragment",
    "GateForm",
    "GatePolicy",
    "Grant",
    "Heartbeat",
    "HookState",
    "HubAccess",
    "HubCapability",
    "HubHook",
    "Intake",
    "Invitation",
    "InvitationKind",
    "Invited",
    "Ladder",
    "Learnt",
    "LegalHold",
    "Licence",
    "LicenceVersion",
    "Message",
    "MessageKind",
    "Notice",
    "OrganisationMember",
    "Origin",
    "Outcome",
    "PauseCause",
    "PersonalText",
    "Procedure",
    "PullRequest",
    "Purpose",
    "Receipt",
    "Release",
    "Repository",
    "RepositoryKind",
    "RepositoryWish",
    "Review",
    "SigningKey",
    "Stage",
    "StoppedGrant",
    "StoredFile",
    "Submission",
    "SyncMark",
    "SyncPause",
    "TokenReach",
    "Translation",
]
