"""Requests to erase and legal holds, for those who answer for them: stewards, owners, counsel, and operators."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import HubPerson, Publisher
from gatekeeper.actions import erasure
from gatekeeper.models import ErasureRequest, LegalHold
from gatekeeper.models.erasure import ANSWERING, READERS
from gatekeeper.rules.refusals import Invalid, Unmet, WrongState
from gatekeeper.web.finding import paged, staffed
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.views.applying.my_data import meaning
from gatekeeper.web.words import sentence


class HoldForm(forms.Form):
    """Whose data is held, by which publisher, and why."""

    publisher = forms.ModelChoiceField(Publisher.objects.none(), label=gettext_lazy("Publisher"))
    person = forms.CharField(label=gettext_lazy("Name on the Hub"), max_length=200)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=erasure.LONGEST_REASON,
        help_text=gettext_lazy("Its person reads this when they ask for their data to be erased."),
    )


@page("GET", "POST")
def erasures(request: HttpRequest) -> HttpResponse:
    """List who asked to be erased and what holds it back; hold somebody's data."""
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READERS)):
        raise Http404
    form = HoldForm(request.POST if request.method == "POST" else None)
    form.fields["publisher"].queryset = staffed(request, *ANSWERING).order_by("name")  # type: ignore[attr-defined]  # it is a choice of models
    if request.method == "POST" and form.is_valid() and _hold(request, form):
        return redirect("web:erasures")
    held = LegalHold.objects.standing().filter(person=OuterRef("person"))
    asked = ErasureRequest.objects.visible_to(viewer).select_related("person").annotate(held=Exists(held))
    holds = LegalHold.objects.visible_to(viewer).standing().select_related("publisher", "person", "set_by")
    context = {
        "page": paged(request, asked, order="-id", size=25),
        "holds": list(holds.order_by("-pk")[:100]),
        "form": form,
        "may_hold": bool(viewer.publishers_with(*ANSWERING)),
        "answering": viewer.publishers_with(*ANSWERING),
        "operator": viewer.is_operator,
    }
    return render(request, "operating/erasures.html", context, status=status_of(form))


def _hold(request: HttpRequest, form: HoldForm) -> bool:
    person = HubPerson.objects.filter(username__iexact=form.cleaned_data["person"].strip().removeprefix("@")).first()
    if person is None:
        form.add_error("person", sentence(erasure.NOBODY))
        return False
    try:
        erasure.hold(
            form.cleaned_data["publisher"],
            by=viewer_of(request),
            person=person,
            reason=form.cleaned_data["reason"],
        )
    except Invalid as refused:
        put_refusals(form, refused, words="reason")
        return False
    except (Unmet, WrongState) as refused:
        form.add_error("person", sentence(refused.refusal))
        return False
    messages.success(request, _("The data is held. Nothing of it goes before the hold is lifted."))
    return True


@page("POST")
def lift_hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Lift a legal hold."""
    found = get_object_or_404(LegalHold.objects.visible_to(viewer_of(request)).select_related("person"), pk=pk)
    erasure.lift(found, by=viewer_of(request))
    messages.success(request, _("The hold is lifted. What was asked for meanwhile is erased within a minute."))
    return redirect("web:erasures")


@page("GET", "POST", back="web:erase_for")
def erase_for(request: HttpRequest) -> HttpResponse:
    """Erase somebody's data for them, as an operator, after a look at what it means."""
    viewer = viewer_of(request)
    if not viewer.is_operator:
        raise Http404
    name = str(request.POST.get("person") or request.GET.get("person") or "").strip().removeprefix("@")
    person = HubPerson.objects.filter(username__iexact=name).first() if name else None
    if request.method == "POST":
        if person is None:
            raise Http404
        erasure.ask(person, by=viewer)
        messages.success(request, _("The request is kept; what nothing holds back is erased."))
        return redirect("web:erasures")
    context = {"name": name, "person": person, **(meaning(person) if person else {})}
    return render(request, "operating/erase_for.html", context)
