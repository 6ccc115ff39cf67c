"""The script that leaving takes: everything a token may see, in files, over the real API."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiToken
from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, Release, Stage
from tests import factories

SCRIPT = Path(__file__).resolve().parent.parent / "docs/deploy/export-everything"


def test_it_writes_a_line_for_each_thing(
    live_server: LiveServer, stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, tmp_path: Path
) -> None:
    """With answers and decisions; each kind has its file, also one of which there is nothing."""
    factories.approved(stage, ha, by=chidi)
    Release.objects.update(not_for_all_audiences=True, summary="Pictures of everything.")
    _row, secret = ApiToken.objects.issue(user=amara.user, name="leave", scopes=["read"])
    token = tmp_path / "token"
    token.write_text(secret)
    environment = {"PATH": os.environ["PATH"], "GATEKEEPER_URL": live_server.url, "GATEKEEPER_TOKEN_FILE": str(token)}
    done = subprocess.run([SCRIPT, tmp_path / "out"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = {
        file.stem: [json.loads(line) for line in file.read_text().splitlines()] for file in (tmp_path / "out").iterdir()
    }
    [case] = files["requests"]
    assert case["id"] == AccessRequest.objects.get().pk
    assert case["submissions"][0]["answers"] == factories.ANSWERS
    assert case["decisions"][0]["words"]
    assert [release["summary"] for release in files["releases"]] == ["Pictures of everything."]
    assert files["licence-versions"][0]["text"]
    assert len(files["events"]) > 5
    assert files["drifts"] == []
    assert "1 requests" in done.stdout
