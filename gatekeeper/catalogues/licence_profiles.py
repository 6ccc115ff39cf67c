"""What is known of licences that are often met on the Hub: facts that a publisher checks against the text, no texts.

A profile is filled in from here by the Hub's identifier, or by the name that goes with “other”. Where a fact was not
to be had, it stays unsaid.
"""

from typing import Any

from gatekeeper.rules.refusals import gettext_noop as _

RAIL_M = [
    "law",
    "minors",
    "false-info-harm",
    "pii-harm",
    "defame-harass",
    "automated-adverse-decisions",
    "social-scoring",
    "exploit-vulnerability",
    "protected-characteristics",
    "medical-advice",
    "justice-immigration",
]
BLOOM = [*RAIL_M, "machine-generated-undisclosed", "impersonation"]
OPEN_RAIL: dict[str, Any] = {
    "family": "rail",
    "revocable": "no",
    "latest_version": "reasonable_effort",
    "remote_restriction": "everywhere",
    "deletion_at_end": "no",
    "flow_down": ["restrictions", "licence-copy", "keep-notices", "mark-changes"],
}
RESEARCH: dict[str, Any] = {
    "family": "research",
    "revocable": "yes",
    "latest_version": "none",
    "deletion_at_end": "yes",
    "flow_down": ["no-transfer"],
    "conditions": ["non-commercial", "research-only", "age-and-authority", "sanctions", "no-location-disguise"],
}

PROFILES: dict[str, dict[str, Any]] = {
    "openrail": {"dated": "", "profile": {"family": "rail"}, "restrictions": []},  # names a family, no text
    "bigscience-bloom-rail-1.0": {"dated": "2022-05-19", "profile": OPEN_RAIL, "restrictions": BLOOM},
    "bigscience-openrail-m": {"dated": "2022-08-18", "profile": OPEN_RAIL, "restrictions": BLOOM},
    "creativeml-openrail-m": {"dated": "2022-08-22", "profile": OPEN_RAIL, "restrictions": RAIL_M},
    "openrail++": {
        "dated": "2022-11-24",
        "profile": OPEN_RAIL | {"latest_version": "none"},
        "restrictions": RAIL_M,
    },
    "bigcode-openrail-m": {
        "dated": "2023",
        "profile": OPEN_RAIL
        | {
            "latest_version": "none",
            "remote_restriction": "hosted",
            "flow_down": ["restrictions-or-similar", "licence-copy", "keep-notices", "mark-changes", "documentation"],
        },
        "restrictions": [*RAIL_M, "malware", "machine-generated-undisclosed"],
    },
    "deepfloyd-if-license": {"dated": "2023", "profile": RESEARCH, "restrictions": []},
    "sdxl-0.9-research": {"dated": "2023", "profile": RESEARCH, "restrictions": []},
    "llama3.1": {
        "dated": "2024-07",
        "profile": {
            "family": "community",
            "revocable": "on_breach",
            "latest_version": "documents",
            "deletion_at_end": "yes",
            "flow_down": ["licence-copy", "restrictions", "attribution", "name-prefix"],
            "conditions": ["age-and-authority", "acceptable-use", "user-limit", "contract-by-region"],
        },
        "restrictions": [],
    },
    "gemma": {
        "dated": "2024",
        "profile": {
            "family": "community",
            "revocable": "on_breach",
            "latest_version": "documents",
            "remote_restriction": "everywhere",
            "deletion_at_end": "yes",
            "flow_down": ["licence-copy", "restrictions"],
            "conditions": ["acceptable-use"],
        },
        "restrictions": [],
    },
    "flux-1-dev-non-commercial-license": {
        "dated": "2024",
        "profile": {
            "family": "research",
            "revocable": "yes",
            "latest_version": "documents",
            "deletion_at_end": "yes",
            "flow_down": ["licence-copy"],
            "conditions": ["non-commercial", "acceptable-use"],
        },
        "restrictions": [],
    },
    "apertus": {
        "dated": "2025-09-01",
        "profile": {
            "family": "open_with_policy",
            "revocable": "no",
            "latest_version": "periodic",
            "deletion_at_end": "no",
            "flow_down": ["licence-copy", "keep-notices", "mark-changes"],
            "conditions": ["acceptable-use"],
        },
        "restrictions": [],
    },
}

FAMILIES: dict[str, str] = {
    "rail": _("Open access with use restrictions (RAIL)"),
    "research": _("For research"),
    "community": _("Community licence of its maker"),
    "open_with_policy": _("Free licence with an acceptable use policy"),
    "other": _("A licence of its own"),
}
FACTS: dict[str, dict[str, str]] = {
    "revocable": {
        "unsaid": _("It is not said here whether the licence can be taken back: the text counts."),
        "no": _("The licence cannot be taken back."),
        "on_breach": _("The licence ends if you break it."),
        "yes": _("The licence can be taken back."),
    },
    "latest_version": {
        "unsaid": _("It is not said here whether you have to keep up with later versions: the text counts."),
        "none": _("You need not keep up with later versions."),
        "documents": _("Rules at another address are part of it, and may change: keep up with them."),
        "reasonable_effort": _("Make a reasonable effort to use the latest version."),
        "periodic": _("Renew what the text names, as often as it says."),
    },
    "remote_restriction": {
        "unsaid": _("It is not said here whether its maker may restrict your use from afar: the text counts."),
        "none": _("Its maker may not restrict your use from afar."),
        "hosted": _("Its maker may restrict your use of a hosted service."),
        "everywhere": _("Its maker may restrict your use, from afar too."),
    },
    "deletion_at_end": {
        "unsaid": _("It is not said here whether copies have to be deleted when it ends: the text counts."),
        "no": _("Copies that you hold need not be deleted."),
        "yes": _("When the licence ends you delete every copy."),
    },
}
FLOW_DOWN: dict[str, str] = {
    "restrictions": _("Pass the use restrictions on, as terms that bind whoever receives it or uses your service."),
    "restrictions-or-similar": _("Pass on the use restrictions, or similar ones."),
    "licence-copy": _("Give a copy of the licence."),
    "keep-notices": _("Keep the notices."),
    "mark-changes": _("Say in changed files that you have changed them."),
    "attribution": _("Name where it comes from, as the text says."),
    "name-prefix": _("Begin the name of what you make of it as the text says."),
    "documentation": _("Pass the documentation on."),
    "no-transfer": _("Do not pass it on to anybody."),
}
CONDITIONS: dict[str, str] = {
    "non-commercial": _("Not for commercial use."),
    "research-only": _("For research only."),
    "age-and-authority": _("You are of age, and may bind whom you accept for."),
    "acceptable-use": _("An acceptable use policy is part of it."),
    "sanctions": _("You are under no sanctions."),
    "no-location-disguise": _("You do not disguise where you are."),
    "user-limit": _("It is not for services with more users than the text names."),
    "contract-by-region": _("With whom you agree depends on where you are."),
}


def known(identifier: str, title: str = "") -> dict[str, Any] | None:
    """Return what is known of a licence by the Hub's identifier, or by its name where that is “other”."""
    return PROFILES.get(identifier.strip().lower()) or PROFILES.get(title.strip().lower())
