"""The pages: signing in, a repository with its gate and the Hub's own button, one's own requests, the owner's lists."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from gatekeeper.hub.sandbox.control import SandboxControl

Ask = Callable[..., Any]
CARD = """---
pretty_name: <b>Weights</b>
tags: [not-for-all-audiences]
extra_gated_heading: Read this first
extra_gated_prompt: "Apply at https://service.example/apply?a=1&b=2. Or [read on](https://service.example/more)."
extra_gated_button_content: Send it
extra_gated_fields:
  Country: country
  Why & how: text
  Since: date_picker
  Kind:
    type: select
    options: [study, {label: A <company>, value: firm}]
  I agree: checkbox
  Place: ip_location
---
# Title of the card

Some <script>alert(1)</script> words.
"""


class Browser:
    """Someone with a cookie."""

    def __init__(self, ask: Ask, name: str | None = None) -> None:
        self.ask = ask
        self.cookie = ""
        if name:
            answer = ask("POST", "/login", data={"person": name, "next": "/lab/model"})
            assert (answer.status_code, answer.headers["Location"]) == (303, "/lab/model")
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]

    def __call__(self, method: str, path: str, **form: str) -> Any:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        return self.ask(method, path, headers=headers, **({"data": form} if method == "POST" else {}))


@pytest.fixture
def model(hub: SandboxControl) -> str:
    hub.create_repo("lab/model", gated="manual", card=CARD)
    return "/lab/model"


def test_the_page_draws_the_form_of_the_card(hub: SandboxControl, ask: Ask, model: str) -> None:
    page = Browser(ask, "bob")("GET", model).text
    assert "<h2>Read this first</h2>" in page
    assert '<a href="https://service.example/apply?a=1&amp;b=2"' in page
    assert '<a href="https://service.example/more" rel="nofollow noopener">read on</a>' in page
    labels = re.findall(r'<label for="([^"]+)">', page)
    assert len(labels) == 4
    for label in labels:
        assert f'id="{label}"' in page
    assert 'name="Why &amp; how" required' in page
    assert '<option value="firm">A &lt;company&gt;</option>' in page
    assert page.count("<option") == 1 + 249 + 1 + 2
    assert "<button>Send it</button>" in page


def test_nothing_of_a_card_is_taken_for_markup(ask: Ask, model: str) -> None:
    answer = Browser(ask)("GET", model)
    assert "<script>" not in answer.text
    assert "<h1>&lt;b&gt;Weights&lt;/b&gt;</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_button_sends_the_request(hub: SandboxControl, ask: Ask, model: str) -> None:
    browser = Browser(ask, "bob")
    form = {"Country": "FR", "Why & how": "study", "Since": "2026-01-02", "Kind": "firm", "I agree": "on"}
    answer = browser("POST", f"{model}/ask-access", **form)
    assert answer.status_code == 303
    [request] = hub.people("lab/model")
    assert (request["user"], request["status"]) == ("bob", "pending")
    assert request["fields"] == form | {"Place": "FR"}
    assert "waiting for a review" in browser("GET", model).text
    assert "Cancel request to lab/model" in browser("GET", "/settings/gated-repos").text
    assert browser("POST", f"{model}/take-back").status_code == 303
    assert hub.people("lab/model") == []


def test_the_usual_words_stand_where_the_card_has_none(hub: SandboxControl, ask: Ask) -> None:
    hub.create_repo("lab/plain", gated="manual")
    hub.create_repo("lab/quick", "dataset", gated="auto")
    browser = Browser(ask, "bob")
    page = browser("GET", "/lab/plain").text
    assert "You need to agree to share your contact information to access this model" in page
    assert "<button>Agree and send request to access repo</button>" in page
    assert "<button>Agree and access repository</button>" in browser("GET", "/datasets/lab/quick").text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("accepted", "You have access to this model."),
        ("rejected", "Not <i>enough</i>"),
        ("reset", "You can ask again."),
    ],
)
def test_the_page_says_where_a_request_stands(
    hub: SandboxControl, ask: Ask, model: str, status: str, words: str
) -> None:
    hub.set_status("lab/model", "bob", status, by="ada", rejection_reason="Not <i>enough</i>")
    page = Browser(ask, "bob")("GET", model).text
    assert words.replace("<", "&lt;").replace(">", "&gt;") in page
    assert ("<button>Send it</button>" in page) == (status == "reset")


def test_it_asks_to_sign_in_first(ask: Ask, model: str) -> None:
    nobody = Browser(ask)
    assert 'href="/login?next=/lab/model"' in nobody("GET", model).text
    assert 'value="bob"' in nobody("GET", "/login?next=/lab/model").text
    assert nobody("GET", "/settings/gated-repos").status_code == 303
    answer = ask("POST", "/login", data={"person": "bob", "next": "//elsewhere.example"})
    assert answer.headers["Location"] == "/"


def test_an_owner_decides_by_hand(hub: SandboxControl, ask: Ask, model: str) -> None:
    hub.set_status("lab/model", "bob", "pending", fields={"Why & how": "<b>study</b>"})
    owner = Browser(ask, "ada")
    page = owner("GET", f"{model}/access-requests").text
    assert "Why &amp; how: &lt;b&gt;study&lt;/b&gt;" in page
    assert owner("POST", f"{model}/access-requests", person="bob", status="accepted").status_code == 303
    [request] = hub.people("lab/model")
    assert (request["status"], request["grantedBy"]) == ("accepted", "ada")
    assert Browser(ask, "bob")("GET", f"{model}/access-requests").status_code == 403


def test_it_shows_what_is_there_and_hides_what_is_private(hub: SandboxControl, ask: Ask, model: str) -> None:
    hub.create_repo("lab/secret", private=True)
    assert "lab/secret" not in Browser(ask, "bob")("GET", "/").text
    assert "lab/secret" in Browser(ask, "ada")("GET", "/").text
    assert Browser(ask, "bob")("GET", "/lab/secret").status_code == 404
    assert Browser(ask)("GET", "/lab/none").status_code == 401
    assert Browser(ask)("GET", "/avatars/bob.svg").headers["Content-Type"] == "image/svg+xml"


def test_signing_out_forgets(ask: Ask, model: str) -> None:
    assert "Max-Age=0" in Browser(ask, "bob")("POST", "/logout").headers["Set-Cookie"]


def test_of_many_people_some_are_shown_and_the_rest_found(hub: SandboxControl, ask: Ask, model: str) -> None:
    hub.seed("lab/model", {"pending": 300})
    page = Browser(ask)("GET", "/login").text
    assert page.count("<li>") == 200
    assert 'type="search"' in page
    assert 'value="person-0000290"' in Browser(ask)("GET", "/login?person=person-000029").text
