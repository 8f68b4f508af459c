"""Claims about time, put to the test: a file of hypotheses in, verdicts out (docs/hypotheses.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engines import Rules, engine_for
from sim.errors import require
from sim.experiments.hypotheses.schema import Hypothesis, hypotheses_of, load_hypotheses
from sim.experiments.hypotheses.sequence import conduct, planned, refuse_too_few
from sim.experiments.hypotheses.verdict import Result, verdicts
from sim.experiments.runner import Runner
from sim.experiments.tabular import Tabular
from sim.model.own_rules import own_rules
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from sim.model.agents.person import Person


@dataclass(frozen=True)
class Findings(Tabular):
    """The results of hypotheses that were tested together, in the order of their files."""

    results: tuple[Result, ...]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getitem__(self, name: str) -> Result:
        """Return the result of the hypothesis with this name."""
        require("hypothesis", name, [result.name for result in self.results])
        return next(result for result in self.results if result.name == name)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per hypothesis, without the arms."""
        return [{k: v for k, v in result.to_dict().items() if k != "arms"} for result in self.results]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"hypotheses": [result.to_dict() for result in self.results]}


def test_hypotheses(
    files: str | Path | Iterable[str | Path], *, engine: str = "auto", threads: int | None = None,
    rules: Rules | None = None, person_class: type[Person] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Findings:  # fmt: skip
    """Test all hypotheses of one or more files together, with p corrected over each family of hypotheses.

    Every pair has one seed in all arms. Pairs are run until half the width of the effect's interval is within the
    requested precision, or the largest number of pairs is reached.

    Args:
        files: paths of TOML files, or the text of one (with more than one line).
        engine, rules, person_class: as in `sim.simulate`.
        threads: how many runs are made at the same time; the findings are the same.
        progress: called with (name of the hypothesis, pairs run, pairs at most) after every look.

    Raises:
        ScenarioError: with one line that names the file, line, key, problem and what is allowed.
        ValueError: if the engine is unknown, or there are no files.

    Telling earlier realises more, since those who are told hold the idea for longer:

    >>> found = test_hypotheses('''
    ... [scenario]
    ... scenario = {name = "teller", steps = 12}
    ... persons = [{name = "P1", creativity = 1.0}, {name = "P2", count = 5}]
    ... ties = [{from = "P1", to = "P2"}]
    ... ideas = [{name = "wheel", clarity = 0.5}]
    ... dynamics = {discovery_rate = inf, telling_period = "forever"}
    ... impact = {value_of = "held", realised_by = "P2"}
    ... interventions = [{step = 2, kind = "set", key = "persons.P1.reach", value = 1.0}]
    ... [[hypotheses]]
    ... claim = "telling later is worth less"
    ... arms = {early = {}, late = {"interventions.0.step" = 6}}
    ... measure = "total"
    ... direction = "less"
    ... pairs_at_most = 200
    ... ''')
    >>> [(result.verdict, result.pairs) for result in found]
    [('supported', 200)]
    """
    experiments = [planned(*one) for one in _read(files)]
    if not experiments:
        raise ValueError("files: none; allowed: paths of TOML files of hypotheses, or the text of one")
    runner = Runner(engine, threads, rules, person_class)
    engine_for(experiments[0].arms[0].scenario, engine, 1, own_rules(rules), person_class)
    families = [e.hypothesis.family for e in experiments if not e.hypothesis.exact]
    for experiment in experiments:
        refuse_too_few(experiment, families.count(experiment.hypothesis.family))
    for experiment in experiments:
        conduct(experiment, families.count(experiment.hypothesis.family), runner, progress)
    return Findings(tuple(verdicts(experiments)))


vars(test_hypotheses)["__test__"] = False  # so that pytest, which may see the name, takes it for no test


def _read(files: str | Path | Iterable[str | Path]) -> list[tuple[Hypothesis, Scenario, str]]:
    if isinstance(files, str) and "\n" in files:
        return hypotheses_of(files)
    paths = [files] if isinstance(files, str | Path) else list(files)
    return [one for path in paths for one in load_hypotheses(path)]
