"""The main job, walked as people walk it: pages with cookies, the API with a token, the Hub's own button and client.

Each step says what it saw, and the first thing that is not so ends the walk.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from . import holder, scene
from .processes import DemoError
from .scene import REPOSITORIES, RESEARCHER, REVIEWER, SECOND_RESEARCHER, STEWARD, TOKENS
from .town import Town
from .visitor import Visitor

T = TypeVar("T")

PATIENCE = 60.0  # seconds until a worker has done its part
ALL_SCOPES = ["read", "apply", "review", "steward"]


@dataclass
class Teller:
    """Prints each step with the seconds since the start."""

    write: Callable[[str], Any]
    started: float

    def __call__(self, sentence: str) -> None:
        """Say one sentence."""
        self.write(f"{time.monotonic() - self.started:5.1f}s  {sentence}")

    def chapter(self, title: str) -> None:
        """Begin a part of the walk."""
        self.write(f"\n{title}")


def so(sentence: str, holds: bool, found: object = "") -> None:
    """Raise DemoError if something is not so."""
    if not holds:
        raise DemoError(f"Not so: {sentence}. Found: {found}")


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """Return what `look` finds, as soon as it finds something. Raises DemoError when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise DemoError(f"Waited {PATIENCE:.0f} seconds in vain for {what}.")


class Walk:
    """The people of one walk, and where they are."""

    def __init__(self, town: Town, say: Teller) -> None:
        self.town, self.say = town, say
        self.keys: dict[str, str] = {}
        self.visitors: dict[str, Visitor] = {}

    def sign_in(self, name: str) -> Visitor:
        """Sign somebody in through the Hub's OpenID Connect."""
        visitor = self.visitors.get(name)
        if visitor is None:
            visitor = self.visitors[name] = Visitor(name, self.town.web)
            page = visitor.sign_in()
            so(f"{name} is signed in here", name in page.words, page.words[:200])
            self.say(f"{name} signed in with the Hub.")
        return visitor

    def key(self, name: str) -> str:
        """Return an API token of somebody, made on their own page."""
        if name not in self.keys:
            visitor = self.sign_in(name)
            visitor.open("/account/tokens/")
            page = visitor.press("Make the token", {"name": "walk", "scopes": ALL_SCOPES})
            shown = re.search(r"gk_[A-Za-z0-9_-]{20,}", page.html)
            if shown is None:
                raise DemoError(f"{name} was shown no API token.")
            self.keys[name] = shown[0]
        return self.keys[name]

    def api(self, name: str, method: str, path: str, body: object = None, *, expect: int = 200) -> dict[str, Any]:
        """Call the API as somebody."""
        return self.sign_in(name).api(method, path, token=self.key(name), body=body, expect=expect)

    def press_the_hubs_button(self, name: str, repository: str) -> None:
        """Ask for access with the Hub's own button, answering its own form."""
        sent = requests.post(
            f"{self.town.hub}/{repository}/ask-access",
            json=scene.HUB_ANSWERS,
            headers={"Authorization": f"Bearer {TOKENS[name]}"},
            allow_redirects=False,
            timeout=30,
        )
        so(f"the Hub took {name}'s request", sent.status_code == 303, sent.text[:200])

    def may_read(self, name: str, repository: str, *, expected: bool) -> None:
        """Let somebody's own token ask the Hub."""
        may, why = holder.may_read(self.town.hub, TOKENS[name], repository)
        so(f"{name}'s token {'opens' if expected else 'does not open'} {repository}", may == expected, why)
        self.say(f"{name}'s token {'passes' if may else 'fails'} the Hub's auth-check of {repository}. {why}".rstrip())

    def confirmed(self, name: str, repository: str) -> dict[str, Any]:
        """Wait until the service says that somebody has access, and return what it says."""

        def look() -> dict[str, Any] | None:
            answer = self.api(STEWARD, "GET", f"/access?repository={repository}&user={name}")
            return answer if answer["access"] else None

        answer = wait_for(f"{name}'s access to be confirmed", look)
        so("the Hub says accepted", self.town.control.status(repository, name) == "accepted")
        return answer

    def hub_says(self, name: str, repository: str, *statuses: str | None) -> None:
        """Wait until the Hub says one of these of somebody."""
        wait_for(
            f"the Hub to say {statuses} of {name}",
            lambda: self.town.control.status(repository, name) in statuses or None,
        )


