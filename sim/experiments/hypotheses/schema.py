"""The hypothesis file, in which a user writes claims to be tested, as validated models with all defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from sim.errors import ScenarioError, did_you_mean
from sim.experiments.hypotheses.formula import value_of
from sim.scenario.bundled import read_text
from sim.scenario.locate import first_problem, line_of, parse_toml
from sim.scenario.scenario import Scenario
from sim.scenario.values import Name, Section, Whole

STATISTICS = {  # by design, its default first
    "arms": ("difference",),
    "dose": ("slope", "log-slope", "correlation"),
    "factors": ("interaction",),
    "": ("level",),
}
NOT_OF_A_WORLD = ("measure", "without")  # keys of an arm that are not keys of the scenario


def _formula(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a formula, as 'exp(-rate) / 3'")
    return value


Formula = Annotated[Any, AfterValidator(_formula)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Changes = dict[str, Any]


class Dose(Section):
    """[hypotheses.dose]: one thing in several strengths; `set` says which keys follow it, by formulas of `name`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,39}$")] = "dose"
    values: Annotated[list[Number], Field(min_length=2, max_length=60)]
    set: Annotated[dict[str, Formula], Field(min_length=1)]


class Theory(Section):
    """[hypotheses.theory]: the value of the effect, and of the measure in every arm (or at every dose)."""

    effect: Formula | None = None
    level: Formula | dict[str, Formula] | None = None


class Hypothesis(Section):
    """[[hypotheses]]: a claim, the experiment that tests it, and what theory says.

    Attributes:
        scenario: a file beside this one, one that comes with shoulders, or a table; by default the file's own.
        change: what all arms have in common, given like an arm.
        arms: two of them, each with its changes; `measure` or `without` in an arm are its own measure, and who is
            knocked out of its world: a name, or {first = "discover"} for whoever did that first.
        dose, factors: several strengths of one thing; two things, each present or not. At most one design is allowed;
            without any, the level of the measure itself is compared with `against`.
        statistic: the effect; one of STATISTICS for the design.
        direction: of the effect; "none" claims that it is within `margin`, a number or a fraction of the measure in the
            first arm such as "5%".
        exact: whether chance plays no part, so that theory must hold in every pair, to nine digits.
        pairs, pairs_at_most: more pairs are run until half the interval is within `precision` of the effect.
    """

    name: Name | None = None
    claim: Name
    scenario: Any = None
    change: Changes = {}
    arms: dict[str, Changes] | None = None
    dose: Dose | None = None
    factors: dict[str, Changes] | None = None
    measure: Name
    statistic: Literal["difference", "slope", "log-slope", "correlation", "interaction", "level"] | None = None
    against: Formula = 0.0
    direction: Literal["greater", "less", "none"]
    margin: Formula | None = None
    theory: Any = None
    parameters: dict[str, Number] = {}
    family: Literal["confirmatory", "sweep"] = "confirmatory"
    exact: bool = False
    pairs: Annotated[Whole, Field(ge=2, le=1_000_000)] = 200
    pairs_at_most: Annotated[Whole, Field(ge=2, le=1_000_000)] | None = None
    precision: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    note: Annotated[str, Field(max_length=2000)] = ""

    @property
    def design(self) -> str:
        """The design: "arms", "dose", "factors", or "" if one world is run."""
        return next((name for name in ("arms", "dose", "factors") if getattr(self, name) is not None), "")

    @property
    def effect(self) -> str:
        """The statistic, by default that of the design."""
        return self.statistic or STATISTICS[self.design][0]

    @property
    def most(self) -> int:
        """The largest number of pairs that are run."""
        return self.pairs_at_most or max(3200, self.pairs)


class HypothesisFile(Section):
    """A file of hypotheses; `scenario` applies to all that name none."""

    scenario: Any = None
    hypotheses: Annotated[list[Hypothesis], Field(min_length=1)]


def load_hypotheses(path: str | Path) -> list[tuple[Hypothesis, Scenario, str]]:
    """Read and validate a file of hypotheses.

    Returns:
        Each hypothesis with its scenario, and its position for messages.

    Raises:
        ScenarioError: with one line that names the file, line, key, problem and what is allowed.
    """
    text, file = read_text(path, "hypotheses")
    return hypotheses_of(text, str(file), file.parent)


