"""Use restrictions: stable slugs of what licences of the RAIL family forbid (their Attachment A), each with a sentence.

The sentence is a heading that helps to read; the licence text is what counts.
"""

from gatekeeper.rules.refusals import gettext_noop as _

RESTRICTIONS: dict[str, str] = {
    "law": _("Do not use it in a way that violates the law."),
    "minors": _("Do not exploit, harm or try to harm minors."),
    "false-info-harm": _("Do not make or spread verifiably false information to harm others."),
    "pii-harm": _("Do not make or spread personal data that can be used to harm somebody."),
    "defame-harass": _("Do not defame, disparage or harass others."),
    "automated-adverse-decisions": _("Do not let it decide alone on somebody’s legal rights or obligations."),
    "social-scoring": _("Do not rate people by their social behaviour or personal traits."),
    "exploit-vulnerability": _("Do not exploit the vulnerabilities of a group of people."),
    "protected-characteristics": _("Do not discriminate by legally protected characteristics."),
    "medical-advice": _("Do not give medical advice or interpret medical results."),
    "justice-immigration": _("Do not use it for justice, law enforcement, immigration or asylum."),
    "machine-generated-undisclosed": _("Do not pass on what it makes without saying that a machine made it."),
    "impersonation": _("Do not impersonate others."),
    "malware": _("Do not make malware."),
    "weapons-warfare": _("Do not use it for weapons or warfare."),
    "military-surveillance": _("Do not use it for military purposes or surveillance."),
    "synthetic-likeness": _("Do not make a likeness of somebody without their consent."),
    "undisclosed-agent": _("Do not let it talk to people without saying that it is a machine."),
    "infer-personal-data": _("Do not infer personal data about people."),
    "binding-obligations": _("Do not let it enter into binding obligations alone."),
    "academic-dishonesty": _("Do not use it for academic dishonesty."),
    "bodily-harm": _("Do not use it where it can cause bodily harm."),
    "discriminate-essential-services": _("Do not discriminate in access to essential services."),
    "deceive-known-dangers": _("Do not deceive anybody about dangers that are known."),
    "nuclear": _("Do not use it for nuclear technology."),
}
