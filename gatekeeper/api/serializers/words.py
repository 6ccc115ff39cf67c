"""The words that fields choose from, so that each list has one name in the OpenAPI document."""

from gatekeeper.catalogues.reason_codes import REASON_CODES
from gatekeeper.rules.campaigns import CampaignStatus
from gatekeeper.rules.drift import DriftKind, DriftStatus, Severity
from gatekeeper.rules.form_lint import Severity as LintSeverity
from gatekeeper.rules.procedures import Phase, ProcedureKind, ProcedureStatus, Scope
from gatekeeper.rules.statuses import GrantStatus, ImportStatus, InvitationStatus, RequestStatus, StageStatus

REQUEST_STATUSES = [(status.value, status.value) for status in RequestStatus]
GRANT_STATUSES = [(status.value, status.value) for status in GrantStatus]
STAGE_STATUSES = [(status.value, status.value) for status in StageStatus]
DRIFT_STATUSES = [(status.value, status.value) for status in DriftStatus]
DRIFT_KINDS = [(kind.value, kind.value) for kind in DriftKind]
PROCEDURE_KINDS = [(kind.value, kind.value) for kind in ProcedureKind]
PROCEDURE_STATUSES = [(status.value, status.value) for status in ProcedureStatus]
CAMPAIGN_STATUSES = [(status.value, status.value) for status in CampaignStatus]
PHASES = [(phase.value, phase.value) for phase in Phase]
SCOPES = [(scope.value, scope.value) for scope in Scope]
DRIFT_SEVERITIES = [(severity.value, severity.value) for severity in Severity]
LINT_SEVERITIES = [(severity.value, severity.value) for severity in LintSeverity]
IMPORT_STATUSES = [(status.value, status.value) for status in ImportStatus]
INVITATION_STATUSES = [(status.value, status.value) for status in InvitationStatus]
CODES = [(code, reason.label) for code, reason in REASON_CODES.items()]
ENTRY = [("anyone", "anyone"), ("invited", "invited")]
AUTOMATIC = [("never", "never"), ("always", "always")]
