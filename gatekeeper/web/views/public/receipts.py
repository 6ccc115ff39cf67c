"""Receipts: the one that a person keeps, and the page where anybody finds out whether one is genuine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from gatekeeper.models import Receipt
from gatekeeper.proof import keys as proof_keys
from gatekeeper.proof import receipts
from gatekeeper.web.pages import page, viewer_of

VERIFIER = Path(receipts.__file__).with_name("verify_receipt.py")
COMMAND = f"python {VERIFIER.name} receipt.json --keys gatekeeper-keys.json --licence LICENSE"


class VerifyForm(forms.Form):
    """A receipt, as a file or as its text."""

    file = forms.FileField(label=_("The file of the receipt"), required=False)
    text = forms.CharField(label=_("Or its text"), required=False, widget=forms.Textarea(attrs={"rows": 6}))

    def document(self) -> str:
        """Return what was sent; a file comes before a text."""
        file = self.cleaned_data["file"]
        if file is None:
            return str(self.cleaned_data["text"])
        return str(file.read(receipts.LONGEST + 1).decode("utf-8", "replace"))

    def clean(self) -> dict[str, Any]:
        """Refuse nothing at all."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not cleaned.get("text"):
            self.add_error("file", _("Choose a file, or put in the text of a receipt."))
        return cleaned


@page()
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """A receipt, for its person and for those who answer for the release."""
    found = _find(request, pk)
    own = found.acceptance.person == viewer_of(request).person
    context = {"receipt": found, "own": own, "verifier": VERIFIER.name, **_shown(json.loads(found.body))}
    return render(request, "public/receipt.html", context)


@page()
def receipt_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt as the document that verifies."""
    text = json.dumps(receipts.document(_find(request, pk)), indent=2, ensure_ascii=False)
    answer = HttpResponse(text + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{pk}.json"'
    return answer


def _find(request: HttpRequest, pk: int) -> Receipt:
    seen = Receipt.objects.visible_to(viewer_of(request))
    return get_object_or_404(seen.select_related("acceptance__person", "key"), acceptance=pk)


@page("GET", "POST", public=True)
def verify(request: HttpRequest) -> HttpResponse:
    """Whether a receipt that somebody brings was signed here, and what it says. Nothing is kept of it."""
    context: dict[str, Any] = {"form": VerifyForm(), "verifier": VERIFIER.name, "command": COMMAND}
    status = 200
    if request.method == "POST":
        form = context["form"] = VerifyForm(request.POST, request.FILES)
        if form.is_valid():
            verdict = receipts.check(form.document())
            context |= {"verdict": verdict}
            if verdict.genuine:
                assert verdict.body is not None
                context |= _shown(verdict.body)
        status = 200 if "verdict" in context else 422
    answer = render(request, "public/verify.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a receipt of ours says, with its time as a time."""
    return {"body": body, "accepted_at": parse_datetime(body["accepted_at"])}


@page(public=True)
def verifier(request: HttpRequest) -> HttpResponse:
    """The file that checks a receipt without this service."""
    answer = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="verify_receipt.py"'
    return answer


@page(public=True)
def keys(request: HttpRequest) -> HttpResponse:
    """The public halves of all keys that ever signed a receipt here, and of the one that signs now."""
    return JsonResponse({"issuer": receipts.issuer(), "keys": proof_keys.published()})
