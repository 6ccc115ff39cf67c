"""Repositories as the client makes, describes, lists, moves and deletes them; files, commits and discussions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]
CARD = "---\nlicense: openrail\ntags: [not-for-all-audiences]\nextra_gated_prompt: Please.\n---\n# A model\n"


def test_it_makes_and_deletes(api: Api) -> None:
    owner = api("ada")
    assert owner.create_repo("lab/new", private=True).repo_id == "lab/new"
    assert owner.model_info("lab/new").private is True
    with pytest.raises(HfHubHTTPError) as caught:
        owner.create_repo("lab/new")
    assert caught.value.response.status_code == 409
    owner.create_repo("lab/new", exist_ok=True)
    with pytest.raises(HfHubHTTPError) as caught:
        api("bob").create_repo("lab/other")
    assert caught.value.response.status_code == 403
    owner.delete_repo("lab/new")
    with pytest.raises(RepositoryNotFoundError):
        owner.delete_repo("lab/new")
    owner.create_repo("ada/data", repo_type="dataset")
    assert owner.dataset_info("ada/data").author == "ada"


def test_it_describes_a_repository(hub: SandboxControl, api: Api) -> None:
    """Also to strangers, card and all, although the gate is closed."""
    made = hub.create_repo("lab/model", gated="auto", card=CARD)
    found = api("bob").model_info("lab/model")
    assert (found.id, found.gated, found.private) == ("lab/model", "auto", False)
    assert found.card_data is not None
    assert found.card_data.license == "openrail"
    assert found.card_data.to_dict()["extra_gated_prompt"] == "Please."
    assert found.tags == ["not-for-all-audiences", "license:openrail"]
    assert [file.rfilename for file in found.siblings or []] == [".gitattributes", "README.md"]
    assert found._id == made["id"]  # type: ignore[attr-defined]  # kept from the answer
    same = api("bob").model_info("lab/model", revision=found.sha)
    assert same.sha == found.sha
    slim = api("bob").model_info("lab/model", expand=["gated"])
    assert (slim.gated, slim.sha) == ("auto", None)
    with pytest.raises(RevisionNotFoundError):
        api("bob").model_info("lab/model", revision="none")


def test_it_lists_by_author_gate_and_page(hub: SandboxControl, api: Api, ask: Ask) -> None:
    for number in range(12):
        hub.create_repo(f"lab/m{number}", gated="manual" if number % 2 else False, private=number == 0)
    hub.create_repo("ada/own")
    assert len(list(api("ada").list_models(author="lab"))) == 12
    assert len(list(api("bob").list_models(author="lab"))) == 11
    names = [model.id for model in api("bob").list_models(author="lab", gated=True, expand=["gated"])]
    assert names == ["lab/m11", "lab/m9", "lab/m7", "lab/m5", "lab/m3", "lab/m1"]
    answer = ask("GET", "/api/models?limit=5")
    assert len(answer.json()) == 5
    assert len(ask("GET", answer.links["next"]["url"]).json()) == 5
    assert list(api("bob").list_datasets()) == []


def test_settings_echo_only_what_was_sent_about_the_gate(hub: SandboxControl, ask: Ask, gated: str) -> None:
    sent = {"gated": "auto", "gatedNotificationsMode": "real-time", "gatedNotificationsEmail": "a@example.org"}
    assert ask("PUT", f"/api/models/{gated}/settings", "ada", json=sent).json() == {"gated": "auto"}
    kept = hub.repo(gated)["settings"]
    assert kept == {"gatedNotificationsMode": "real-time", "gatedNotificationsEmail": "a@example.org"}
    assert ask("PUT", f"/api/models/{gated}/settings", "ada", json={}).json() == {}
    assert ask("GET", f"/api/models/{gated}/settings", "ada").status_code == 404
    for wrong in ({"gated": True}, {"gated": 0}, {"visibility": "hidden"}, {"private": "yes"}):
        assert ask("PUT", f"/api/models/{gated}/settings", "ada", json=wrong).status_code == 400
    assert hub.repo(gated)["gated"] == "auto"


def test_the_client_changes_gate_and_visibility(hub: SandboxControl, api: Api, gated: str) -> None:
    owner = api("ada")
    for gate in ("auto", "manual", False):
        owner.update_repo_settings(gated, gated=gate, private=gate == "auto")
        found = owner.model_info(gated)
        assert (found.gated, found.private) == (gate, gate == "auto")


def test_members_pass_the_gate_unless_they_are_gated_too(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    api("dora").auth_check(gated)
    ask("PUT", f"/api/models/{gated}/settings", "ada", json={"orgMembersGated": True})
    with pytest.raises(GatedRepoError):
        api("dora").auth_check(gated)
    api("ada").auth_check(gated, write=True)


def test_an_earlier_name_leads_to_the_new_one(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    """By a redirect that keeps the method, which the client follows."""
    hub.set_status(gated, "bob", "pending")
    api("ada").move_repo(gated, "lab/renamed")
    assert api("bob").model_info(gated).id == "lab/renamed"
    answer = ask("GET", f"/api/models/{gated}")
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{hub.url}/api/models/lab/renamed")
    api("ada").accept_access_request(gated, "bob")
    assert hub.status("lab/renamed", "bob") == "accepted"


def test_a_namespace_that_is_renamed_takes_its_repositories_along(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """An organisation or a person: the old names lead to the new ones, also for calls that write."""
    hub.rename_org("lab", "labs")
    answer = ask("GET", f"/api/models/{gated}")
    name = gated.partition("/")[2]
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{hub.url}/api/models/labs/{name}")
    assert ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json={}).status_code == 307
    assert ask("GET", "/api/organizations/labs/overview").json()["name"] == "labs"
    assert ask("GET", "/api/organizations/lab/overview").status_code == 404
    hub.create_repo("bob/own")
    hub.rename_user("bob", "Bob")
    assert ask("GET", "/api/models/bob/own").json()["id"] == "Bob/own"
    hub.rename_user("Bob", "robert")
    assert ask("GET", "/api/models/bob/own").headers["Location"] == f"{hub.url}/api/models/robert/own"


def test_the_client_downloads_what_it_may(hub: SandboxControl, api: Api, gated: str, tmp_path: Path) -> None:
    assert Path(api("bob").hf_hub_download(gated, "LICENSE", cache_dir=tmp_path)).read_text() == "MIT"
    with pytest.raises(GatedRepoError):
        api("bob").hf_hub_download(gated, "weights.safetensors", cache_dir=tmp_path)
    with pytest.raises(GatedRepoError):
        api("bob").file_exists(gated, "weights.safetensors")
    hub.set_status(gated, "bob", "accepted", by="ada")
    path = Path(api("bob").hf_hub_download(gated, "weights.safetensors", cache_dir=tmp_path))
    assert path.read_text() == "w" * 100
    assert path.parent.name == api("bob").model_info(gated).sha
    assert api("bob").file_exists(gated, "weights.safetensors")
    assert not api("bob").file_exists(gated, "none.bin")
    with pytest.raises(RemoteEntryNotFoundError):
        api("bob").hf_hub_download(gated, "none.bin", cache_dir=tmp_path)
    assert api("bob").file_exists(gated, "LICENSE", revision="main")


def test_a_large_tree_is_listed_in_pages(hub: SandboxControl, api: Api) -> None:
    hub.create_repo("lab/many", files={f"folder/{number:04d}.txt": "x" for number in range(1100)})
    found = list(api("bob").list_repo_tree("lab/many", recursive=True))
    assert len(found) == 1100 + 2
    assert [entry.path for entry in api("bob").list_repo_tree("lab/many")] == [".gitattributes", "folder"]
    assert len(list(api("bob").list_repo_tree("lab/many", "folder"))) == 1100
    assert [file.path for file in api("bob").get_paths_info("lab/many", ["folder/0001.txt", "no"])] == [
        "folder/0001.txt"
    ]


def test_the_client_commits_a_card(hub: SandboxControl, api: Api, gated: str) -> None:
    """Two readers of the same revision cannot both write: the second one gets 412 and nothing is lost."""
    owner = api("ada")
    seen = owner.model_info(gated).sha
    operation = [CommitOperationAdd("README.md", CARD.encode())]
    done = owner.create_commit(gated, operation, commit_message="Gate it", parent_commit=seen)
    assert owner.model_info(gated).sha == done.oid
    again = [CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n")]
    with pytest.raises(HfHubHTTPError) as caught:
        owner.create_commit(gated, again, commit_message="Late", parent_commit=seen)
    assert caught.value.response.status_code == 412
    assert [commit.title for commit in owner.list_repo_commits(gated)] == ["Gate it", "initial commit"]
    assert owner.list_repo_commits(gated)[0].authors == ["ada"]
    same = owner.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=gated)
    assert same.oid == done.oid
    owner.create_commit(gated, [CommitOperationDelete("LICENSE")], commit_message="Drop")
    assert not owner.file_exists(gated, "LICENSE")
    assert owner.file_exists(gated, "LICENSE", revision=done.oid)


def test_only_writers_commit_and_only_readable_cards(api: Api, gated: str) -> None:
    for who in ("bob", "dora"):
        with pytest.raises(HfHubHTTPError) as caught:
            api(who).upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=gated)
        assert caught.value.response.status_code == 403
    for wrong in ("---\na: [\n---\n", "---\nextra_gated_fields:\n  Why: essay\n---\n"):
        with pytest.raises(ValueError, match="Invalid metadata"):
            api("ada").upload_file(path_or_fileobj=wrong.encode(), path_in_repo="README.md", repo_id=gated)


def test_discussions_are_public_also_behind_the_gate(api: Api, ask: Ask, gated: str) -> None:
    made = api("ada").create_discussion(gated, "Stage two", description="It opens in May.")
    said = api("bob").comment_discussion(gated, made.num, "Why May?")
    assert said.content == "Why May?"
    assert api("bob").get_discussion_details(gated, made.num).events[-1].author == "bob"
    with pytest.raises(HfHubHTTPError) as caught:
        api("cleo").change_discussion_status(gated, made.num, "closed")
    assert caught.value.response.status_code == 403
    api("ada").rename_discussion(gated, made.num, "Stage 2")
    api("ada").change_discussion_status(gated, made.num, "closed", comment="Done.")
    [found] = HfApi(endpoint=str(ask("GET", "/").url).rstrip("/"), token=False).get_repo_discussions(gated)
    assert (found.title, found.status, found.author) == ("Stage 2", "closed", "ada")
    assert list(api("bob").get_repo_discussions(gated, discussion_status="open")) == []
