"""The one fixed sentence that the Hub shows its person for each cause, with the way to where more is said.

The Hub keeps at most 200 characters and shows them to that person only; nothing of a case stands in them.
"""

from django.conf import settings

LONGEST = 200
WORDS = {
    "expired": "Your access has ended. You can renew it or ask again here:",
    "relinquished": "You gave this access back. You can ask again here:",
    "erased": "Your data was erased, so this has ended. You can ask again here:",
    "request_expired": "The time to finish this request ran out. You can ask again here:",
    "lapsed": "The licence was not accepted in time. Accept it here, and access comes back:",
    "not_carried_over": "Access given before is not carried over. This is no denial; you can ask again here:",
    "changes_needed": "Changes are needed before this can be approved. See which here:",
    "denied": "This request was decided. The reasons, and what you can do, are here:",
    "undone": "Access to this repository is decided elsewhere. You can ask for it here:",
    "still_open": "Your request is still open, and nothing is lost. Its page is here:",
    "revoked": "This access was ended. The reasons, and what you can do, are here:",
}
OTHERWISE = "What was decided, and what you can do, is here:"


def sentence(cause: str) -> str:
    """Return the sentence for a cause, with the address of “my access” unless that would be too long for the Hub."""
    words = WORDS.get(cause, OTHERWISE)
    whole = f"{words} {settings.PUBLIC_URL}/my-access/"
    return whole if len(whole) <= LONGEST else words.rstrip(":") + "."
