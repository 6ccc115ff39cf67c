"""Personal text: what goes with time, and the digests that stay."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import Event, PersonalText, Purpose, Stage
from gatekeeper.models.personal import canonical, document_hash, salted_digest
from tests import factories


def test_a_text_goes_after_its_time_unless_it_is_held(kiri: HubPerson) -> None:
    """Retention ends to the second; a hold keeps it."""
    now = factories.later(0)
    text = PersonalText.of(kiri, Purpose.ANSWERS, {"use": "x"}, at=now, days=10)
    text.save()
    end = now + timedelta(days=10)
    assert text.delete_after == end
    assert text not in PersonalText.objects.overdue(at=end)
    assert text in PersonalText.objects.overdue(at=end + timedelta(seconds=1))
    PersonalText.objects.update(hold=True)
    assert text not in PersonalText.objects.overdue(at=end + timedelta(days=1))


def test_equal_texts_have_different_digests(kiri: HubPerson) -> None:
    """Salted: nobody finds out by guessing what an erased answer was."""
    one, other = (PersonalText.of(kiri, Purpose.ANSWERS, {"a": 1}, at=factories.later(0), days=1) for _n in range(2))
    assert one.digest != other.digest
    assert one.digest == salted_digest(one.salt, {"a": 1})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_equal_documents_have_equal_hashes(document: dict[str, object]) -> None:
    """Whatever the order of their keys."""
    turned = dict(reversed(document.items()))
    assert canonical(turned) == canonical(document)
    assert document_hash(turned) == document_hash(document)


def test_other_documents_have_other_hashes() -> None:
    """A text is not a number, and a list has an order."""
    different = [{"a": 1}, {"a": "1"}, {"a": [1, 2]}, {"a": [2, 1]}, {"a": None}, {}, {"a": {"b": 1}}]
    assert len({document_hash(document) for document in different}) == len(different)


def test_the_record_holds_no_word_that_anybody_wrote(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Ids, codes and digests only."""
    factories.info_requested(stage, ha, by=chidi)
    factories.denied_finally(stage, factories.account("other"), by=chidi)
    written = canonical(list(Event.objects.values_list("data", flat=True)))
    for words in (
        *factories.ANSWERS.values(),
        "Which streets?",
        "The licence forbids this.",
        "ha-nguyen",
        "example.org",
    ):
        assert str(words) not in written
