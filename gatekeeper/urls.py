"""Every address of the service, by entrance."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from gatekeeper import health

# The admin's own form knows neither the second factor nor the limits on tries: people sign in by the one door.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # allauth's own way

urlpatterns = [
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", health.icon),
    path("api/v1/", include("gatekeeper.api.urls")),
    path("hooks/", include("gatekeeper.hooks")),
    path("", include("gatekeeper.web.urls")),
]

handler400 = health.bad_request
handler403 = health.forbidden
handler404 = health.not_found
handler500 = health.broken
