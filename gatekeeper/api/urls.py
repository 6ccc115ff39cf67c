"""Addresses of the API, under /api/v1/. Those of verbs are generated from the step tables."""

from django.urls import path, re_path

from gatekeeper.api.views import (
    access,
    docs,
    documents,
    drifts,
    grants,
    linking,
    publishers,
    record,
    releases,
    repositories,
    requests,
    verbs,
)

app_name = "api"
urlpatterns = [
    path("access", access.Access.as_view(), name="access"),
    path("requests/", requests.Requests.as_view(), name="requests"),
    path("requests/<int:pk>/", requests.OneRequest.as_view(), name="request"),
    path("grants/", grants.Grants.as_view(), name="grants"),
    path("grants/<int:pk>/", grants.OneGrant.as_view(), name="grant"),
    path("releases/", releases.Releases.as_view(), name="releases"),
    path("releases/<int:pk>/", releases.OneRelease.as_view(), name="release"),
    path("releases/<int:pk>/publish/", releases.ReleasePublishing.as_view(), name="release-publish"),
    path("releases/<int:pk>/stages/", releases.ReleaseStages.as_view(), name="release-stages"),
    path("stages/", releases.Stages.as_view(), name="stages"),
    path("stages/<int:pk>/", releases.OneStage.as_view(), name="stage"),
    path("stages/<int:pk>/start/", requests.StageStart.as_view(), name="stage-start"),
    path("stages/<int:pk>/policies/", releases.StagePolicies.as_view(), name="stage-policies"),
    path("repositories/", repositories.Repositories.as_view(), name="repositories"),
    path("repositories/<int:pk>/", repositories.OneRepository.as_view(), name="repository"),
    path("repositories/<int:pk>/unlink/", repositories.Unlinking.as_view(), name="repository-unlink"),
    path("repositories/<int:pk>/take-up-again/", repositories.TakingUp.as_view(), name="repository-take-up-again"),
    path("repositories/<int:pk>/start/", linking.RepositoryStart.as_view(), name="repository-start"),
    path("repositories/<int:pk>/enforce/", drifts.Enforcing.as_view(), name="repository-enforce"),
    path("drifts/", drifts.Drifts.as_view(), name="drifts"),
    path("drifts/<int:pk>/", drifts.OneDrift.as_view(), name="drift"),
    path("hub-access/", repositories.HubAccesses.as_view(), name="hub-accesses"),
    path("hub-access/<int:pk>/", repositories.OneHubAccess.as_view(), name="hub-access"),
    path("gate-forms/", documents.GateForms.as_view(), name="gate-forms"),
    path("gate-forms/<int:pk>/", documents.OneGateForm.as_view(), name="gate-form"),
    path("gate-forms/<int:pk>/publish/", documents.GateFormPublishing.as_view(), name="gate-form-publish"),
    path("licence-versions/", documents.LicenceVersions.as_view(), name="licence-versions"),
    path("licence-versions/<int:pk>/", documents.OneLicenceVersion.as_view(), name="licence-version"),
    path("events/", record.Events.as_view(), name="events"),
    path("events/<int:pk>/", record.OneEvent.as_view(), name="event"),
    path("publishers/", publishers.Publishers.as_view(), name="publishers"),
    path("publishers/<int:pk>/people/", publishers.People.as_view(), name="publisher-people"),
    path(
        "publishers/<int:pk>/people/<int:user>/<slug:role>/", publishers.OneRole.as_view(), name="publisher-person-role"
    ),
    path("publishers/<int:pk>/repositories/", linking.PublisherRepositories.as_view(), name="publisher-repositories"),
    path("publishers/<int:pk>/releases/", publishers.PublisherReleases.as_view(), name="publisher-releases"),
    path("publishers/<int:pk>/gate-forms/", publishers.PublisherForms.as_view(), name="publisher-gate-forms"),
    path(
        "publishers/<int:pk>/licence-versions/",
        publishers.PublisherLicences.as_view(),
        name="publisher-licence-versions",
    ),
    *verbs.routes(),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    re_path(r"^.*$", docs.NothingHere.as_view()),
]
