"""Fill a database with one busy stage: `python -m benchmarks.seed --requests 1000000`. One statement per table.

Of each hundred requests, sixty are approved with an active grant, thirty wait in the queue and ten are in review.
It is data for measuring only: rows are written past the verbs, so no event stands behind them.
"""

import argparse
import zlib

from benchmarks import django_up, say

STATEMENTS = (
    (
        "people",
        """
        INSERT INTO accounts_hubperson (hub_user_id, username, fullname, first_seen_at, proven_at, orgs_seen)
        SELECT lpad(to_hex(n), 24, '0'), 'person-' || n, 'Person ' || n, now(), now(), '[]'
        FROM generate_series(%(first)s, %(last)s) AS n ON CONFLICT DO NOTHING""",
    ),
    (
        "texts",
        """
        INSERT INTO gatekeeper_personaltext (person_id, purpose, body, salt, created_at, delete_after, hold)
        SELECT id, 'answers', '{"affiliation": "University", "i_accept": true}', md5(hub_user_id), now(),
            now() + interval '1 year', false
        FROM accounts_hubperson
        WHERE hub_user_id BETWEEN lpad(to_hex(%(first)s), 24, '0') AND lpad(to_hex(%(last)s), 24, '0')""",
    ),
    (
        "requests",
        """
        INSERT INTO gatekeeper_accessrequest (stage_id, person_id, policy_id, origin, status, status_at, created_at,
            queued_at, due_at, reminded, reopened)
        SELECT %(stage)s, p.id, %(policy)s, 'here',
            CASE WHEN p.n %% 100 < 60 THEN 'approved' WHEN p.n %% 100 < 90 THEN 'submitted' ELSE 'in_review' END,
            at, at, at, at + interval '5 days', 0, '[]'
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n,
                now() - row_number() OVER (ORDER BY id) * interval '1 second' AS at
              FROM accounts_hubperson
        WHERE hub_user_id BETWEEN lpad(to_hex(%(first)s), 24, '0') AND lpad(to_hex(%(last)s), 24, '0')) p""",
    ),
    (
        "acceptances",
        """
        INSERT INTO gatekeeper_acceptance (person_id, licence_version_id, policy_id, kind, text_sha256,
            normalised_sha256, rendered_sha256, language,
            capacity, acknowledged, hub_user_id, hub_username, accepted_at)
        SELECT r.person_id, %(licence_version)s, %(policy)s, 'here', repeat('0', 64), repeat('0', 64), '', 'en', 'self',
            '[]', p.hub_user_id, p.username, r.created_at
        FROM gatekeeper_accessrequest r JOIN accounts_hubperson p ON p.id = r.person_id
        WHERE r.stage_id = %(stage)s AND r.submission_id IS NULL""",
    ),
    (
        "submissions",
        """
        INSERT INTO gatekeeper_submission (request_id, number, form_id, policy_id, acceptance_id, answers_id,
            answers_digest, origin, submitted_at)
        SELECT r.id, 1, %(form)s, %(policy)s, a.id, t.id, repeat('0', 64), 'here', r.created_at
        FROM gatekeeper_accessrequest r
        JOIN gatekeeper_personaltext t ON t.person_id = r.person_id AND t.purpose = 'answers'
        JOIN gatekeeper_acceptance a ON a.person_id = r.person_id AND a.policy_id = %(policy)s
        WHERE r.stage_id = %(stage)s AND r.submission_id IS NULL""",
    ),
    (
        "links",
        """
        UPDATE gatekeeper_accessrequest r SET submission_id = s.id
        FROM gatekeeper_submission s WHERE s.request_id = r.id AND r.submission_id IS NULL""",
    ),
    (
        "decisions",
        """
        INSERT INTO gatekeeper_decision (request_id, submission_id, policy_id, outcome, reason_codes, reopened,
            words_id,
            words_digest, redress, automatic, decided_by_id, decided_at)
        SELECT r.id, r.submission_id, %(policy)s, 'approved', '["ELIGIBLE"]', '[]', 0, repeat('0', 64),
            'ask_the_publisher', false, %(reviewer)s, r.status_at
        FROM gatekeeper_accessrequest r LEFT JOIN gatekeeper_decision d ON d.request_id = r.id
        WHERE r.stage_id = %(stage)s AND r.status = 'approved' AND d.id IS NULL""",
    ),
    (
        "grants",
        """
        INSERT INTO gatekeeper_grant (stage_id, person_id, request_id, decision_id, acceptance_id, status, status_at,
            created_at, activated_at, conditions)
        SELECT r.stage_id, r.person_id, r.id, d.id, s.acceptance_id, 'active', r.status_at, r.status_at,
            r.status_at, '[]'
        FROM gatekeeper_accessrequest r
        JOIN gatekeeper_decision d ON d.request_id = r.id
        JOIN gatekeeper_submission s ON s.id = r.submission_id
        LEFT JOIN gatekeeper_grant g ON g.decision_id = d.id
        WHERE r.stage_id = %(stage)s AND r.status = 'approved' AND g.id IS NULL""",
    ),
    (
        "Hub access",
        """
        INSERT INTO gatekeeper_hubaccess (repository_id, person_id, access, closing, cause, generation, attempts,
            parked_reason, lease, seen, seen_at, seen_granted_by, hub_request_id, observe_run, confirmed_at)
        SELECT %(repository)s, g.person_id, 'yes', '', 'approved', 1, 0, '', '', 'accepted', now(), '', '', 0, now()
        FROM gatekeeper_grant g WHERE g.stage_id = %(stage)s ON CONFLICT DO NOTHING""",
    ),
)


