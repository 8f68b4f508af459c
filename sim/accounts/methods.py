"""The accounts of credit by name: the question that each answers, and where it leaves the rule of thirds.

A file beside the room, which imports nothing heavy, so that the command line has the names at once. An account more is
one entry of METHODS and a function of a tape and settings, which imports the account where it is used.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sim.errors import near

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable
    from sim.tape.tape import Tape

THIRDS = "role-flow"  # the account that the others are compared with


@dataclass(frozen=True)
class Settings:
    """The constants of the accounts; what a tape's provenance says in `credit` comes before these defaults.

    Attributes:
        alpha: damping of the PageRank methods, CiteRank among them, in [0, 1).
        inheritance: the part of the idea's credit that a discovery passes on to its prerequisites, in [0, 1].
        tau: steps after which the attention to an event has fallen to 1/e (CiteRank), above 0; a tenth of the tape's
            steps, and at least 1, if None.

    Raises:
        ValueError: if one is out of range.
    """

    alpha: float = 0.85
    inheritance: float = 0.5
    tau: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.alpha < 1.0:
            raise ValueError(f"alpha must be in [0, 1), is {self.alpha}")
        if not 0.0 <= self.inheritance <= 1.0:
            raise ValueError(f"inheritance must be in [0, 1], is {self.inheritance}")
        if self.tau is not None and not 0.0 < self.tau < float("inf"):
            raise ValueError(f"tau must be above 0 and finite, is {self.tau}")


@dataclass(frozen=True)
class Method:
    """An account of credit.

    Attributes:
        asks: the question that it answers, in one line.
        compute: the credit of a tape; a ValueError says in one line why a tape has none by this account.
        differs: the thought experiments on which it does not say what the rule of thirds says, each with what it says
            instead; their shares of the total are meant.
        conserved: whether the credits sum to the realised value.
        roles: whether idea, communication and implementation are told apart.
        linear: whether the credit is a sum over the realised values, each of which it divides by its own past alone.
    """

    asks: str
    compute: Callable[[Tape, Settings], CreditTable]
    differs: Mapping[str, str] = field(default_factory=dict)
    conserved: bool = True
    roles: bool = False
    linear: bool = False


def settings_of(tape: Tape, given: Mapping[str, float | None]) -> Settings:
    """The settings as given; those that are None or left out are the tape's own, else the defaults.

    Raises:
        ValueError: if there is no such setting, or one is out of range.
    """
    names = [f.name for f in fields(Settings)]
    for name in given:
        if name not in names:
            raise ValueError(f"credit: no setting {name!r}{near(name, names)}; allowed: {', '.join(names)}")
    own = {name: value for name, value in tape.provenance.get("credit", {}).items() if name in names}
    return Settings(**own | {name: value for name, value in given.items() if value is not None})


def method_named(name: str) -> Method:
    """The account of this name.

    Raises:
        ValueError: if there is none; the message says which there are, and the nearest.
    """
    if name in ELSEWHERE:
        raise ValueError(f"method: no {name!r}: {ELSEWHERE[name]}")
    if name not in METHODS:
        closest = difflib.get_close_matches(str(name), METHODS, n=1, cutoff=0.0)[0]
        raise ValueError(f"method: no {name!r}, did you mean {closest!r}? allowed: {', '.join(METHODS)}")
    return METHODS[name]


def _role_flow(tape: Tape, settings: Settings) -> CreditTable:
    from sim.accounts.role_flow import role_flow

    return role_flow(tape, settings.inheritance)


def _person_pagerank(tape: Tape, settings: Settings) -> CreditTable:
    from sim.accounts.pagerank import person_pagerank

    return person_pagerank(tape, settings.alpha)


def _priority(tape: Tape, _: Settings) -> CreditTable:
    from sim.accounts.priority import priority

    return priority(tape)


def _event_pagerank(tape: Tape, settings: Settings) -> CreditTable:
    from sim.accounts.event_pagerank import event_pagerank_credit

    return event_pagerank_credit(tape, settings.alpha)


def _citerank(tape: Tape, settings: Settings) -> CreditTable:
    from sim.accounts.event_pagerank import citerank_credit

    return citerank_credit(tape, settings.tau, settings.alpha)


def _temporal_pagerank(tape: Tape, settings: Settings) -> CreditTable:
    from sim.accounts.temporal import temporal_pagerank_credit

    return temporal_pagerank_credit(tape, settings.alpha)


def _shapley(tape: Tape, _: Settings) -> CreditTable:
    from sim.accounts.games.realised import shapley_credit

    return shapley_credit(tape)


def _owen(tape: Tape, _: Settings) -> CreditTable:
    from sim.accounts.games.realised import owen_credit

    return owen_credit(tape)


def _position(tape: Tape, _: Settings) -> CreditTable:
    from sim.accounts.games.realised import position_credit

    return position_credit(tape)


def _knockout(tape: Tape, _: Settings) -> CreditTable:
    from sim.accounts.knockout import knockout_credit

    return knockout_credit(tape)


# Event PageRank and CiteRank agree where value is realised by those who came last: they have a part in it too.
_WALKS = {
    "E1": "P1 .281, P2 .330, those told .389",
    "E2": "P1 .281, P2 .330, those told .389, P3 nothing",
    **dict.fromkeys(("E3a", "E3b", "E3c"), "inventors .281, tellers .330, those told .389, implementers nothing"),
    "E4": "P1 .193, P2 .227, P3 .267, those told .314",
}
# Accounts that are no entry of their own, and why.
ELSEWHERE = {
    "myerson": "on realised lineages, which the tellings link, it is the Shapley value; use 'shapley', or "
    "sim.accounts.games.values.myerson for a game and a graph of your own",
}

METHODS: dict[str, Method] = {
    "role-flow": Method("Who carried the value that was realised?", _role_flow, roles=True, linear=True),
    "person-pagerank": Method(
        "Who holds which position among those who told one another, and the world?",
        _person_pagerank,
        {
            "E2": "P1 .380, P2 .418, P3 .202",
            "E3a": "the inventor .460, tellers and implementers .270 each",
            "E3b": "inventors .500, the teller .213, implementers .287",
            "E3c": "inventors .533, tellers .241, the implementer .227",
            "E4": "the bridge first: P1 .338, P2 .432, P3 .231",
            "E5": "the genius has about as much as anybody else",
        },
    ),
    "event-pagerank": Method(
        "Whom do walks from realised value back along the influences meet?",
        _event_pagerank,
        _WALKS | {"E5": "57% of the credit lies with others"},
    ),
    "citerank": Method(
        "Whom do readers meet who begin with what is new and read back?",
        _citerank,
        _WALKS | {"E5": "69% of the credit lies with others"},
    ),
    "temporal-pagerank": Method(
        "Who is reached from those who were told by ever older influences?",
        _temporal_pagerank,
        {
            "E1": "P1 .200, P2 .470, those told .330",
            "E2": "P1 .144, P2 .339, P3 .151, those told .366",
            "E3a": "the inventor .239, tellers .365, implementers .198, those told .198",
            "E3b": "inventors .341, the teller .316, implementers .171, those told .171",
            "E3c": "inventors .378, tellers .299, the implementer .162, those told .162",
            "E4": "P1 .145, P2 .341, P3 .302, those told .212",
            "E5": "72% of the credit lies with others",
        },
    ),
    "shapley": Method(
        "Whom did the value need, if all whom it needed count alike?",
        _shapley,
        {"E4": "one third each", "E5": "48% of the credit lies with others"},
        linear=True,
    ),
    "owen": Method(
        "Whom did the value need, if the roles count alike?",
        _owen,
        {"E5": "6.6% of the credit lies with others"},
        roles=True,
        linear=True,
    ),
    "position": Method(
        "Between whom were the tellings that the value needed?",
        _position,
        {
            "E2": "P1 .250, P2 .500, P3 .250",
            "E3a": "tellers .500, the others .250 each",
            "E3b": "the teller .500, the others .250 each",
            "E3c": "tellers .500, the others .250 each",
            "E4": "the bridge first: P1 .250, P2 .500, P3 .250",
            "E5": "53% of the credit lies with others",
        },
        linear=True,
    ),
    "knockout": Method(
        "Without whom would the value not be there, if nobody had stepped in?",
        _knockout,
        {"E4": "one third each", "E5": "50% of the credit lies with others"},
    ),
    "priority": Method(
        "Who was first, told or not?",
        _priority,
        dict.fromkeys(("E1", "E2", "E3a", "E3b", "E3c", "E4", "E5"), "the first has all"),
        roles=True,
        linear=True,
    ),
}


def facts(name: str) -> dict[str, Any]:
    """What METHODS says of an account, as plain values: asks, differs, conserved, roles."""
    method = METHODS[name]
    return {
        "asks": method.asks,
        "differs": dict(method.differs),
        "conserved": method.conserved,
        "roles": method.roles,
    }
