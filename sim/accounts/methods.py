"""The accounts of credit by name: the question that each answers, and where it departs from the rule of thirds.

The module imports nothing heavy, so that the command line has the names at once. To add an account, write a function
from a tape and settings to a CreditTable, and add an entry to METHODS.
"""

from __future__ import annotations

import pkgutil
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sim.errors import require, require_in, whole_number

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable
    from sim.tape.tape import Tape

THIRDS = "role-flow"  # the account that the others are compared with


@dataclass(frozen=True)
class Settings:
    """The constants of the accounts; values under `credit` in a tape's provenance take precedence over these defaults.

    Attributes:
        alpha: damping of the PageRank methods, CiteRank among them, in [0, 1).
        inheritance: the part of the idea's credit that a discovery passes on to its prerequisites, in [0, 1].
        tau: steps after which the attention to an event has fallen to 1/e (CiteRank), above 0; if None, a tenth of a
            run's steps, or of the time from a log's first event on, and at least 1.
        order: of the removal effect: how many of the last channels the next one depends on, 1 to 3.

    Raises:
        ValueError: if one is out of range.
    """

    alpha: float = 0.85
    inheritance: float = 0.5
    tau: float | None = None
    order: int = 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.alpha < 1.0 - 1e-9:  # closer to 1 the sums over lineages have no digits left
            raise ValueError(f"alpha: must be in [0, 1), is {self.alpha}; at most 1 - 1e-9 has digits left")
        require_in("inheritance", self.inheritance, "[0, 1]")
        if self.tau is not None:
            require_in("tau", self.tau, "(0, inf)")
        whole_number("order", self.order, 1, 3)


@dataclass(frozen=True)
class Method:
    """An account of credit."""

    asks: str  # the question that it answers, in one line
    # "module:function" in sim.accounts, from a tape and the settings that it `takes` to a CreditTable; or a function of
    # a tape and all settings. Its ValueError says in one line why the account does not apply to a tape.
    account: str | Callable[[Tape, Settings], CreditTable]
    takes: tuple[str, ...] = ()
    # its shares of the total in the thought experiments where it departs from the rule of thirds
    differs: Mapping[str, str] = field(default_factory=dict)
    conserved: bool = True  # whether the credits sum to the realised value
    roles: bool = False  # whether idea, communication and implementation are distinguished
    # whether the credit is a sum over the realised values, each divided by its own past alone
    linear: bool = False

    def compute(self, tape: Tape, settings: Settings) -> CreditTable:
        """Return the credit of a tape."""
        if not isinstance(self.account, str):
            return self.account(tape, settings)
        account = pkgutil.resolve_name(f"sim.accounts.{self.account}")  # imported on demand, as it loads numpy
        table: CreditTable = account(tape, **{name: getattr(settings, name) for name in self.takes})
        return table


def settings_of(tape: Tape, given: Mapping[str, float | None]) -> Settings:
    """Return the given settings; those that are None or left out are taken from the tape, else the defaults.

    Raises a ValueError if a setting is unknown or out of range, or this is no tape.
    """
    if not hasattr(tape, "provenance"):
        raise ValueError(f"tape: must be a Tape, as of simulate or read_log, is a {type(tape).__name__}")
    names = [f.name for f in fields(Settings)]
    for name in given:
        require("credit: setting", name, names)
    own = {name: value for name, value in tape.provenance.get("credit", {}).items() if name in names}
    return Settings(**own | {name: value for name, value in given.items() if value is not None})


def method_named(name: str) -> Method:
    """Return the account of this name.

    Raises a ValueError if there is none; the message lists the accounts and suggests the nearest.
    """
    require("method", name, EVERY)
    return EVERY[name]


# Event PageRank and CiteRank agree where the last to be told realise the value: those have a part in it, too.
_WALKS = {
    "E1": "P1 .281, P2 .330, those told .389",
    "E2": "P1 .281, P2 .330, those told .389, P3 nothing",
    **dict.fromkeys(("E3a", "E3b", "E3c"), "inventors .281, tellers .330, those told .389, implementers nothing"),
    "E4": "P1 .193, P2 .227, P3 .267, those told .314",
}
METHODS: dict[str, Method] = {
    "role-flow": Method(
        "Who had the idea, passed it on, or made it work, for the value that was realised?",
        "role_flow:role_flow",
        ("inheritance",),
        roles=True,
        linear=True,
    ),
    "person-pagerank": Method(
        "Who is most central in the network of who told whom?",
        "pagerank:person_pagerank",
        ("alpha",),
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
        "Whom do we meet most often on the way back from what was realised?",
        "event_pagerank:event_pagerank_credit",
        ("alpha",),
        _WALKS | {"E5": "57% of the credit lies with others"},
    ),
    "citerank": Method(
        "Whom do readers come across who start from what is new?",
        "event_pagerank:citerank_credit",
        ("tau", "alpha"),
        _WALKS | {"E5": "69% of the credit lies with others"},
    ),
    "temporal-pagerank": Method(
        "Who stands at the start of chains of telling, in the order of time?",
        "temporal:temporal_pagerank_credit",
        ("alpha",),
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
        "Who was needed, if everybody who was needed counts the same?",
        "games.realised:shapley_credit",
        (),
        {"E4": "one third each", "E5": "48% of the credit lies with others"},
        linear=True,
    ),
    "owen": Method(
        "Who was needed, if idea, communication and implementation count the same?",
        "games.realised:owen_credit",
        (),
        {"E5": "6.6% of the credit lies with others"},
        roles=True,
        linear=True,
    ),
    "position": Method(
        "Whose links carried it, if every telling counts the same?",
        "games.realised:position_credit",
        (),
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
        "What would be lost without this person if nobody replaced them?",
        "knockout:knockout_credit",
        (),
        {"E4": "one third each", "E5": "50% of the credit lies with others"},
    ),
    "priority": Method(
        "Who was first, whether or not anybody heard of it?",
        "priority:priority",
        (),
        dict.fromkeys(("E1", "E2", "E3a", "E3b", "E3c", "E4", "E5"), "the first has all"),
        roles=True,
        linear=True,
    ),
}


# Positions in the graph of who told whom, which should not be mistaken for credit.
POSITIONS: dict[str, Method] = {
    "betweenness": Method("How many shortest ways between others lead through each?", "positions:betweenness"),
    "k-core": Method("Who is among people who are all linked to many of one another?", "positions:k_core"),
    "katz": Method("From whom do many ways lead on, short ones counting most?", "positions:katz"),
    "collective-influence": Method("Without whom would the graph fall apart?", "positions:collective_influence"),
    "myerson": Method("Who links the pairs who can reach one another?", "positions:myerson"),
}
# For logs of journeys only.
OF_JOURNEYS: dict[str, Method] = {
    "removal": Method(
        "How much less would succeed without each channel, by the chain of the journeys?",
        "removal:removal_credit",
        ("order",),
    ),
}
EVERY: Mapping[str, Method] = ChainMap(OF_JOURNEYS, POSITIONS, METHODS)  # accounts first


def facts(name: str) -> dict[str, Any]:
    """Return the facts about an account, as plain values: asks, differs, conserved, roles."""
    method = EVERY[name]
    return {"asks": method.asks, "differs": dict(method.differs), "conserved": method.conserved, "roles": method.roles}
