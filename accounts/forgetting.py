"""Forgetting what is known of somebody besides their Hub id and public name; what else is kept is not asked here."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount

from accounts.models import ApiToken, HubPerson, User


def forget(person: HubPerson, *, keep_account: bool, at: datetime) -> None:
    """Forget a person's full name, organisations and earlier names, and what their account holds of them.

    With `keep_account` (they work here) the account stays as it is. Whoever signs in again is the same by their Hub id.
    """
    person.fullname, person.orgs_seen, person.orgs_seen_at = "", [], None
    person.save(update_fields=["fullname", "orgs_seen", "orgs_seen_at"])
    person.names.exclude(username=person.username).delete()
    if person.user_id is None or keep_account:
        return
    User.objects.filter(pk=person.user_id).update(email="", first_name="", last_name="")
    EmailAddress.objects.filter(user=person.user_id).delete()
    SocialAccount.objects.filter(user=person.user_id).update(extra_data={})
    ApiToken.objects.filter(user=person.user_id, revoked_at=None).update(revoked_at=at)
