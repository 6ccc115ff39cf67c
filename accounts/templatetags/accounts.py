"""How a field is drawn, and where a page is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def styled(field: BoundField) -> SafeString:
    """The field's widget, with the class that the stylesheet knows and without a placeholder that repeats the label."""
    widget = field.field.widget
    kind = (
        "form-check-input"
        if is_checkbox(field)
        else "form-select"
        if isinstance(widget, forms.Select)
        else "form-control"
    )
    widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={"class": f"{kind} is-invalid" if field.errors else kind})


@register.filter
def anchor(field: BoundField) -> str:
    """The id that a link in the summary of errors leads to: of the field, or of the first of its boxes."""
    return f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label


@register.simple_tag(takes_context=True)
def this_page(context: Mapping[str, Any]) -> str:
    """The address that shows this page again; whoever answers with another page says so as `seen_on`."""
    request = context["request"]
    asked = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    return getattr(request, "seen_on", asked)
