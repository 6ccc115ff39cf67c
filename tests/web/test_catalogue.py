"""The catalogue and the page of a release: for anybody, light, and the same at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import releases
from gatekeeper.models import Repository, Stage
from gatekeeper.web.texts import licence_parts
from tests import factories

from .conftest import Browse


def found(browse: Browse, **asked: str) -> str:
    """The list of the catalogue, as its source."""
    page = browse(None).get(reverse("web:catalogue"), asked).content.decode()
    return page.partition('<ul class="list">')[2].partition("</main>")[0]


def test_it_finds_by_the_beginnings_of_words(aurora: Repository, amara: Viewer, browse: Browse) -> None:
    """Of the title and of the publisher; marks of a pattern are letters like others."""
    factories.open_stage(aurora, by=amara, title="Night Faces (2)")
    for text in ("night", "FAC", "fac nig", "(2", "aurora"):
        assert "Night Faces" in found(browse, q=text), text
    for text in ("ight", "aces", "night zebra", ".*"):
        assert "Night Faces" not in found(browse, q=text), text


def test_it_filters_by_kind_and_by_what_is_open(
    aurora_lab: Publisher, aurora: Repository, amara: Viewer, browse: Browse
) -> None:
    """A dataset is not a model, and a planned stage is not open."""
    data = factories.linked(aurora_lab, by=amara, name="faces", kind="dataset")
    factories.open_stage(aurora, by=amara, title="Open model")
    factories.planned_stage(data, by=amara, title="Planned dataset")
    assert "Planned dataset" not in found(browse, kind="model")
    assert "Open model" not in found(browse, kind="dataset")
    assert "Planned dataset" not in found(browse, open="1")
    assert "Open model" in found(browse, open="1")
    page = browse(None).get(reverse("web:catalogue"), {"q": "zebra"}).content.decode()
    assert "No release matches." in page


def test_a_release_is_public_only_once_its_ladder_is(
    aurora_lab: Publisher, aurora: Repository, amara: Viewer, juma: Viewer, browse: Browse
) -> None:
    """Its publisher's people see the draft, and that it is one."""
    release = releases.create_release(aurora_lab, by=amara, title="Secret plan")
    where = reverse("web:release", args=["aurora-lab", release.slug])
    assert browse(None).get(where).status_code == browse(juma).get(where).status_code == 404
    assert "Draft, seen by" in browse(amara).get(where).content.decode()
    assert "Secret plan" not in found(browse)


def test_it_finds_a_release_whatever_the_case_of_its_publisher(stage: Stage, browse: Browse) -> None:
    """As the Hub does."""
    assert browse(None).get(f"/catalogue/Aurora-LAB/{stage.release.slug}/").status_code == 200


def test_a_stage_without_terms_has_no_licence_page(aurora: Repository, amara: Viewer, browse: Browse) -> None:
    """There is nothing to read yet."""
    stage = factories.bare_stage(aurora, by=amara)
    assert browse(amara).get(reverse("web:stage_licence", args=[stage.pk])).status_code == 404


@pytest.mark.parametrize(("size", "most"), [(1, 10), (6, 10)])
def test_a_release_costs_the_same_with_one_stage_and_with_six(
    size: int, most: int, aurora: Repository, amara: Viewer, browse: Browse, django_assert_max_num_queries: Any
) -> None:
    """Statements do not grow with the ladder."""
    stage = factories.planned_stage(aurora, by=amara, cap=5)
    for _more in range(size - 1):
        another = releases.add_stage(stage.release, by=amara, title="Next", repositories=[aurora])
        factories.policy(another, by=amara, cap=5)
    browser = browse(None)
    with django_assert_max_num_queries(most):
        assert browser.get(reverse("web:release", args=["aurora-lab", stage.release.slug])).status_code == 200


def test_a_public_page_weighs_less_than_150_kilobytes(stage: Stage, browse: Browse) -> None:
    """With all that it loads, uncompressed."""
    page = browse(None).get(reverse("web:release", args=["aurora-lab", stage.release.slug])).content
    weight = len(page)
    for name in ("css/bootstrap-reboot.min.css", "gatekeeper/theme.css", "gatekeeper/icon.svg"):
        assert name.encode() in page
        path = finders.find(name)
        assert isinstance(path, str)
        weight += Path(path).stat().st_size
    assert page.count(b"<link rel=") == 3
    assert b"<script" not in page
    assert weight < 150_000


def test_no_page_has_scripts_or_styles_of_its_own(stage: Stage, ha: Viewer, browse: Browse) -> None:
    """The content security policy refuses them, and says so in its header."""
    case = factories.draft(stage, ha)
    answer = browse(ha).get(reverse("web:draft", args=[case.pk]))
    page = answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script>" not in page


def test_the_home_page_knows_who_is_looking(
    stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer, browse: Browse
) -> None:
    """What waits, for whom."""
    factories.submitted(stage, ha)
    assert "Waiting for review" in browse(ha).get("/").content.decode()
    assert "1 request waits for a review." in browse(chidi).get("/").content.decode()
    assert "1 stage is open." in browse(amara).get("/").content.decode()
    assert "Sign in" in browse(None).get("/").content.decode()


def test_a_licence_is_read_with_its_headings_and_no_word_changed() -> None:
    """Headings are told by their marks, capitals or numbers; paragraphs flow, lists do not."""
    text = (
        "Aurora licence\n\n# Preamble\nThese are long words of a first line that was broken by its\nsetter here.\n\n"
        "SECTION II: RIGHTS\n\n2. Grant\n\n"
        "You may:\n- read it, and read it again, as often as you like to do so\n- share it\n"
    )
    parts = licence_parts(text)
    assert [(part.level, part.words.split("\n")[0][:20]) for part in parts] == [
        (0, "Aurora licence"),
        (1, "Preamble"),
        (0, "These are long words"),
        (1, "SECTION II: RIGHTS"),
        (2, "2. Grant"),
        (0, "You may:"),
    ]
    assert "\n" not in parts[2].words
    assert parts[5].words.count("\n") == 2
    assert " ".join(" ".join(part.words for part in parts).split()) == " ".join(text.replace("# ", "").split())


def test_the_first_heading_of_a_text_skips_no_level() -> None:
    """A text that begins with a small heading begins with a first-level one."""
    assert [part.level for part in licence_parts("Section I: Preamble\n\nWords that follow, and end with a stop.")] == [
        1,
        0,
    ]
