"""Why something at the Hub stopped: every reason that a row, a wish or a repository is parked with, as a sentence."""

from gatekeeper.rules.refusals import Refusal
from gatekeeper.rules.refusals import gettext_noop as _

from .port import HubError

WHY = {
    "token_refused": _("The Hub does not know this token any more. Make a new one, and try again."),
    "token_read_only": _("The token may not do this. Make one with the write role, and try again."),
    "token_missing": _(
        "The publisher has no Hub token that could be used. Give one that may write to its repositories."
    ),
    "token_unreadable": _("The token was encrypted with a key that this installation no longer has. Give it again."),
    "repository_gone": _("There is no repository of this name that the token can see."),
    "repository_disabled": _("The Hub has disabled this repository."),
    "another_repository": _(
        "Another repository stands under this name now. Link the one that is meant, and unlink this."
    ),
    "not_gated": _("The repository is not gated on the Hub any more. Open its stage again, which gates it."),
    "usernames_hidden": _(
        "The repository does not share who asks. Let it share user names in its settings on the Hub."
    ),
    "person_gone": _("The account does not exist on the Hub any more."),
    "identity_unproven": _("Nobody has proved that this Hub account is this person: they have to sign in once."),
    "person_not_addressable": _("The Hub takes names only, and this name belongs to somebody else by now."),
    "not_found_in_lists": _("The person was not found in the repository’s lists, which are too long to read for one."),
    "visibility_refused": _(
        "The Hub does not let this repository be made private or public: its owner’s plan or rules may not allow it."
    ),
    "card_missing": _("The repository has no README that could say where to apply."),
    "card_own_description": _("The card’s form has a description of its own, which is not replaced."),
    "card_merge_conflict": _("The card holds the marks of a merge that was not finished."),
    "card_not_as_written": _("The card does not hold what was written; somebody or something changes it back."),
    "card_form_does_not_fit": _("The questions do not fit into the front matter of the card."),
    "card_bad_link": _("The address where to apply is not a plain web address."),
    "refused_as_sent": _("The Hub does not take what it is sent, and does not say why in words that we know."),
    "timeout": _("The Hub did not answer in time. Try again in a minute."),
    "connection_lost": _("The connection to the Hub broke off. Try again in a minute."),
    "hub_unwell": _("The Hub answers with errors at the moment. Try again in a minute."),
    "unreachable": _("The Hub cannot be reached at the moment. Try again in a minute."),
    "rate_limited": _("The Hub asks us to wait. Try again in a few minutes."),
    "budget": _("The token’s calls are used up for the moment. Try again in a few minutes."),
}
# What somebody can do about it, where the sentence above does not say it already.
REMEDIES = {
    "token_refused": _("Once the publisher has a new token, everything goes on by itself within five minutes."),
    "token_read_only": _("Once the publisher has a new token, everything goes on by itself within five minutes."),
    "token_missing": _("Once the publisher has a token, everything goes on by itself within five minutes."),
    "token_unreadable": _("Once the publisher has given its token again, everything goes on by itself."),
    "repository_gone": _("If it was deleted or moved to another owner, close its stages and unlink it."),
    "repository_disabled": _("Ask the Hub’s own people why; it is tried again every five minutes."),
    "usernames_hidden": _("Access is still taken away there; nobody is let in until it shares them."),
    "person_gone": _("End their grant. If the account comes back, try again."),
    "identity_unproven": _("When they have signed in, try again."),
    "person_not_addressable": _("Ask them to sign in here once, so that their new name is known; then try again."),
    "not_found_in_lists": _("Look for them in the repository’s own list on the Hub; then try again."),
    "visibility_refused": _(
        "Change that at its owner’s account, then try again; or halt the procedure and make it private there by hand."
    ),
    "card_missing": _("Add a README on the Hub, then try again."),
    "card_own_description": _("Write there by hand where to apply, or take the description out; then try again."),
    "card_merge_conflict": _("Finish the merge on the Hub, then try again."),
    "card_not_as_written": _("Find out what changes the card back, then try again."),
    "card_form_does_not_fit": _("Write the questions to the card by hand, or mend its front matter; then try again."),
    "card_bad_link": _("Correct the public address of this service, then try again."),
}
NO_REMEDY = _("Try again. If it stops again, look for the reason in the log of the workers.")
OTHERWISE = _("The Hub did not answer as expected (%(reason)s). Try again in a minute.")


def explain(failed: HubError) -> Refusal:
    """Return what a failure means, as a sentence for people."""
    return Refusal(failed.reason, WHY.get(failed.reason, OTHERWISE), {"reason": failed.reason})