def hypotheses_of(
    text: str, source: str = "hypotheses", folder: Path | None = None
) -> list[tuple[Hypothesis, Scenario, str]]:
    """Return the hypotheses in TOML text; scenarios are looked up in `folder` and among shoulders' own."""
    data = parse_toml(text, source)
    try:
        file = HypothesisFile.model_validate(data)
    except ValidationError as error:
        raise first_problem(error, HypothesisFile, data, source, text) from None
    found = []
    for at, hypothesis in enumerate(file.hypotheses):
        where = f"{source}:{line_of(text, ['hypotheses', at, 'claim'])}"
        _check(hypothesis, where)
        given = file.scenario if hypothesis.scenario is None else hypothesis.scenario
        scenario = _scenario(given, where, folder or Path())
        common = {key: value for key, value in hypothesis.change.items() if key not in NOT_OF_A_WORLD}
        scenario = scenario.replace(common, f"{where}: change") if common else scenario
        name = hypothesis.name or (Path(source).stem + (f" {at + 1}" if len(file.hypotheses) > 1 else ""))
        theory = _checked_theory(hypothesis, where)
        found.append((hypothesis.model_copy(update={"name": name, "theory": theory}), scenario, where))
    return found


def _check(hypothesis: Hypothesis, where: str) -> None:
    """Raise a ScenarioError if keys do not go together."""
    designs = [name for name in ("arms", "dose", "factors") if getattr(hypothesis, name) is not None]
    if len(designs) > 1:
        raise ScenarioError(f"{designs[0]} and {designs[1]} are two designs; allowed: one of them", file=where)
    allowed, most, least = STATISTICS[hypothesis.design], hypothesis.most, hypothesis.pairs
    none, margin = hypothesis.direction == "none", hypothesis.margin is not None
    wrong: list[tuple[bool, str, str]] = [
        (hypothesis.effect not in allowed, "statistic",
         f"is {hypothesis.effect!r}{did_you_mean(hypothesis.effect, allowed)} (with this design)"),
        *((len(given) != 2, key, f"must be two, are {len(given)}: {', '.join(given) or 'none'}")
          for key in ("arms", "factors") if (given := getattr(hypothesis, key)) is not None),
        (most < least, "pairs_at_most", f"must be {least} or more, is {most}"),
        (none and not margin, "margin", "is missing; 'no effect' needs one, a number or as '5%'"),
        (margin and not none, "margin", "is for direction 'none' alone"),
        (hypothesis.exact and hypothesis.theory is None, "theory", "is missing; what is exact needs a theory"),
        (hypothesis.dose is not None and len(set(hypothesis.dose.values)) < 2, "dose.values", "all are the same"),
    ]  # fmt: skip
    for is_wrong, key, problem in wrong:
        if is_wrong:
            raise ScenarioError(problem, file=where, key=key)


def _checked_theory(hypothesis: Hypothesis, where: str) -> Theory | None:
    given = hypothesis.theory
    if given is None:
        return None
    try:
        theory = Theory.model_validate(given if isinstance(given, Mapping) else {"effect": _formula(given)})
    except ValidationError as error:
        raise first_problem(error, Theory, given, f"{where}: theory", "") from None
    except ValueError as error:
        raise ScenarioError(str(error), file=where, key="theory") from None
    if isinstance(theory.level, Mapping):
        names = arm_names(hypothesis)
        for name in theory.level:
            if name not in names:
                raise ScenarioError(f"no arm '{name}'{did_you_mean(name, names)}", file=where, key="theory.level")
    return theory


def arm_names(hypothesis: Hypothesis) -> list[str]:
    """Return the names of the arms, in their order."""
    if hypothesis.arms is not None:
        return list(hypothesis.arms)
    if hypothesis.factors is not None:
        one, other = hypothesis.factors
        return ["neither", one, other, "both"]
    if hypothesis.dose is not None:
        return [f"{hypothesis.dose.name} = {value:g}" for value in hypothesis.dose.values]
    return ["as it is"]


def formula_of(formula: str | float, names: Mapping[str, float], where: str, key: str) -> float:
    """Return the value of a formula of the file, or raise a ScenarioError that says where it is."""
    try:
        return value_of(formula, names)
    except ValueError as error:
        raise ScenarioError(str(error), file=where, key=key) from None


def _scenario(given: Any, where: str, folder: Path) -> Scenario:
    if given is None:
        raise ScenarioError("is missing: a file, or a table", file=where, key="scenario")
    if isinstance(given, Mapping):
        import tomlkit

        return Scenario.from_toml(tomlkit.dumps(given), source=f"{where}: scenario", folder=folder)
    if not isinstance(given, str):
        raise ScenarioError("must be a file name or a table", file=where, key="scenario")
    beside = folder / given
    try:
        return Scenario.load(beside if beside.is_file() else given)
    except ScenarioError as error:
        if error.line is not None:
            raise
        raise ScenarioError(f"{error.problem} ('{given}')", file=where, key="scenario") from None
