"""The HTML of the sandbox: small, plain, usable by keyboard. Everything put into it is escaped here."""

from __future__ import annotations

import re
from html import escape

from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.wire import Answer

STYLE = """
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}
header,main,footer{max-width:56rem;margin:0 auto;padding:1rem}
header{display:flex;gap:1rem;flex-wrap:wrap; border-bottom:1px solid #c9ced6;align-items:center}
header strong{margin-right:auto}
a{color:#0b4f9e}
.pill{border:1px solid #6b7280;border-radius:1rem;padding:0 .6rem;font-size:.9rem;margin-right:.3rem}
.gate{border:2px solid #8a5a00;border-radius:.5rem;padding:1rem;margin:1rem 0;background:#fffaf0}
label{display:block;margin-top:.8rem;font-weight:600}
label.tick{font-weight:400}
input[type=text],input[type=date],input[type=search],select{font:inherit;width:100%;max-width:32rem;padding:.4rem;
border:1px solid #6b7280;border-radius:.3rem}
button{font:inherit;padding:.45rem 1rem;border-radius:.3rem;border:1px solid
#1b1f24;background:#1b1f24;color:#fff;cursor:pointer;margin:.6rem .4rem .2rem 0}
button.quiet{background:#fff;color:#1b1f24}
:focus-visible{outline:3px solid #0b4f9e;outline-offset:2px}
table{border-collapse:collapse;width:100%}
td,th{text-align:left; padding:.3rem .6rem;border-bottom:1px solid #c9ced6;vertical-align:top}
.card{white-space:pre-wrap;overflow-wrap:anywhere}
ul.people{list-style:none;padding:0}
ul.people button{margin:.2rem 0;min-width:18rem;text-align:left}
footer{color:#4b5563;font-size:.9rem}
"""


def page(title: str, body: str, *, viewer: str | None = None, status: int = 200, here: str = "/") -> Answer:
    """A whole page around a body that is already HTML."""
    if viewer:
        who = (
            f'<span>Signed in as {escape(viewer)}</span> <a href="/settings/gated-repos">Gated repositories</a>'
            ' <form method="post" action="/logout"><button class="quiet">Sign out</button></form>'
        )
    else:
        who = f'<a href="/login?next={escape(here, quote=True)}">Sign in</a>'
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · sandbox Hub</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body>"
        f'<header><strong><a href="/">Sandbox Hub</a></strong>{who}</header><main><h1>{escape(title)}</h1>{body}</main>'
        "<footer>A local stand-in for the Hub. Nothing here leaves this computer.</footer></body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    return Answer(
        status,
        html.encode(),
        "text/html; charset=utf-8",
        [("Content-Security-Policy", policy), ("Cache-Control", "no-store")],
    )


def message(title: str, text: str, *, status: int = 200) -> Answer:
    return page(title, f"<p>{escape(text)}</p>", status=status)


def hidden(values: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items()
    )


def linked(text: str) -> str:
    """Escaped text in which `[words](address)` and bare web addresses are links, and line breaks are kept."""
    pattern = re.compile(r"\[([^\]]+)\]\((https?://[^\s)]+)\)|(https?://[^\s<>\"')]+[^\s<>\"').,;:!?])")
    pieces, at = [], 0
    for match in pattern.finditer(text):
        pieces.append(escape(text[at : match.start()]))
        address, words = match[2] or match[3], match[1] or match[3]
        pieces.append(f'<a href="{escape(address)}" rel="nofollow noopener">{escape(words)}</a>')
        at = match.end()
    pieces.append(escape(text[at:]))
    return "".join(pieces).replace("\n", "<br>")


SHOWN = 200


def choose_person(
    store: Store, title: str, action: str, kept: dict[str, str], here: str | None, prefix: str = ""
) -> Answer:
    """A page to choose who one is: a button for each person, the one signed in first; many are narrowed by name."""
    rows = store.all(
        "SELECT name, fullname FROM person WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
        prefix, prefix + "\U0010ffff", SHOWN + 1,
    )  # fmt: skip
    people = sorted(rows[:SHOWN], key=lambda row: row["name"] != here)
    buttons = "".join(
        f'<li><button name="person" value="{escape(row["name"])}">{escape(row["name"])} · {escape(row["fullname"])}'
        f"{' (signed in)' if row['name'] == here else ''}</button></li>"
        for row in people
    )
    find = ""
    if len(rows) > SHOWN or prefix:
        find = (
            f'<form method="get" action="{escape(action)}">{hidden(kept)}<label for="find">Name begins with</label>'
            f'<input type="search" id="find" name="person" value="{escape(prefix)}">'
            '<button class="quiet">Find</button></form>'
        )
    cancel = '<button class="quiet" name="cancel" value="1">Cancel</button>' if "client_id" in kept else ""
    body = (
        f'<p>This is a sandbox: there are no passwords. Choose who you are.</p>{find}<form method="post"'
        f' action="{escape(action)}">{hidden(kept)}<ul class="people">{buttons}</ul>{cancel}</form>'
    )
    return page(title, body, viewer=here)
