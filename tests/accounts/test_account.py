"""The public face of credit: methods by name, settings, conservation, and that names do not matter."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts.account import credit
from sim.accounts.comparison import compare
from sim.accounts.methods import EVERY, METHODS, POSITIONS, Method, Settings
from sim.accounts.pagerank import person_pagerank
from sim.accounts.role_flow import role_flow
from sim.accounts.table import CreditTable
from sim.scenario.sections import CreditSection
from sim.tape.tables import DISCOVER, LEARN
from sim.tape.tape import Tape
from tests import cases
from tests.tapes import by_name, chain, make_tape, rename, tapes, with_crowd


def built_on(**provenance: Any) -> Tape:
    """P1's idea, with which P2 has another, which the crowd learns."""
    events = [*chain(0, 1), (DISCOVER, 1, {1: 1}, 1, 1), (LEARN, 2, {2: 1}, 9, 1)]
    return make_tape(with_crowd(["P1", "P2"], 9), events, [(3, -1, 8.0)], provenance=provenance)


def test_every_method_names_itself_and_a_scenario_may_ask_for_the_accounts_alone() -> None:
    names = [*METHODS, *POSITIONS]
    assert [credit(built_on(), name).method for name in names] == names == list(EVERY)[: len(names)]
    assert get_args(CreditSection.model_fields["method"].annotation) == tuple(METHODS)
    assert len({*names}) == len(names)


def test_an_unknown_method_or_setting_is_refused_with_the_nearest_spelling() -> None:
    for wrong, near in (("role_flow", "role-flow"), ("Priority", "priority"), ("pagerank", "event-pagerank")):
        with pytest.raises(ValueError, match=f"did you mean '{near}'") as error:
            credit(built_on(), wrong)
        assert "\n" not in str(error.value)
        assert all(method in str(error.value) for method in METHODS)
    with pytest.raises(ValueError, match=r"^credit: setting: no 'alpah'; allowed: alpha, inh"):
        credit(built_on(), alpah=0.5)


def test_settings_are_given_or_the_tapes_or_a_half_for_inheritance_and_085_for_alpha() -> None:
    quarter, third = built_on(credit={"inheritance": 0.25}), built_on(credit={"alpha": 0.3})
    tables = [credit(built_on()), credit(quarter), *(credit(quarter, inheritance=part) for part in (1.0, 0.0))]
    # Of 8 P2 tells for 4; of the other 4 P1 has as much as is passed on, as the idea and as the telling.
    assert [table.persons.credit[0] for table in tables] == [2.0, 1.0, 4.0, 0.0]
    found = [credit(tape, "person-pagerank").persons.pagerank.tolist() for tape in (built_on(), third)]
    found.append(credit(third, "person-pagerank", alpha=0.0).persons.pagerank.tolist())
    assert found == [person_pagerank(built_on(), alpha).persons.pagerank.tolist() for alpha in (0.85, 0.3, 0.0)]
    assert len({*map(tuple, found)}) == 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("options", "message"), [
    *(({"alpha": alpha}, rf"alpha: must be in \[0, 1\).*, is {alpha}") for alpha in (1.0, -1e-9, float("nan"))),
    *(({"inheritance": part}, rf"inheritance: must be in \[0, 1\], is {part}") for part in (1.5, -0.5)),
    *(({"tau": tau}, rf"tau: must be in \(0, inf\), is {tau}") for tau in (0.0, float("inf"))),
])  # fmt: skip
def test_settings_out_of_range_are_refused(method: str, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        credit(built_on(), method, **options)
    with pytest.raises(ValueError, match=message):
        credit(built_on(credit=options), method)


@pytest.mark.parametrize("given", ["e4_bridge", None, 3])
def test_what_is_no_tape_is_refused_in_one_line(given: Any) -> None:
    for ask in (credit, compare):
        with pytest.raises(ValueError, match=r"^tape: must be a Tape, as of simulate or read_log, is a"):
            ask(given)


def test_credit_that_was_lost_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(part: float, conserved: bool = True) -> Method:
        def account(tape: Tape, _: Settings) -> CreditTable:
            table = role_flow(tape)
            return replace(table, persons=replace(table.persons, credit=table.persons.credit * part))

        return Method("How much is lost?", account, conserved=conserved)

    for part, says in ((1 - 1e-8, r"^role-flow: the credits sum to 7\.9"), (float("nan"), r"sum to nan, not to 8\.0")):
        monkeypatch.setitem(METHODS, "lossy", lossy(part))
        with pytest.raises(RuntimeError, match=says):
            credit(built_on(), "lossy")
    monkeypatch.setitem(METHODS, "lossy", lossy(1 - 1e-10))
    credit(built_on(), "lossy")
    monkeypatch.setitem(METHODS, "lossy", lossy(0.5, conserved=False))
    assert credit(built_on(), "lossy").persons.credit.sum() == 4.0
    assert credit(make_tape("ABC", chain(0, 1, 2), [(2, -1, 5e-324)])).total == 5e-324  # too few digits to share


@cases(150, tapes(), st.sampled_from([name for name, method in METHODS.items() if method.conserved]))
def test_credits_sum_to_what_was_realised(tape: Tape, method: str) -> None:
    table = credit(tape, method)
    assert table.total in (tape.total, 0.0)
    if table.total < tape.total:  # nobody has the part in history that the account is about
        assert not METHODS[method].linear
        assert not table.persons.credit.any()
    assert table.persons.credit.sum() == pytest.approx(table.total, rel=1e-9)
    assert (table.persons.credit >= 0.0).all()
    assert table.persons.share.sum() == pytest.approx(1.0 if table.total > 0 else 0.0, rel=1e-9)
    if METHODS[method].roles:
        roles = table.persons.idea + table.persons.communication + table.persons.implementation
        np.testing.assert_allclose(roles, table.persons.credit, rtol=1e-12)


@cases(100, st.data(), tapes(), st.sampled_from(list(METHODS)))
def test_who_is_who_does_not_matter(data: st.DataObject, tape: Tape, method: str) -> None:
    order = data.draw(st.permutations(range(tape.persons.total)))
    one, other = (by_name(credit(some, method)) for some in (tape, rename(tape, order)))
    assert one == pytest.approx(other, rel=1e-9)
