"""My data: what is kept of somebody, to read and to take along, and having it erased."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import HubPerson
from gatekeeper.actions import erasure
from gatekeeper.models import ErasureRequest, LegalHold
from gatekeeper.models.own_data import consequences, own_data
from gatekeeper.rules.erasure import Fate
from gatekeeper.rules.refusals import NotAllowed, Refusal, gettext_noop
from gatekeeper.web.kept import parts_of
from gatekeeper.web.pages import page, viewer_of

NOT_CONNECTED = Refusal(
    "no_hub_identity", gettext_noop("Connect your name on the Hub first: what is kept here stands under it.")
)


@page()
def my_data(request: HttpRequest) -> HttpResponse:
    """Show all that is kept of the viewer."""
    person = _me(request)
    context = {
        "parts": list(parts_of(own_data(person))),
        "waits": ErasureRequest.objects.waiting().filter(person=person).first(),
    }
    return render(request, "applying/my_data.html", context | {"holds": holds_on(person)})


@page()
def my_data_file(request: HttpRequest) -> HttpResponse:
    """Hand the same out as a file that a machine reads."""
    answer = JsonResponse(own_data(_me(request)), json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@page("GET", "POST", back="web:my_data")
def erase(request: HttpRequest) -> HttpResponse:
    """Have the viewer's data erased, after a look at what ends, what goes and what stays."""
    person = _me(request)
    if request.method == "POST":
        asked = erasure.ask(person, by=viewer_of(request))
        if asked.carried_out_at is None:
            messages.warning(request, _("Your request is kept. It is carried out as soon as the legal hold is lifted."))
        else:
            messages.success(request, _("Your data is erased."))
        return redirect("web:my_data")
    return render(request, "applying/erase.html", {"person": person, **meaning(person)})


def _me(request: HttpRequest) -> HubPerson:
    """Return the Hub person of the viewer. Raises NotAllowed for an account that is not connected."""
    person = viewer_of(request).person
    if person is None:
        raise NotAllowed(NOT_CONNECTED)
    return person


def meaning(person: HubPerson) -> dict[str, Any]:
    """Return what erasing somebody's data means, for a template."""
    found = consequences(person)
    fates = {fate.value: [one for one in found if one.fate is fate] for fate in Fate}
    return {**fates, "holds": holds_on(person)}


def holds_on(person: HubPerson) -> list[LegalHold]:
    """Return the legal holds that stand in the way."""
    return list(LegalHold.objects.standing().filter(person=person).select_related("publisher").order_by("pk"))
