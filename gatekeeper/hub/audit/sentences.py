"""Every finding of an audit in words: how serious it is, what it is, why it matters, and what to do."""

from typing import NamedTuple

from gatekeeper.rules.refusals import gettext_noop as _


class Sentence(NamedTuple):
    """The words of one finding, marked for translation."""

    severity: str
    message: str
    why: str
    todo: str


FINDINGS = {
    # The gate
    "gate_auto": Sentence(
        "high",
        _("The gate is automatic: whoever asks is in. People accepted so far: %(people)s."),
        _("Nobody decides. The form is filled in and the files are open the same second."),
        _(
            "Set the gate to manual review in the repository’s settings on the Hub. Who is in stays in: "
            "look through the list."
        ),
    ),
    "gate_off": Sentence(
        "high",
        _("The card has a form, but the repository is not gated. People on its lists: %(people)s."),
        _(
            "Everybody can download the files without being asked. Turning the gate on again restores all "
            "earlier access."
        ),
        _(
            "Make the repository private first, set the gate to manual, look through the accepted list, "
            "then publish it."
        ),
    ),
    "many_may_open": Sentence(
        "low",
        _("Members who may change a gate or accept people: %(people)s."),
        _("Each of them can open a repository to everybody, and the Hub keeps no record of who did."),
        _("Give the write role to those who need it, and keep decisions to a few."),
    ),
    # Who is in
    "granted_by_former": Sentence(
        "high",
        _("Accepted by somebody who is no member now: %(people)s (%(names)s)."),
        _("Access stays when the person who gave it has left, and nobody may know why it was given."),
        _("Look through these people, and record for each why access stands, or take it away."),
    ),
    "granter_gone": Sentence(
        "medium",
        _("Accepted by an account that does not exist any more: %(people)s."),
        _("Nobody can say who let these people in."),
        _("Look through these people, and record for each why access stands, or take it away."),
    ),
    "added_by_hand": Sentence(
        "medium",
        _("Added by hand, without a request of their own: %(people)s."),
        _(
            "They have neither answers nor an e-mail address in the list. They were never shown the form, "
            "and agreed to nothing."
        ),
        _("Ask them to accept the terms, and keep the proof."),
    ),
    "nobody_decided": Sentence(
        "medium",
        _("Let in although nobody decided: %(people)s."),
        _("No name stands beside their acceptance: the gate was automatic when they asked."),
        _("Decide now: look through these people, and record for each why access stands, or take it away."),
    ),
    "insiders_accepted": Sentence(
        "low",
        _("Accepted people who are members as well: %(people)s."),
        _("Members pass the gate by their role. When they leave, this second access stays."),
        _("Remember them when somebody leaves, or take the second access away now."),
    ),
    "names_hidden": Sentence(
        "medium",
        _("The repository does not share who asks. People without a name in its lists: %(people)s."),
        _("Without a name nobody can be checked, and nobody can be told apart from one list to the next."),
        _("Let the repository share user names in its settings on the Hub."),
    ),
    # Who waits
    "waiting_90": Sentence(
        "medium",
        _("Waiting for more than 90 days: %(people)s."),
        _("Silence is an answer that nobody gave and nobody can appeal against."),
        _("Decide, or reset these requests with a sentence that says where to ask again."),
    ),
    "waiting_14": Sentence(
        "low",
        _("Waiting for more than 14 days: %(people)s."),
        _("Whoever waits without a word asks again elsewhere, or gives up."),
        _("Say on the card how long a decision takes, and keep to it."),
    ),
    # What they agreed to
    "older_text": Sentence(
        "medium",
        _(
            "Accepted people who asked before the gate’s text or form changed on %(date)s (commit "
            "%(commit)s): %(people)s of "
            "%(accepted)s."
        ),
        _("What they agreed to is not what stands there now."),
        _("Find out whether the change matters; if it does, ask them to accept the new text, and keep the proof."),
    ),
    "older_licence": Sentence(
        "high",
        _(
            "Accepted people who asked before the card’s licence went from “%(before)s” to “%(after)s” on "
            "%(date)s (commit "
            "%(commit)s): %(people)s of %(accepted)s."
        ),
        _("They agreed to another licence than the one that is named now."),
        _("Ask them to accept the licence that holds now, and keep the proof with its exact text."),
    ),
    "older_licence_file": Sentence(
        "medium",
        _("Accepted people who asked before %(file)s changed on %(date)s: %(people)s of %(accepted)s."),
        _("The Hub does not keep which text of the licence somebody agreed to."),
        _("Compare both texts; if the change matters, ask them to accept the new one, and keep the proof."),
    ),
    "history_rewritten": Sentence(
        "medium",
        _("Accepted people who asked before the first commit that is left, of %(date)s: %(people)s of %(accepted)s."),
        _("The history was rewritten. What these people agreed to cannot be found out any more."),
        _("Ask them to accept the terms that hold now, and keep the proof."),
    ),
    # The form
    "card_flaw": Sentence(
        "low",
        "",
        _("The Hub may show this part of the form otherwise than it was meant, or not at all."),
        _("Mend the front matter of the README."),
    ),
    "form_asks_nothing": Sentence(
        "medium",
        _("The form asks nothing and says nothing."),
        _(
            "People only share their contact details: they agree to no terms, and give nothing that could "
            "be decided on."
        ),
        _("Add a text, a box for the licence, and the two or three questions that you decide by."),
    ),
    "form_no_assent": Sentence(
        "low",
        _("The form has no box to tick."),
        _("Nothing shows that somebody agreed, besides the button that everybody presses."),
        _("Add a checkbox such as “I accept the licence”."),
    ),
    "form_redundant": Sentence(
        "low",
        _("“%(label)s” asks for what the Hub shares anyway."),
        _(
            "The Hub gives you name and e-mail address, proven. What is typed again is not, and is one more "
            "thing to keep safe."
        ),
        _("Take the question out, unless you mean another address, and then say which."),
    ),
    "form_long_label": Sentence(
        "low",
        _("“%(label)s” is a label of %(length)s characters."),
        _("The Hub keeps each answer under its label: change one letter, and earlier answers belong to no question."),
        _("Put the terms into the text above the form, and give the box a short label that never changes."),
    ),
    "form_many_questions": Sentence(
        "low",
        _("The form asks %(count)s questions."),
        _("Each is required on the Hub. People give up, or type anything."),
        _("Ask what you decide by, and nothing else."),
    ),
    "form_by_address": Sentence(
        "low",
        _("People in the European Union are refused by their network address."),
        _("An address is no proof of where somebody is or works, and nothing of it is recorded."),
        _("Ask for the country in the form, and state the territory in the licence."),
    ),
    # Licence and audience
    "no_licence": Sentence(
        "medium",
        _("The card names no licence."),
        _("Access without terms: nobody can say what may be done with the files."),
        _("Name a licence in the front matter of the card."),
    ),
    "licence_unnamed": Sentence(
        "low",
        _("The licence is “%(identifier)s”, and the card does not name it and link to it."),
        _("People agree to something that they cannot find."),
        _("Set license_name and license_link in the front matter of the card."),
    ),
    "no_licence_file": Sentence(
        "medium",
        _("There is no text of the licence: no LICENSE file, and no link."),
        _("Nobody can accept a text that is not there."),
        _("Add a LICENSE file at the root of the repository."),
    ),
    "audience_tag_missing": Sentence(
        "medium",
        _("The card speaks of content that is not for all audiences, and lacks the tag."),
        _("Without the tag the Hub shows no notice before the page."),
        _("Add not-for-all-audiences to the tags of the card."),
    ),
    "audience_tag_removed": Sentence(
        "medium",
        _("The tag not-for-all-audiences was taken off the card on %(date)s (commit %(commit)s)."),
        _("Since then the Hub shows no notice before the page."),
        _("Find out why, and put it back if the content did not change."),
    ),
    # The token
    "token_writes_all": Sentence(
        "medium",
        _("The token of this audit may write everywhere that its owner may (role “%(role)s”)."),
        _("An audit only reads. Whoever gets hold of this token can change and delete repositories and let people in."),
        _(
            "Make a fine-grained token for this namespace that may read contents and view access requests, "
            "and revoke this one."
        ),
    ),
    "token_wide": Sentence(
        "low",
        _("The token of this audit may do more than read: %(permissions)s."),
        _("An audit only reads."),
        _("Make a token of its own for audits, which may read contents and view access requests."),
    ),
    "token_elsewhere": Sentence(
        "low",
        _("The token of this audit reaches beyond this namespace: %(names)s."),
        _("What happens to one namespace should not spread to another."),
        _("Make one token for each namespace."),
    ),
    "token_old": Sentence(
        "low",
        _("The token of this audit was made on %(date)s."),
        _("The older a token, the more places it was pasted into."),
        _("Make a new one, and revoke this one."),
    ),
}
