"""The pages people see: a repository with its gate and button, signing in, one's own requests, the owner's lists."""

from __future__ import annotations

import json
import sqlite3
from html import escape
from typing import Any

from gatekeeper.hub.sandbox import files, gate
from gatekeeper.hub.sandbox.people import find_person
from gatekeeper.hub.sandbox.repos import may_see, may_write, owned_repo, page_of, repo_id, repo_of
from gatekeeper.hub.sandbox.templates import choose_person, linked, message, page
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, redirect, route

_COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = _COUNTRIES.split()
SHOWN = 50


def local(target: str) -> str:
    """Where to go after signing in; only a path of this server."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


@route("GET", "/login")
def login(call: Call) -> Answer:
    here = call.viewer.name if call.viewer else None
    kept = {"next": local(call.first("next"))}
    return choose_person(call.store, "Sign in", "/login", kept, here, call.first("person"))


@route("POST", "/login")
def logged_in(call: Call) -> Answer:
    person = find_person(call.store, call.form.get("person", ""))
    if person is None:
        return message("Nobody was chosen", "There is no such person here. Go back and choose one.", status=400)
    cookie = f"sandbox_person={person['hub_id']}; Path=/; HttpOnly; SameSite=Lax"
    return redirect(local(call.form.get("next", "/")), headers=[("Set-Cookie", cookie)])


@route("POST", "/logout")
def logout(call: Call) -> Answer:
    return redirect("/", headers=[("Set-Cookie", "sandbox_person=; Path=/; Max-Age=0")])


@route("GET", "/avatars/([^/]+)\\.svg")
def avatar(call: Call) -> Answer:
    letter = escape(call.args[0][:1].upper())
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#1b1f24"/>'
        f'<text x="16" y="22" font-family="sans-serif" font-size="18" fill="#fff" text-anchor="middle">{letter}</text>'
        "</svg>"
    )
    return Answer(200, svg.encode(), "image/svg+xml")


@route("GET", "/")
def home(call: Call) -> Answer:
    rows = [row for row in call.store.all("SELECT * FROM repo ORDER BY id DESC LIMIT 200") if may_see(row, call.viewer)]
    items = "".join(
        f'<li><a href="{escape(page_of(row))}">{escape(repo_id(row))}</a> {pills(row)}</li>' for row in rows
    )
    body = f"<ul>{items}</ul>" if items else "<p>There is no repository yet.</p>"
    return page("Repositories", body, viewer=call.viewer.name if call.viewer else None)


def pills(repo: sqlite3.Row) -> str:
    words = [repo["type"], *([repo["visibility"]] if repo["visibility"] != "public" else [])]
    words.append({"auto": "gated, automatic approval", "manual": "gated, manual approval"}.get(repo["gated"], "open"))
    return "".join(f'<span class="pill">{escape(word)}</span>' for word in words)


@route("GET", "/settings/gated-repos")
def own_requests(call: Call) -> Answer:
    """One's own requests, with a button to take back the pending ones."""
    me = call.viewer
    if me is None:
        return redirect("/login?next=/settings/gated-repos")
    rows = call.store.all(
        "SELECT r.status, r.timestamp, repo.* FROM request r JOIN repo ON repo.id=r.repo"
        " WHERE r.person=? ORDER BY r.timestamp DESC",
        me.id,
    )
    lines = []
    for row in rows:
        take_back = ""
        if row["status"] == "pending":
            take_back = (
                f'<form method="post" action="{escape(page_of(row))}/take-back"><button class="quiet">Cancel request to'
                f" {escape(repo_id(row))}</button></form>"
            )
        lines.append(
            f'<tr><td><a href="{escape(page_of(row))}">{escape(repo_id(row))}</a></td><td>{escape(row["status"])}</td>'
            f"<td>{escape(row['timestamp'])}</td><td>{take_back}</td></tr>"
        )
    table = (
        '<table><thead><tr><th scope="col">Repository</th><th scope="col">Status</th><th scope="col">Asked</th>'
        f'<th scope="col">Action</th></tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )
    return page("Your gated repositories", table if rows else "<p>You have asked for nothing yet.</p>", viewer=me.name)


@route("POST", "PAGE/take-back")
def take_back(call: Call) -> Answer:
    me = call.me()
    gate.take_back(call.store, repo_of(call), me.id, call.switches.lag)
    return redirect("/settings/gated-repos")


def field(number: int, label: str, kind: Any) -> str:
    """One question of the card's form. Every question is required in the browser, as on the Hub."""
    name, of = (kind.get("type"), kind) if isinstance(kind, dict) else (kind, {})
    shown, key = escape(str(label)), f"question-{number}"
    common = f'id="{key}" name="{shown}" required'
    if name == "ip_location":
        return f"<p>{shown}: your country, from your network address, is shared with the authors.</p>"
    if name == "checkbox":
        return f'<label class="tick"><input type="checkbox" {common} value="on"> {shown}</label>'
    if name in {"country", "select"}:
        options = COUNTRIES if name == "country" else of.get("options", [])
        pairs = [(o.get("value"), o.get("label")) if isinstance(o, dict) else (o, o) for o in options]
        choices = "".join(f'<option value="{escape(str(value))}">{escape(str(text))}</option>' for value, text in pairs)
        return f'<label for="{key}">{shown}</label><select {common}><option value=""></option>{choices}</select>'
    kind_of_input = "date" if name == "date_picker" else "text"
    return f'<label for="{key}">{shown}</label><input type="{kind_of_input}" {common}>'


def gate_box(call: Call, repo: sqlite3.Row, card: dict[str, Any]) -> str:
    """What the gate says to whoever looks: the form, or where their request stands."""
    if repo["gated"] is None:
        return ""
    viewer, what = call.viewer, f"this {repo['type']}"
    refusal = gate.why_closed(call.store, repo, viewer, call.base)
    request = gate.request_of(call.store, repo["id"], viewer.id) if viewer else None
    status = request["status"] if request else None
    if viewer is not None and refusal is None:
        own = " by your role" if status != "accepted" else ""
        heading = f"<h2>Gated {escape(repo['type'])}</h2>"
        return f'<section class="gate">{heading}<p>You have access to {what}{own}.</p></section>'
    heading = card.get("extra_gated_heading") or f"You need to agree to share your contact information to access {what}"
    prompt = (
        card.get("extra_gated_prompt")
        or "Anyone can see this repository, but its files and content open only once you accept the conditions."
    )
    parts = [f"<h2>{escape(str(heading))}</h2>", f"<p>{linked(str(prompt))}</p>"]
    if card.get("extra_gated_description"):
        parts.append(f"<p>{linked(str(card['extra_gated_description']))}</p>")
    if viewer is None:
        parts.append(f'<p><a href="/login?next={escape(page_of(repo))}">Sign in</a> to review the conditions.</p>')
    elif status == "pending":
        parts.append("<p role=status>Your request is waiting for a review by the authors of this repository.</p>")
    elif status == "rejected" and request:
        reason = request["rejection_reason"]
        parts.append("<p role=status>The authors of this repository have rejected your request.</p>")
        parts.append(f"<p>Reason: {linked(reason)}</p>" if reason else "")
    else:
        if status == "reset" and request:
            reason = request["reset_reason"]
            parts.append("<p role=status>The authors have reset your request. You can ask again.</p>")
            parts.append(f"<p>Reason: {linked(reason)}</p>" if reason else "")
        asked = card.get("extra_gated_fields")
        questions = asked.items() if isinstance(asked, dict) else ()
        inputs = "".join(field(n, label, kind) for n, (label, kind) in enumerate(questions, 1))
        usual = "Agree and send request to access repo" if repo["gated"] == "manual" else "Agree and access repository"
        button = escape(str(card.get("extra_gated_button_content") or usual))
        parts.append(
            f'<form method="post" action="{escape(page_of(repo))}/ask-access">{inputs}<button>{button}</button></form>'
        )
    return f'<section class="gate">{"".join(parts)}</section>'


@route("GET", "PAGE")
def repo_page(call: Call) -> Answer:
    """A repository as a person sees it: gate state, gate form, card and file names."""
    here = call.viewer.name if call.viewer else None
    try:
        repo = repo_of(call)
    except Refusal as refusal:
        words = "<p>There is no such repository, or it is not yours to see.</p>"
        return page("Not found", words, viewer=here, status=refusal.status)
    readme = (files.read_file(call.store, repo, "README.md") or b"").decode(errors="replace")
    card = files.read_card(readme) or {}
    block = files.front_matter(readme)
    text = readme.split("---", 2)[2] if block is not None and readme.count("---") >= 2 else readme
    tree = files.tree_of(call.store, files.head_of(call.store, repo))
    names = "".join(
        f'<li><a href="{escape(page_of(repo))}/resolve/main/{escape(file["path"])}">{escape(file["path"])}</a>'
        f" ({file['size']} bytes)</li>"
        for file in tree
    )
    manage = ""
    if may_write(repo, call.viewer):
        manage = f'<p><a href="{escape(page_of(repo))}/access-requests">Review access requests</a></p>'
    notice = ""
    if "not-for-all-audiences" in (card.get("tags") or []):
        notice = "<p><strong>This repository is marked as not for all audiences.</strong></p>"
    title = card.get("pretty_name") or next(
        (line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")), repo_id(repo)
    )
    body = (
        f"<p>{escape(repo_id(repo))} {pills(repo)}</p>{notice}{gate_box(call, repo, card)}{manage}"
        f'<section><h2>Card</h2><div class="card">{linked(text.strip())}</div></section>'
        f"<section><h2>Files</h2><ul>{names}</ul></section>"
    )
    return page(str(title), body, viewer=here, here=page_of(repo))


@route("GET", "PAGE/access-requests")
def review_page(call: Call) -> Answer:
    """The owner's lists, so that somebody can decide on the Hub by hand."""
    repo = owned_repo(call)
    sections = []
    for status in gate.STATUSES:
        rows = call.store.all(
            "SELECT r.*, p.name, p.fullname FROM request r JOIN person p ON p.id=r.person WHERE r.repo=? AND r.status=?"
            " ORDER BY r.timestamp DESC LIMIT ?",
            repo["id"], status, SHOWN,
        )  # fmt: skip
        lines = "".join(review_line(repo, row) for row in rows) or '<tr><td colspan="3">Nobody.</td></tr>'
        sections.append(
            f'<section><h2>{status.title()}</h2><table><thead><tr><th scope="col">Person</th>'
            f'<th scope="col">Answers</th><th scope="col">Action</th></tr></thead><tbody>{lines}</tbody></table>'
            "</section>"
        )
    return page(f"Access requests of {repo_id(repo)}", "".join(sections), viewer=call.me().name)


def review_line(repo: sqlite3.Row, row: sqlite3.Row) -> str:
    answers = json.loads(row["fields"]) if row["fields"] else {}
    shown = "<br>".join(f"{escape(label)}: {escape(str(value))}" for label, value in answers.items())
    verbs = {"accepted": "Accept", "rejected": "Reject", "pending": "Cancel", "reset": "Reset"}
    buttons = "".join(
        f'<button class="quiet" name="status" value="{status}">{verb} {escape(row["name"])}</button>'
        for status, verb in verbs.items()
        if status != row["status"]
    )
    return (
        f"<tr><td>{escape(row['name'])} ({escape(row['fullname'])})</td><td>{shown}</td><td>"
        f'<form method="post" action="{escape(page_of(repo))}/access-requests">'
        f'<input type="hidden" name="person" value="{escape(row["name"])}">{buttons}</form></td></tr>'
    )


@route("POST", "PAGE/access-requests")
def review(call: Call) -> Answer:
    repo = owned_repo(call)
    person = find_person(call.store, call.form.get("person", ""))
    status = call.form.get("status", "")
    request = gate.request_of(call.store, repo["id"], person["id"]) if person else None
    if person is None or request is None or status not in gate.STATUSES:
        raise Refusal(400, "No access request found matching your criteria")
    gate.move(call.store, repo, person["id"], status, by=call.me().id, lag=call.switches.lag)
    return redirect(f"{page_of(repo)}/access-requests")
