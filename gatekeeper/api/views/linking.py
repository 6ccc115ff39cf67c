"""Linking a repository, and the short way from there. The Hub is only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.people import namespaces_of_token
from gatekeeper.actions import people, projections, repositories
from gatekeeper.actions.releases import require
from gatekeeper.api.errors import HubAway, sentence
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Strict
from gatekeeper.api.serializers.common import Shape
from gatekeeper.api.serializers.documents import RepositoryFound, findings_shown
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.releases import RepositoryShown, StageDetail
from gatekeeper.hub import adopt, previews
from gatekeeper.models import Intake, Repository, RepositoryKind, Stage
from gatekeeper.rules import projection
from gatekeeper.rules.card_report import Group, grouped
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet

from .base import Face, find
from .hub_tokens import HubTokenShown, token_shown, tokens_of
from .releases import detailed_stage, stages_of


class NewRepository(Strict):
    """A repository to link."""

    kind = serializers.ChoiceField(choices=RepositoryKind.choices, default=RepositoryKind.MODEL)
    name = serializers.CharField(max_length=200, help_text="owner/name")


class ShortStart(Strict):
    """How the short way takes requests."""

    intake = serializers.ChoiceField(choices=Intake.choices, default=Intake.HUB_IS_ENOUGH)


class PublisherRepositories(Face):
    """The repositories of a publisher, to link."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_repositories_link", request=NewRepository, responses={201: RepositoryShown})
    def post(self, request: Request, pk: int) -> Response:
        """Read a repository with the publisher's token and link it; nothing is written to the Hub."""
        publisher = self.my_publisher(pk)
        asked = self.read(NewRepository, request.data)
        require(self.viewer, publisher.pk)  # before the Hub is asked anything
        with asking_the_hub():
            repository = adopt.link_repository(publisher, by=self.viewer, **asked)
        return Response(answered(RepositoryShown, repository), status=201)


class NewHubToken(Strict):
    """A Hub token to keep."""

    token = serializers.CharField(
        max_length=300, write_only=True, help_text="It is kept encrypted, and never answered."
    )


class PublisherHubTokens(Face):
    """The Hub tokens of a publisher, to give another one."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_hub_tokens_keep", request=NewHubToken, responses={201: HubTokenShown})
    def post(self, request: Request, pk: int) -> Response:
        """Keep a token beside those in use. The Hub is asked whose it is; it is checked further within a minute."""
        publisher = self.my_publisher(pk)
        secret = self.read(NewHubToken, request.data)["token"].strip()
        require(self.viewer, publisher.pk, people.OWNERS)  # before the Hub is asked anything
        with asking_the_hub():
            proof = adopt.prove_namespace(secret)
        if publisher.name.lower() not in {each.name.lower() for each in namespaces_of_token(proof)}:
            raise Invalid(adopt.NOT_THEIRS, {"token": adopt.NOT_THEIRS})
        kept = people.keep_token(publisher, by=self.viewer, secret=secret, **people.told_of_token(proof))
        return Response(token_shown(find(tokens_of(self), kept.pk)), status=201)


class CardLink(Strict):
    """Where people apply, as the cards shall say."""

    card_link = serializers.URLField(max_length=500)


class SeenCards(CardLink):
    """A dry run that was looked at."""

    seen = serializers.DictField(
        child=serializers.CharField(max_length=64), help_text="The commit of each card, by the id of its repository."
    )


class CardPlan(Shape):
    """What would be written to one card."""

    repository = serializers.IntegerField()
    commit = serializers.CharField()
    diff = serializers.ListField(child=serializers.CharField(), help_text="A unified diff; empty: nothing to write.")
    cannot = serializers.CharField(allow_blank=True, help_text="Why nothing can be written; empty: it can.")


class FormPlan(Shape):
    """What projecting a form would write."""

    questions = serializers.ListField(child=serializers.CharField(), help_text="Their labels on the Hub.")
    cards = CardPlan(many=True)


class FormProjected(Shape):
    """The cards that a worker writes now."""

    repositories = serializers.ListField(child=serializers.IntegerField())


class StageCardForm(Face):
    """The first questions of a stage's form, on the cards of its repositories."""

    scope = STEWARD

    def _found(self, pk: int) -> tuple[Stage, list[Repository]]:
        stage = find(Stage.objects.visible_to(self.viewer).select_related("release__publisher"), pk)
        require(self.viewer, stage.release.publisher_id)  # the Hub is asked with the publisher's token
        linked = Repository.objects.linked().filter(stages=stage)
        return stage, list(linked.select_related("token", "publisher").order_by("pk"))

    @extend_schema(operation_id="stage_card_form_preview", parameters=[CardLink], responses=FormPlan)
    def get(self, request: Request, pk: int) -> Response:
        """Say what would be written to each card, as it stands on the Hub now. Nothing is written."""
        stage, linked = self._found(pk)
        link = self.asked(CardLink)["card_link"]
        policy = stage.policy
        fields = projection.to_hub(policy.form.document).fields if policy else []
        with asking_the_hub():
            cards = [self._plan(repository, link, fields) for repository in linked]
        return Response({"questions": [label for label, _specification in fields], "cards": cards})

    def _plan(self, repository: Repository, link: str, fields: list[Any]) -> dict[str, Any]:
        plan = previews.asked_preview(repository, link, fields)
        refused = plan.finding and Refusal(plan.finding["code"], plan.finding["message"], plan.finding["values"])
        return {
            "repository": repository.pk,
            "commit": plan.commit,
            "diff": list(plan.diff),
            "cannot": sentence(refused) if refused else "",
        }

    @extend_schema(operation_id="stage_card_form_write", request=SeenCards, responses=FormProjected)
    def post(self, request: Request, pk: int) -> Response:
        """Have a worker write the cards, once the dry run of each was looked at; a card changed since is 409."""
        stage, linked = self._found(pk)
        asked = self.read(SeenCards, request.data)
        numbered = ((each, commit) for each, commit in asked["seen"].items() if each.isdecimal() and len(each) < 20)
        seen = {int(each): commit for each, commit in numbered}
        with asking_the_hub():
            previews.refuse_unseen(linked, seen)
        written = projections.project_form(stage, by=self.viewer, card_link=asked["card_link"])
        return Response({"repositories": [repository.pk for repository in written]})