def busy_stage(suffix: str = "") -> dict[str, int]:
    """Make, through the verbs, an open stage with a policy, and return the ids of its parts."""
    from django.utils import timezone

    from accounts.models import HubPerson, Membership, Publisher, User
    from accounts.viewer import Viewer
    from gatekeeper.actions import people, repositories, stages

    name = f"bench{suffix}"
    user, _made = User.objects.get_or_create(username=f"{name}-owner")
    person = HubPerson.objects.see(hub_user_id=f"{'f' * 16}{zlib.crc32(name.encode()):08x}", username=f"{name}-owner")
    HubPerson.objects.filter(pk=person.pk).update(user=user, proven_at=timezone.now())
    publisher, made = Publisher.objects.get_or_create(name=name, kind="organisation", defaults={"created_by": user})
    Membership.objects.get_or_create(publisher=publisher, user=user, role="owner", defaults={"added_by": user})
    owner = Viewer.of(user)
    if made:
        people.appoint(publisher, by=owner, user=user, role="reviewer")
        token = people.keep_token(publisher, by=owner, secret="hf_bench")
        repository = repositories.link(
            publisher, by=owner, kind="model", name=f"{name}/model", token=token, found={"gate": "manual"}
        )
        stage = repositories.start_from_what_is_there(
            repository,
            by=owner,
            intake="here",
            questions_asked=[
                {
                    "key": "affiliation",
                    "label": {"en": "Affiliation"},
                    "kind": "short_text",
                    "purpose": "p",
                    "retention_days": 365,
                },
                {
                    "key": "i_accept",
                    "label": {"en": "I accept"},
                    "kind": "assent",
                    "purpose": "p",
                    "retention_days": 365,
                },
            ],
            licence={"identifier": "other", "title": "Bench licence", "text": b"Be good.\n"},
        )
        stages.confirm_open(stage)
    repository = publisher.repositories.get()
    stage = repository.stages.get()
    policy = stage.policy
    assert policy is not None
    return {
        "stage": stage.pk,
        "policy": policy.pk,
        "form": policy.form_id,
        "licence_version": policy.licence_version_id,
        "repository": repository.pk,
        "reviewer": user.pk,
    }


def fill(requests: int, ids: dict[str, int]) -> None:
    """Bring the stage to this many requests."""
    from django.db import connection

    from gatekeeper.models import AccessRequest

    there = AccessRequest.objects.filter(stage=ids["stage"]).count()
    if requests <= there:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for what, statement in STATEMENTS:
            say(f"{what} …")
            cursor.execute(statement, {**ids, "first": there + 1, "last": requests})
        cursor.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000)
    asked = parser.parse_args()
    django_up()
    fill(asked.requests, busy_stage())
    say(f"There are {asked.requests} requests.")


if __name__ == "__main__":
    main()
