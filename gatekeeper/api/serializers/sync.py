"""The shape of the sync: how the installation and each repository stand, and what would be told."""

from __future__ import annotations

from rest_framework import serializers

from gatekeeper.actions.sync import LONGEST_WORDS
from gatekeeper.models import PauseCause
from gatekeeper.models.sync_diff import Change

from .arguments import LARGEST_ID, Strict
from .common import Member, Person, RepositoryName, Shape


class PauseShown(Shape):
    """A pause of the sync: while it is open, nothing is told to the Hub."""

    id = serializers.IntegerField()
    repository = serializers.IntegerField(source="repository_id", allow_null=True, help_text="Null: everywhere.")
    cause = serializers.ChoiceField(choices=PauseCause.choices)
    words = serializers.CharField()
    paused_at = serializers.DateTimeField()
    paused_by = Member()


class CountsShown(Shape):
    """How many rows stand how. None is counted beyond 10,000; then `more` is true."""

    due = serializers.IntegerField(help_text="To be told.")
    told = serializers.IntegerField(help_text="Told, and not read back yet.")
    removals = serializers.IntegerField(help_text="Among these: who still has access on the Hub and is not to have it.")
    oldest_due = serializers.DateTimeField(allow_null=True)
    parked = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    more = serializers.BooleanField()


class ParkedFor(Shape):
    """How many rows are parked for one reason."""

    reason = serializers.CharField()
    rows = serializers.IntegerField()


class SyncShown(Shape):
    """How the installation stands."""

    counts = CountsShown()
    parked = ParkedFor(many=True)
    pauses = PauseShown(many=True, help_text="Those of the whole installation.")
    worker_seen_at = serializers.DateTimeField(allow_null=True, help_text="When any worker was last seen.")
    worker_missing = serializers.BooleanField(help_text="None has been seen for three minutes.")
    hub_away_since = serializers.DateTimeField(allow_null=True)
    cache_away = serializers.BooleanField()


class BudgetShown(Shape):
    """What a token has left."""

    left = serializers.IntegerField()
    quota = serializers.IntegerField()
    until = serializers.DateTimeField()


class SyncRow(Shape):
    """How one repository stands."""

    repository = RepositoryName()
    counts = CountsShown()
    seen_gate = serializers.CharField()
    observed_at = serializers.DateTimeField(allow_null=True, help_text="When its lists were last read whole.")
    failure = serializers.CharField(help_text="Why reading them fails; empty if it does not.")
    failing_since = serializers.DateTimeField(allow_null=True)
    parked_reason = serializers.CharField(help_text="Why everything about it stopped; empty if it did not.")
    gate_due_at = serializers.DateTimeField(allow_null=True, help_text="Since when its gate or card is to be written.")
    gate_parked_reason = serializers.CharField()
    pauses = PauseShown(many=True)
    token = serializers.CharField(allow_null=True, help_text="The fingerprint of the token that is used.")
    budget = BudgetShown(allow_null=True, help_text="Null: nothing is known of it.")


class WouldBeTold(Shape):
    """What would become of one person."""

    change = serializers.ChoiceField(choices=[(change.value, change.value) for change in Change])
    repository = RepositoryName()
    person = Person()


class DiffShown(Shape):
    """What would be told to the Hub if the sync went on now."""

    digest = serializers.CharField(help_text="To be named when the sync is let go on after a restore.")
    accepted = serializers.IntegerField()
    removed = serializers.IntegerField()
    closed = serializers.IntegerField(help_text="Requests closed that give no access.")
    gates = serializers.IntegerField(help_text="Gates and cards written.")
    drift = serializers.IntegerField(help_text="Findings that wait for somebody; nothing is told about them by itself.")
    unread = RepositoryName(many=True, help_text="Repositories whose lists were not read since the pause.")
    people = WouldBeTold(many=True, help_text="The first 100 of each change.")


class PausingSync(Strict):
    """Why the sync is paused."""

    words = serializers.CharField(max_length=LONGEST_WORDS)


class PausingAllSync(Strict):
    """Why all sync is paused."""

    words = serializers.CharField(max_length=LONGEST_WORDS, required=False, default="", allow_blank=True)
    after_restore = serializers.BooleanField(
        default=False, help_text="The database was restored: it goes on only with the digest of what would be told."
    )


class Resuming(Strict):
    """What was looked at."""

    confirm = serializers.CharField(max_length=64, required=False, default="", help_text="The digest, after a restore.")


class TakingUp(Strict):
    """What to try again."""

    reason = serializers.CharField(max_length=60)
    repository = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="One repository only."
    )