def prove_and_link(walk: Walk, *repositories: str) -> None:
    """Prove the namespace with a Hub token, and link repositories, on pages."""
    steward = walk.sign_in(STEWARD)
    if not steward.finds(f"/publishers/{scene.LAB}/overview/"):
        steward.open("/publishers/prove/")
        steward.press("Prove", {"namespace": scene.LAB, "token": TOKENS[STEWARD]})
        walk.say(f"{STEWARD} proved {scene.LAB} with a Hub token.")
    for repository in repositories:
        if repository in steward.open(f"/publishers/{scene.LAB}/overview/").words:
            continue
        steward.open(f"/publishers/{scene.LAB}/link/")
        steward.press("Link", {"name": repository})
        walk.say(f"{STEWARD} linked {repository}; nothing was changed on the Hub.")


def start_from_what_is_there(walk: Walk) -> None:
    """Start a release from the card and the licence of a repository, on its page."""
    steward = walk.sign_in(STEWARD)
    prove_and_link(walk, REPOSITORIES.short_way)
    if urlsplit(steward.page.url).path.startswith("/repositories/"):
        steward.press("Start from what is there")
        walk.say(f"{STEWARD} started from what is there: one stage, the card's form, the repository's licence.")


def appoint_the_reviewer(walk: Walk) -> None:
    """Let the reviewer sign in once and be appointed by the owner."""
    walk.sign_in(REVIEWER)
    steward = walk.sign_in(STEWARD)
    if REVIEWER not in steward.open(f"/publishers/{scene.LAB}/people/").words:
        steward.press("Appoint", {"username": REVIEWER, "role": "reviewer"})
        walk.say(f"{STEWARD} appointed {REVIEWER} as a reviewer.")


def the_short_way(walk: Walk) -> None:
    """Link, start from what is there, and decide on somebody who pressed the Hub's button, on pages."""
    walk.say.chapter("The short way")
    walk.press_the_hubs_button(SECOND_RESEARCHER, REPOSITORIES.short_way)
    walk.say(f"{SECOND_RESEARCHER} pressed the Hub's own button at {REPOSITORIES.short_way}.")
    start_from_what_is_there(walk)
    steward = walk.sign_in(STEWARD)
    card_before = walk.town.control.repo(REPOSITORIES.short_way)["sha"]
    case = wait_for(
        f"{SECOND_RESEARCHER} to be in the queue",
        lambda: re.search(r'href="(/cases/\d+/)"', steward.open("/queue/?view=all").html),
    )
    walk.say(f"{SECOND_RESEARCHER} is in the queue, with the answers given on the Hub.")
    page = steward.open(case[1])
    so("the answers are there", "Institute of Cell Imaging" in page.words, page.words[:300])
    steward.press("Approve")
    walk.say(f"{STEWARD} approved.")
    walk.confirmed(SECOND_RESEARCHER, REPOSITORIES.short_way)
    walk.say("The worker told the Hub, read it back, and the grant is active.")
    walk.may_read(SECOND_RESEARCHER, REPOSITORIES.short_way, expected=True)
    so("the card was not touched", walk.town.control.repo(REPOSITORIES.short_way)["sha"] == card_before)


