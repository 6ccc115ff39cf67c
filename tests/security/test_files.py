"""What is handed out as a file, and what somebody else's program makes of it."""

from __future__ import annotations

import csv

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.models import Stage
from tests import factories


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_spreadsheet_runs_what_a_list_says(stage: Stage, bram: Viewer, separator: str) -> None:
    """Whichever separator it takes: in French it is the semicolon, and what follows one begins a cell."""
    source = factories.rehearsed(
        stage,
        'ines,2025-04-02,"Board;=HYPERLINK(""http://evil.example"")","v1; +1"',
        'juma,2025-04-02,\uff1dcmd,"@SUM(1)"',
        by=bram,
    )
    browser = Client()
    assert bram.user is not None
    browser.force_login(bram.user)
    answer = browser.get(reverse("web:import_lines", args=[source.pk]))
    assert isinstance(answer, StreamingHttpResponse)
    text = b"".join(answer).decode()  # type: ignore[arg-type]  # it is not asynchronous
    cells = [cell.strip() for row in csv.reader(text.splitlines(), delimiter=separator) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff1d"))]