def found_shown(found: adopt.Found) -> dict[str, Any]:
    """Return what a repository has on the Hub as it is answered."""
    groups = grouped(found.findings)
    report = {
        group.value: [
            {
                "code": each["code"],
                "line": each["line"],
                "field": each.get("label", ""),
                "sentence": sentence(Refusal(each["code"], each["message"], each["values"])),
            }
            for each in groups.get(group, ())
        ]
        for group in Group
    }
    row = {
        "commit": found.state.commit,
        "gate": found.state.gate,
        "waiting": found.waiting,
        "accepted": found.accepted,
        "questions": found.questions,
        "findings": findings_shown(found.lint()),
    }
    return dict(RepositoryFound(row | report).data)


class RepositoryHas(Face):
    """What a linked repository has on the Hub now."""

    scope = STEWARD

    @extend_schema(operation_id="repository_found", responses=RepositoryFound)
    def get(self, request: Request, pk: int) -> Response:
        """Read the card as the Hub has it: its form, and what an import would mend, leave behind or find dangerous."""
        repository = find(Repository.objects.linked().visible_to(self.viewer).select_related("publisher", "token"), pk)
        require(self.viewer, repository.publisher_id)  # the Hub is asked with the publisher's token
        with asking_the_hub():
            return Response(found_shown(adopt.what_a_link_has(repository)))


class RepositoryStart(Face):
    """The short way."""

    scope = STEWARD

    @extend_schema(operation_id="repository_start", request=ShortStart, responses={201: StageDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Start from what is there: one stage with the form of the card and the licence of the repository."""
        repository = find(Repository.objects.visible_to(self.viewer).select_related("publisher", "token"), pk)
        asked = self.read(ShortStart, request.data)
        require(self.viewer, repository.publisher_id)
        with asking_the_hub():
            there = adopt.what_to_start_from(repository)
        stage = repositories.start_from_what_is_there(
            repository, by=self.viewer, questions_asked=there.questions, licence=there.licence or {}, **asked
        )
        return Response(detailed_stage(find(stages_of(self.viewer), stage.pk), self.viewer), status=201)


@contextmanager
def asking_the_hub() -> Iterator[None]:
    """Answer a Hub that is away as 503, and what the viewer can mend (a token, a name) as 422."""
    try:
        yield
    except adopt.CannotAsk as cannot:
        if cannot.reason.startswith(("token_", "repository_")):
            raise Unmet(cannot.refusal) from cannot
        raise HubAway(sentence(cannot.refusal), code=cannot.refusal.code) from cannot
