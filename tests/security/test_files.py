"""What is handed out as a file, and what somebody else's program makes of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.management.live import files
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


def test_secrets_are_closed_to_others_from_the_first_moment(tmp_path: Path) -> None:
    """Also in a folder that was there before, and where the script that closes it is not."""
    tmp_path.chmod(0o755)
    files.keep_secrets(tmp_path, {"email_url": "smtp+tls://me:secret@mail.example.org:587"})
    assert tmp_path.stat().st_mode & 0o777 == 0o700