def two_stages(walk: Walk) -> tuple[int, int]:
    """Make a release with two stages through the API, and open both; returns the ids of the stages."""
    prove_and_link(walk, REPOSITORIES.testers, REPOSITORIES.researchers)
    linked = {row["name"]: row["id"] for row in walk.api(STEWARD, "GET", "/repositories/")["results"]}
    [publisher] = [row["id"] for row in walk.api(STEWARD, "GET", "/publishers/")["results"] if row["name"] == scene.LAB]
    release = walk.api(
        STEWARD, "POST", f"/publishers/{publisher}/releases/",
        {"title": "Aurora-Diffusion", "summary": "An image generator, released stage by stage."}, expect=201,
    )  # fmt: skip
    form = walk.api(
        STEWARD, "POST", f"/publishers/{publisher}/gate-forms/", {"title": "Aurora", "questions": QUESTIONS}, expect=201
    )
    walk.api(STEWARD, "POST", f"/gate-forms/{form['id']}/publish/")
    licence = walk.api(
        STEWARD, "POST", f"/publishers/{publisher}/licence-versions/",
        {"identifier": "other", "title": "Aurora Research Licence", "text": scene.LICENCE}, expect=201,
    )  # fmt: skip
    stages = []
    for title, repository, days in (
        ("Testers", REPOSITORIES.testers, 30),
        ("Researchers", REPOSITORIES.researchers, 365),
    ):
        stage = walk.api(
            STEWARD, "POST", f"/releases/{release['id']}/stages/",
            {"title": title, "audience": f"{title} who say what they will do.", "repositories": [linked[repository]]},
            expect=201,
        )  # fmt: skip
        walk.api(
            STEWARD, "POST", f"/stages/{stage['id']}/policies/",
            {"form": form["id"], "licence_version": licence["id"], "terms": {"duration_days": days}}, expect=201,
        )  # fmt: skip
        stages.append(int(stage["id"]))
    walk.api(STEWARD, "POST", f"/releases/{release['id']}/publish/")
    for opening in stages:
        walk.api(STEWARD, "POST", f"/stages/{opening}/open/", {})
        wait_for("a stage to open", lambda: walk.api(STEWARD, "GET", f"/stages/{opening}/")["status"] == "open" or None)  # noqa: B023  # used at once
    walk.say("A release with two stages is public, and both are open: the Hub was read back as gated by hand.")
    return stages[0], stages[1]


QUESTIONS = [
    {"key": key, "label": {"en": label}, "kind": kind, "required": True, "retention_days": 365,
     "purpose": "To decide on this request."}
    for key, label, kind in (
        ("affiliation", "Affiliation", "short_text"),
        ("country", "Country", "country"),
        ("use", "What will you build or measure?", "long_text"),
        ("agree", "I will keep to the licence", "assent"),
    )
]  # fmt: skip
ANSWERS = {
    "affiliation": "University of Science, Huế",
    "country": "VN",
    "use": "Measure how often prompts about work show men.",
    "agree": "on",
}


def apply_on_pages(walk: Walk, name: str, stage: int, **changes: str) -> int:
    """Apply as somebody: answer, read and accept the licence, check and submit. Returns the id of the request."""
    person = walk.sign_in(name)
    person.open(f"/stages/{stage}/apply/")
    person.press("Begin")
    person.press("Continue to the licence", {f"answer-{key}": said for key, said in (ANSWERS | changes).items()})
    so("the licence is shown", "Use restrictions" in person.page.words, person.page.words[:300])
    if person.may_press("Accept the licence"):
        person.press("Accept the licence")
    else:  # accepted before, at another stage: it still counts
        person.open(urlsplit(person.page.url).path.replace("/licence/", "/submit/"))
    person.press("Submit the request")
    found = re.search(r"/requests/(\d+)/", person.page.url)
    if found is None:
        raise DemoError(f"{name} is not on the page of the request but on {person.page.url}.")
    walk.say(f"{name} answered, accepted the licence and submitted.")
    return int(found[1])


def act(walk: Walk, name: str, case: int, action: str, **arguments: Any) -> dict[str, Any]:
    """Take one step of a case through the API, on the submission that is there."""
    if action in ("ask_back", "approve", "deny_correctably"):
        seen = walk.api(name, "GET", f"/requests/{case}/")
        offered = {offer["action"]: offer for offer in seen["actions"]}
        so(f"“{action}” is offered", offered.get(action, {}).get("allowed") is True, seen["actions"])
        arguments["submission"] = seen["submission"]
    return walk.api(name, "POST", f"/requests/{case}/{action}/", arguments)


