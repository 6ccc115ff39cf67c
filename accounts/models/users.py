"""Users: people with an account, and the named system users among them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class PeopleManager(UserManager["User"]):
    """Users, and the named system users among them."""

    use_in_migrations = False

    def system(self, name: str) -> User:
        """The system user of this name, made if it is missing.

        Raises ValueError if a person holds the name.
        """
        user, _made = self.get_or_create(
            username=name, defaults={"is_system": True, "is_active": False, "password": "!"}
        )
        if not user.is_system:
            raise ValueError(f"“{name}” is the name of a person, not of a system user.")
        return user


class User(AbstractUser):
    """Somebody who acts here: a person with an account, or a named system user such as the clock."""

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        FRENCH = "fr", _("French")

    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.ENGLISH)
    is_operator = models.BooleanField(_("operator"), default=False, help_text=_("Looks after this installation."))
    is_system = models.BooleanField(_("system user"), default=False, help_text=_("Acts by itself; cannot sign in."))

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        # In upper case, because that is how PostgreSQL is asked by __iexact.
        constraints = [
            models.UniqueConstraint(Upper("email"), condition=~Q(email=""), name="user_email_once"),
            models.UniqueConstraint(Upper("username"), name="user_username_once"),
            models.CheckConstraint(
                condition=Q(is_system=False) | Q(is_active=False, is_staff=False, is_superuser=False),
                name="user_system_cannot_sign_in",
            ),
        ]
