"""The addresses of the pages. Names that people choose stand after a word of ours, so that no page hides another."""

from django.urls import path

from gatekeeper.web.views.applying import cases as my_cases
from gatekeeper.web.views.applying import drafts
from gatekeeper.web.views.applying import grants as my_grants
from gatekeeper.web.views.catalogue import audience
from gatekeeper.web.views.catalogue import releases as catalogue
from gatekeeper.web.views.operating import parked, pauses, sync
from gatekeeper.web.views.public import home
from gatekeeper.web.views.reviewing import cases, queue
from gatekeeper.web.views.stewarding import (
    drifts,
    grants,
    policies,
    publishers,
    releases,
    repositories,
    stages,
    webhooks,
)

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("catalogue/", catalogue.catalogue, name="catalogue"),
    path("catalogue/<str:publisher>/<slug:slug>/", catalogue.release, name="release"),
    path("releases/<int:pk>/show/", audience.show, name="show"),
    path("stages/<int:pk>/licence/", catalogue.stage_licence, name="stage_licence"),
    # Applying
    path("stages/<int:pk>/apply/", drafts.start, name="start"),
    path("requests/", my_cases.mine, name="mine"),
    path("requests/<int:pk>/", my_cases.request_page, name="request"),
    path("requests/<int:pk>/questions/", drafts.draft, name="draft"),
    path("requests/<int:pk>/licence/", drafts.licence, name="licence"),
    path("requests/<int:pk>/submit/", drafts.hand_in, name="hand_in"),
    path("requests/<int:pk>/answer/", my_cases.answer_back, name="answer_back"),
    path("requests/<int:pk>/withdraw/", my_cases.withdraw, name="withdraw"),
    path("my-access/", my_grants.my_access, name="my_access"),
    path("my-access/<int:pk>/give-back/", my_grants.relinquish, name="relinquish"),
    # Reviewing
    path("queue/", queue.queue, name="queue"),
    path("cases/<int:pk>/", cases.case_page, name="case"),
    path("cases/<int:pk>/take/", cases.take, name="take"),
    path("cases/<int:pk>/put-back/", cases.put_back, name="put_back"),
    path("cases/<int:pk>/ask/", cases.ask_back, name="ask_back"),
    path("cases/<int:pk>/note/", cases.note, name="note"),
    path("cases/<int:pk>/recommend/", cases.recommend, name="recommend"),
    path("cases/<int:pk>/approve/", cases.approve, name="approve"),
    path("cases/<int:pk>/ask-for-changes/", cases.deny_correctably, name="deny_correctably"),
    path("cases/<int:pk>/deny/", cases.deny_finally, name="deny_finally"),
    # Stewarding
    path("publishers/", publishers.publishers, name="publishers"),
    path("publishers/prove/", repositories.prove, name="prove"),
    path("publishers/<str:name>/overview/", publishers.publisher, name="publisher"),
    path("publishers/<str:name>/people/", publishers.members, name="members"),
    path("publishers/<str:name>/people/<int:pk>/dismiss/", publishers.dismiss, name="dismiss"),
    path("publishers/<str:name>/token/", repositories.token, name="token"),
    path("publishers/<str:name>/webhook/", webhooks.webhook, name="webhook"),
    path("publishers/<str:name>/webhook/on/", webhooks.switch_on, name="webhook_on"),
    path("publishers/<str:name>/webhook/off/", webhooks.switch_off, name="webhook_off"),
    path("publishers/<str:name>/webhook/secret/", webhooks.rotate_secret, name="webhook_secret"),
    path("publishers/<str:name>/link/", repositories.link, name="link"),
    path("publishers/<str:name>/releases/new/", releases.new_release, name="new_release"),
    path("publishers/<str:name>/forms/new/", policies.new_form, name="new_form"),
    path("publishers/<str:name>/licences/new/", policies.new_licence, name="new_licence"),
    path("repositories/<int:pk>/", repositories.repository, name="repository"),
    path("repositories/<int:pk>/start/", repositories.start_from_it, name="start_from_it"),
    path("repositories/<int:pk>/unlink/", repositories.unlink, name="unlink"),
    path("forms/<int:pk>/", policies.gate_form, name="gate_form"),
    path("licences/<int:pk>/", policies.licence_version, name="licence_version"),
    path("releases/<int:pk>/", releases.edit_release, name="edit_release"),
    path("releases/<int:pk>/publish/", releases.publish_ladder, name="publish_ladder"),
    path("releases/<int:pk>/stages/new/", releases.new_stage, name="new_stage"),
    path("stages/<int:pk>/", stages.stage, name="stage"),
    path("stages/<int:pk>/edit/", stages.edit_stage, name="edit_stage"),
    path("stages/<int:pk>/terms/", policies.terms, name="terms"),
    path("stages/<int:pk>/open/", stages.open_stage, name="open_stage"),
    path("stages/<int:pk>/pause/", stages.pause, name="pause"),
    path("stages/<int:pk>/close/", stages.close, name="close"),
    path("stages/<int:pk>/grants/", grants.stage_grants, name="stage_grants"),
    path("grants/<int:pk>/suspend/", grants.suspend, name="suspend"),
    path("grants/<int:pk>/reinstate/", grants.reinstate, name="reinstate"),
    path("grants/<int:pk>/revoke/", grants.revoke, name="revoke"),
    path("drift/", drifts.inbox, name="drifts"),
    path("drift/<int:pk>/", drifts.drift, name="drift"),
    path("drift/<int:pk>/record/", drifts.record, name="record_drift"),
    path("drift/<int:pk>/undo/", drifts.undo, name="undo_drift"),
    path("drift/<int:pk>/allow/", drifts.allow, name="allow_drift"),
    path("repositories/<int:pk>/ghosts/", drifts.undo_ghosts, name="undo_ghosts"),
    path("repositories/<int:pk>/enforce/", drifts.enforce, name="enforce"),
    # Operating
    path("sync/", sync.sync, name="sync"),
    path("sync/on-the-way/", sync.on_the_way, name="on_the_way"),
    path("sync/pause/", pauses.pause_sync, name="pause_sync"),
    path("sync/resume/", pauses.resume_sync, name="resume_sync"),
    path("sync/parked/", parked.parked, name="parked"),
    path("sync/parked/again/", parked.again_all, name="again_all"),
    path("sync/parked/<int:pk>/again/", parked.again, name="again"),
    path("sync/repositories/<int:pk>/pause/", pauses.pause_repository, name="pause_repository"),
    path("sync/repositories/<int:pk>/resume/", pauses.resume_repository, name="resume_repository"),
    path("sync/repositories/<int:pk>/again/", parked.again_repository, name="again_repository"),
]