def the_full_way(walk: Walk) -> None:
    """Two stages; apply, be asked, answer, be approved and delivered; be revoked; correct a denial."""
    walk.say.chapter("The full way")
    appoint_the_reviewer(walk)
    testers, researchers = two_stages(walk)
    walk.sign_in(RESEARCHER)
    walk.may_read(RESEARCHER, REPOSITORIES.testers, expected=False)
    case = apply_on_pages(walk, RESEARCHER, testers)
    act(walk, REVIEWER, case, "take")
    act(walk, REVIEWER, case, "ask_back", words="Will the images be published?")
    walk.say(f"{REVIEWER} took the case and asked one question, through the API.")
    person = walk.sign_in(RESEARCHER)
    page = person.open(f"/requests/{case}/")
    so("the question is on the page", "Will the images be published?" in page.words, page.words[:300])
    person.press("Answer the question", {_field(page.forms, "words"): "No, only counts."})
    act(walk, REVIEWER, case, "approve", codes=["ELIGIBLE"], words="Welcome.")
    again = walk.api(REVIEWER, "POST", f"/requests/{case}/approve/", _repeated(walk, case), expect=409)
    walk.say(f"{RESEARCHER} answered; {REVIEWER} approved. A second approval is refused: {again['detail']}")
    answer = walk.confirmed(RESEARCHER, REPOSITORIES.testers)
    walk.say(f"Delivered and confirmed; access until {answer['until']}.")
    so("my access says so", "You have access" in person.open("/my-access/").words, person.page.words[:300])
    walk.may_read(RESEARCHER, REPOSITORIES.testers, expected=True)
    grant = walk.api(STEWARD, "GET", f"/grants/?person={RESEARCHER}")["results"][0]
    walk.api(
        STEWARD,
        "POST",
        f"/grants/{grant['id']}/revoke/",
        {"codes": ["PRIOR_BREACH"], "words": "The terms were broken."},
    )
    walk.hub_says(RESEARCHER, REPOSITORIES.testers, "rejected")
    walk.say(f"{STEWARD} revoked the grant; the Hub says rejected.")
    walk.may_read(RESEARCHER, REPOSITORIES.testers, expected=False)
    a_correction(walk, researchers)


def _field(forms: list[Any], ending: str) -> str:
    return next(name for form in forms for name in form.fields if name.endswith(ending))


def _repeated(walk: Walk, case: int) -> dict[str, Any]:
    seen = walk.api(REVIEWER, "GET", f"/requests/{case}/")
    return {"submission": seen["submission"], "codes": ["ELIGIBLE"], "words": "Welcome."}


def a_correction(walk: Walk, stage: int) -> None:
    """Be denied with the way to mend it, mend it, be approved and delivered."""
    case = apply_on_pages(walk, RESEARCHER, stage, use="Research.")
    act(walk, REVIEWER, case, "take")
    act(
        walk,
        REVIEWER,
        case,
        "deny_correctably",
        codes=["USE_THIN"],
        words="Say what you will measure.",
        reopened=["use"],
    )
    walk.say(f"{REVIEWER} asked for changes to one answer.")
    person = walk.sign_in(RESEARCHER)
    person.open(f"/requests/{case}/questions/")
    person.press("Continue to the licence", {"answer-use": ANSWERS["use"]})
    if "hand_in" not in person.page.url and "/submit/" not in person.page.url:
        person.open(f"/requests/{case}/submit/")
    person.press("Submit the corrections")
    act(walk, REVIEWER, case, "take")
    act(walk, REVIEWER, case, "approve", codes=["ELIGIBLE"], words="Clear now.")
    walk.say(f"{RESEARCHER} corrected it; {REVIEWER} approved.")
    walk.confirmed(RESEARCHER, REPOSITORIES.researchers)
    walk.may_read(RESEARCHER, REPOSITORIES.researchers, expected=True)


def main_job(town: Town, say: Teller) -> None:
    """Walk both ways, from a world that was never walked before."""
    town.control.reset()
    scene.set_the_stage(town.control)
    walk = Walk(town, say)
    the_short_way(walk)
    the_full_way(walk)


def open_for_visitors(town: Town, say: Teller) -> None:
    """Have something to see for whoever comes: people, an open stage, and somebody who waits. Done once, then kept."""
    walk = Walk(town, say)
    walk.press_the_hubs_button(SECOND_RESEARCHER, REPOSITORIES.short_way)
    start_from_what_is_there(walk)
    appoint_the_reviewer(walk)
    if "Aurora-Diffusion" not in walk.sign_in(STEWARD).open("/catalogue/").words:
        two_stages(walk)
