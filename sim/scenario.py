"""What a user writes: the scenario file, as validated models. Every default stands here and nowhere else."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, ValidationError

from sim.scenario_errors import ScenarioError, did_you_mean, first_problem, parse_toml
from sim.scenario_kinds import Count, Fraction, Name, Pairing, Positive, Rate, Section, Step, Whole
from sim.scenario_networks import Network, NoNetwork

MAX_BYTES = 256_000
RESERVED = ("everyone", "everything", "crowd", "the crowd", "world", "population")


def _without_period(value: Any) -> Any:
    return math.inf if value == "forever" else value


class Uniform(Section):
    """Between `low` and `high`, all alike."""

    kind: Literal["uniform"]
    low: Fraction = 0.0
    high: Fraction = 1.0


class Normal(Section):
    """Bell-shaped, cut off at 0 and 1."""

    kind: Literal["normal"]
    mean: Annotated[float, Field(allow_inf_nan=False)]
    sd: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LogNormal(Section):
    """Skewed: exp of a bell curve around log(`median`), cut off at 1."""

    kind: Literal["lognormal"]
    median: Positive
    sigma: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Power(Section):
    """Heavy-tailed (Pareto): density falls with `exponent` from `low` on, cut off at 1."""

    kind: Literal["power"]
    low: Positive
    exponent: Annotated[float, Field(gt=1.0)]


class Beta(Section):
    """Beta distribution with shape parameters `a` and `b`."""

    kind: Literal["beta"]
    a: Annotated[float, Field(gt=0.0, le=1e6)]
    b: Annotated[float, Field(gt=0.0, le=1e6)]


class Choice(Section):
    """One of `values`, with odds `weights` (all alike where they are left out)."""

    kind: Literal["choice"]
    values: Annotated[list[Fraction], Field(min_length=1)]
    weights: list[Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] | None = None


Distribution = Uniform | Normal | LogNormal | Power | Beta | Choice


def _ability_tag(value: Any) -> str:
    if isinstance(value, Distribution):
        return value.kind
    return str(value.get("kind")) if isinstance(value, dict) else "number"


Ability = Annotated[
    Annotated[Fraction, Tag("number")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[LogNormal, Tag("lognormal")]
    | Annotated[Power, Tag("power")]
    | Annotated[Beta, Tag("beta")]
    | Annotated[Choice, Tag("choice")],
    Discriminator(_ability_tag),
]


class About(Section):
    """[scenario]: what it is called, how long it runs, on which seed."""

    name: Name
    description: str = ""
    steps: Annotated[Whole, Field(ge=1, le=10_000_000)]
    seed: Annotated[Whole, Field(ge=0, lt=2**64)] = 0
    replicates: Annotated[Whole, Field(ge=1, le=1_000_000_000)] = 1


class WorldSection(Section):
    """[world]: all the people there are; those who are not simulated one by one are the crowd."""

    size: Annotated[Whole, Field(ge=1, le=10**15)] | None = None
    crowd_understanding: Fraction = 1.0
    network: Network = NoNetwork()


class Population(Section):
    """[population]: `count` persons without a name, and the abilities of everyone who has none of their own."""

    count: Annotated[Whole, Field(ge=0, le=1_000_000_000)] = 0
    creativity: Ability = 0.0
    reach: Ability = 0.0
    skill: Ability = 0.0
    clarity: Ability = 1.0
    understanding: Ability = 1.0
    threshold: Ability = 0.5


class PersonSection(Section):
    """[[persons]]: a person, or a group of `count` alike."""

    name: Name
    count: Count = 1
    creativity: Ability | None = None
    reach: Ability | None = None
    skill: Ability | None = None
    clarity: Ability | None = None
    understanding: Ability | None = None
    threshold: Ability | None = None
    born: Step = 0
    dies: Step | None = None
    keeps: bool = False


class Tie(Section):
    """[[ties]]: `source` can tell `target`, from step `start` until before step `end`."""

    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    weight: Positive = 1.0
    start: Step = 0
    end: Step | None = None
    both_ways: bool = False
    pairing: Pairing = "all"


class Idea(Section):
    """[[ideas]]: an idea, or `count` ideas alike."""

    name: Name
    count: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1
    value: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    clarity: Positive = 1.0
    difficulty: Annotated[float, Field(ge=0.0)] = 1.0
    discovery_rate: Rate | None = None
    prerequisites: list[Name] = []
    rival_of: Name | None = None
    hesitation: Fraction = 0.0


class Dynamics(Section):
    """[dynamics]: how often things happen; rates are per person and step.

    `stifling` says who tells no more after a teller addressed one who holds the idea already: nobody, the teller
    (Maki and Thompson), or both (Daley and Kendall), where a meeting of two tellers counts once, whoever addressed
    whom; see `part_of_meeting` in rules.py. What is told by an intervention counts as it stands.
    """

    discovery_rate: Rate = 1.0
    telling_period: Annotated[float, BeforeValidator(_without_period), Field(ge=0.0)] = 1.0
    adoption: Literal["simple", "threshold"] = "simple"
    credited_tellers: Literal["one", "all"] = "one"
    stifling: Literal["none", "teller", "both"] = "none"
    resolve_rate: Rate = 0.0
    implementation_rate: Rate = 1.0
    release_delay: Step = 0
    abandon_rate: Rate = 0.1
    abandon_rate_working: Rate = 0.01
    readopt: bool = False


class Impact(Section):
    """[impact]: what counts as value, and whose."""

    value_of: Literal["working", "held"] = "working"
    realised_by: Name | list[Name] = "everyone"


class CreditSection(Section):
    """[credit]: the account of credit that a run prints, and its constants."""

    method: Literal[
        "role-flow", "person-pagerank", "event-pagerank", "citerank", "temporal-pagerank",
        "shapley", "owen", "position", "knockout", "priority",
    ] = "role-flow"  # fmt: skip
    alpha: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.85
    inheritance: Fraction = 0.5


class _Deed(Section):
    step: Annotated[Whole, Field(ge=1, le=2**31 - 2)]


class _OfIdea(_Deed):
    person: Name
    idea: Name = "everything"
    pairing: Pairing = "all"


class Discover(_OfIdea):
    """The person has the idea now."""

    kind: Literal["discover"]


class Tell(_OfIdea):
    """The person (or the crowd) tells `to`, who understand as they would from anybody."""

    kind: Literal["tell"]
    to: Name


class Publish(_OfIdea):
    """The person tells the fraction `reach` of the world."""

    kind: Literal["publish"]
    reach: Fraction = 1.0


class Implement(_OfIdea):
    """The person, who holds the idea, makes it work."""

    kind: Literal["implement"]


class Rewrite(_OfIdea):
    """The person gives the idea a new `clarity` and tells it for another telling period."""

    kind: Literal["rewrite"]
    clarity: Positive


class Lock(_OfIdea):
    """The person tells nobody of the idea any more."""

    kind: Literal["lock"]


class Unlock(_OfIdea):
    """The person tells the idea again, for another telling period."""

    kind: Literal["unlock"]


class Find(_OfIdea):
    """The person finds the notebook of `of`, alive or dead, and takes up what is written there."""

    kind: Literal["find"]
    of: Name


class Born(_Deed):
    """The person enters the world."""

    kind: Literal["born"]
    person: Name


class Die(_Deed):
    """The person leaves the world."""

    kind: Literal["die"]
    person: Name


class Set(_Deed):
    """A parameter takes a new value: dynamics.*, ideas.NAME.*, persons.NAME.*."""

    kind: Literal["set"]
    key: Name
    value: float | bool | str


class AddTie(_Deed):
    """A tie is added."""

    kind: Literal["tie"]
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    weight: Positive = 1.0
    both_ways: bool = False


class CutTie(_Deed):
    """A tie is cut."""

    kind: Literal["cut"]
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    both_ways: bool = False


Intervention = Annotated[
    Discover | Tell | Publish | Implement | Rewrite | Lock | Unlock | Find | Born | Die | Set | AddTie | CutTie,
    Field(discriminator="kind"),
]


class Scenario(Section):
    """A world, its persons and ideas, and what happens to them.

    >>> text = '''
    ... [scenario]
    ... name = "one idea"
    ... steps = 10
    ... [[persons]]
    ... name = "P1"
    ... creativity = 1.0
    ... [[ideas]]
    ... name = "wheel"
    ... '''
    >>> Scenario.from_toml(text).replace({"scenario.steps": 20}).scenario.steps
    20
    """

    scenario: About
    world: WorldSection = WorldSection()
    population: Population = Population()
    persons: list[PersonSection] = []
    ties: list[Tie] = []
    ideas: Annotated[list[Idea], Field(min_length=1)]
    dynamics: Dynamics = Dynamics()
    impact: Impact = Impact()
    credit: CreditSection = CreditSection()
    interventions: list[Intervention] = []

    _folder: Path = PrivateAttr(default=Path())

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read and validate a scenario file.

        Raises:
            ScenarioError: one line with the file, the line, the key, what is wrong and what is allowed.
        """
        path = Path(path)
        try:
            with path.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise ScenarioError(f"larger than {MAX_BYTES} bytes", file=str(path))
            text = raw.decode("utf-8-sig")  # some editors put a byte order mark first
        except FileNotFoundError:
            others = sorted(file.name for file in path.parent.glob("*.toml")) if path.parent.is_dir() else []
            raise ScenarioError(f"no such file{did_you_mean(path.name, others)}", file=str(path)) from None
        except OSError as error:
            raise ScenarioError(f"cannot be read: {error.strerror}", file=str(path)) from None
        except UnicodeDecodeError:
            raise ScenarioError("is not UTF-8 text", file=str(path)) from None
        return cls.from_toml(text, source=str(path), folder=path.parent)

    @classmethod
    def from_toml(cls, text: str, source: str = "scenario", folder: str | Path = ".") -> Scenario:
        """Validate a scenario given as TOML text; network files are looked for in `folder`."""
        return cls._validated(parse_toml(text, source), source, text, Path(folder))

    @classmethod
    def _validated(cls, data: Mapping[str, Any], source: str, text: str, folder: Path) -> Scenario:
        from sim.scenario_references import check_references

        try:
            scenario = cls.model_validate(dict(data))
        except ValidationError as error:
            raise first_problem(error, cls, data, source, text) from None
        scenario._folder = folder
        check_references(scenario, source, text)
        return scenario

    def replace(self, changes: Mapping[str, Any], source: str = "replace") -> Scenario:
        """A scenario that differs in some keys, such as {"dynamics.abandon_rate": 0.2, "persons.Kant.clarity": 1.0}.

        Raises:
            ScenarioError: if a key does not exist or its value is not allowed.
        """
        data = self.model_dump(by_alias=True, exclude_unset=True)
        for key, value in changes.items():
            _put(data, key, value, source)
        return self._validated(data, source, "", self._folder)

    def to_toml(self) -> str:
        """The scenario with every default spelled out, as TOML that reads back equal."""
        import tomlkit

        return tomlkit.dumps(self.model_dump(by_alias=True, exclude_none=True))

    def __eq__(self, other: object) -> bool:
        """Whether all keys have the same values; where the file lies takes no part."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # said, since pydantic would make one; typeshed has a method

    @property
    def folder(self) -> Path:
        """Where the network file is looked for."""
        return self._folder


def parse_value(text: str) -> Any:
    """A value as it stands in TOML, or the text itself: '0.2' -> 0.2, 'true' -> True, 'simple' -> 'simple'."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _put(data: Any, key: str, value: Any, source: str) -> None:
    """Set the value at a dotted key; entries of lists are addressed by name or by number."""
    *path, last = list(_steps(data, key, source)) or [""]
    for part in path:
        data = data[part] if isinstance(data, list) else data.setdefault(part, {}) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise ScenarioError("must be the key of one value, as dynamics.abandon_rate", file=source, key=key)
    data[last] = value


def _steps(data: Any, key: str, source: str) -> Iterator[Any]:
    rest = key
    while rest:
        if isinstance(data, list):
            tables = [entry if isinstance(entry, dict) else {} for entry in data]
            names = [str(entry.get("name", number)) for number, entry in enumerate(tables)]
            fits = [n for n, name in enumerate(names) if rest == name or rest.startswith(name + ".")]
            if not fits:
                raise ScenarioError(f"no such entry{did_you_mean(rest.split('.')[0], names)}", file=source, key=key)
            at = max(fits, key=lambda n: len(names[n]))
            rest = rest[len(names[at]) + 1 :]
            data = data[at]
            yield at
        else:
            part, _, rest = rest.partition(".")
            data = data.get(part, {}) if isinstance(data, dict) else {}
            yield part
