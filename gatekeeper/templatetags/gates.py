"""How things of the gates are drawn: times, standings, answers, buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template.defaultfilters import date as formatted
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from gatekeeper.catalogues.reason_codes import REASON_CODES
from gatekeeper.models import Repository, RepositoryWish, Stage
from gatekeeper.rules.questions import Kind
from gatekeeper.web import form_words, lint_words, words
from gatekeeper.web.at_the_hub import about, remedy, why_parked
from gatekeeper.web.buttons import Button
from gatekeeper.web.navigation import Place, places
from gatekeeper.web.troubles import Trouble
from gatekeeper.web.troubles import troubles as told

register = template.Library()

for _filter in (
    words.for_requester,
    words.for_staff,
    words.promise,
    words.of_grant,
    words.of_grant_for_staff,
    words.of_stage,
    words.of_import,
    words.verdict_words,
    words.line_reason,
    words.of_gate,
    words.sentence,
    words.in_reader_language,
    words.purpose_words,
    words.terms_in_words,
    words.restriction_words,
    form_words.change_words,
    form_words.change_tone,
    form_words.part_texts,
    form_words.condition_words,
    form_words.difference_title,
    form_words.label_in,
    why_parked,
    remedy,
):
    register.filter(_filter.__name__, _filter)


@register.simple_tag
def when(at: datetime | date | None, hint: bool = True) -> SafeString | str:
    """A time with its zone, and as a hint how far off it is; a date alone has neither."""
    if at is None:
        return ""
    if not isinstance(at, datetime):
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), formatted(at, "j F Y"))
    at = at.astimezone(UTC)
    day = formatted(at, pgettext("format of a date", "j M Y"))
    text = gettext("%(date)s, %(time)s UTC") % {"date": day, "time": formatted(at, "H:i")}
    stamp = at.isoformat(timespec="seconds")
    if not hint:
        return format_html('<time datetime="{}">{}</time>', stamp, text)
    return format_html('<time datetime="{}">{}</time> <span class="quiet">({})</span>', stamp, text, naturaltime(at))


@register.filter
def translated(message: str) -> str:
    """A sentence that was marked for translation, in the reader's language."""
    return gettext(message)


@register.filter
def reason(code: str) -> str:
    """The label of a reason code, for people."""
    return gettext(REASON_CODES[code].label) if code in REASON_CODES else code


@register.filter
def reason_hint(code: str) -> str:
    """What a reason code tells the requester to do."""
    return gettext(REASON_CODES[code].hint) if code in REASON_CODES else ""


@register.filter
def seen_words(seen: str) -> str:
    """What the Hub was last read as saying."""
    return str(words.SEEN.get(seen, seen))


@register.filter
def wished_words(access: str) -> str:
    """What the Hub should say."""
    return str(words.WISHED.get(access, access))


@register.inclusion_tag("includes/actions.html")
def actions(
    buttons: Mapping[str, Button], *names: str, primary: str = "", submit: bool = False, label: str = ""
) -> dict[str, Any]:
    """The buttons of these actions (all, if none is named) that are offered.

    `submit` ends the form around them; `label` is another name for one whose usual name would mislead there.
    """
    chosen = [buttons[name] for name in names or buttons if name in buttons]
    chosen = [replace(button, label=label) if label else button for button in chosen]
    return {"buttons": [button.ending_a_form() if submit else button for button in chosen], "primary": primary}


@register.filter
def of_stage_next(stage: Stage) -> str:
    """What the standing of a stage means for somebody who wants to apply."""
    return str(words.of_stage(stage).next)


@register.simple_tag(takes_context=True)
def navigation(context: Mapping[str, Any]) -> list[Place]:
    """The way around for whoever is looking; a page that is drawn without a request has the public one."""
    request = context.get("request")
    if request is None:
        return places(context.get("viewer"), "")
    view = request.resolver_match.func if request.resolver_match else None
    return places(context.get("viewer"), request.path, getattr(view, "__module__", ""))


@register.simple_tag(takes_context=True)
def troubles(context: Mapping[str, Any]) -> list[Trouble]:
    """What is wrong with the installation, for whoever looks after releases; nothing for anybody else."""
    return told(context.get("viewer"))


@register.filter
def finding_words(finding: Mapping[str, Any]) -> str:
    """A finding about a card, in the reader's language."""
    return words.sentence(about(finding))


@register.inclusion_tag("includes/form_findings.html")
def form_findings(form: lint_words.Linted) -> dict[str, Any]:
    """What the linter says of a form: one that is kept, or that of a card."""
    return {"findings": lint_words.told(form.lint(), form.questions)}


@register.inclusion_tag("includes/card_report.html")
def card_report(findings: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What an import of a card mended, leaves behind or found dangerous."""
    return {"report": lint_words.report(findings)}


@register.filter
def kind_words(kind: str) -> str:
    """A kind of question, for people."""
    return str(words.KINDS[Kind(kind)])


@register.filter
def wish_of(repository: Repository, wishes: Mapping[int, RepositoryWish]) -> RepositoryWish | None:
    """The wish about a repository, if there is one."""
    return wishes.get(repository.pk)
