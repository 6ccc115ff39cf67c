"""Every address of the service, by entrance."""

from django.contrib import admin
from django.urls import include, path

from gatekeeper import health

urlpatterns = [
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = health.bad_request
handler403 = health.forbidden
handler404 = health.not_found
handler500 = health.broken
