"""Pages about oneself; signing in and the second factor are allauth's.

These come before allauth's, so the two addresses of the Hub's sign-in lead through our view of them.
"""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("tokens/", views.api_tokens, name="api_tokens"),
    path("tokens/<int:pk>/revoke/", views.revoke_api_token, name="revoke_api_token"),
    path("language/", views.language, name="language"),
    path(f"oidc/{views.PROVIDER}/login/", views.hub_sign_in, name="hub_sign_in"),
    path(f"oidc/{views.PROVIDER}/login/callback/", views.hub_sign_in_back, name="hub_sign_in_back"),
]
