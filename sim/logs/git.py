"""The history of a repository, the format git of a log: commits build on the commits whose files they change.

A commit is an idea. Its author has it and implements it; trailers say otherwise: Suggested-by and Reported-by had it,
Reviewed-by and Acked-by communicated it. A later commit that changes the same files builds on it, and realises one
unit, divided equally over the commits that it builds on. Authors are named by the mailmap of the repository; merges
and the commits of bots are left out and counted. Nothing of the repository is run: no hooks, filters or pagers.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import TapeError
from sim.logs.assemble import Happened, tape_of
from sim.logs.log import Log
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from sim.tape.tape import Tape

TRAILERS = {"suggested-by": "idea", "reported-by": "idea", "reviewed-by": "told", "acked-by": "told"}
TRAILER = re.compile(r"^([A-Za-z-]+-by):\s*([^<\n]+?)\s*(?:<([^>\n]*)>)?\s*$", re.MULTILINE)
BOT = re.compile(r"\[bot\]|\bbot\b|-bot\b|^(dependabot|renovate|github-actions|greenkeeper)", re.IGNORECASE)
SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
    "-c", "diff.external=", "-c", "core.attributesFile=/dev/null", "-c", "protocol.allow=never",
    "-c", "mailmap.blob=", "-c", "core.quotePath=false",
)  # fmt: skip
LOOK = ("log", "--reverse", "--topo-order", "--raw", "--no-renames", "--no-ext-diff", "--no-textconv", "--root",
        "-z", "--use-mailmap", "--no-show-signature", "--format=%x01%H%x00%P%x00%aN%x00%ct%x00%B%x00")  # fmt: skip


class Commit(NamedTuple):
    """A commit: its short name, author, time, those who had the idea, those who reviewed it, and the files changed."""

    name: str
    author: str
    time: int
    idea: list[str]
    told: list[str]
    files: list[str]


def recognises(log: Log) -> bool:
    """Return whether this is a folder with a repository."""
    return log.folder and ((log.path / ".git").exists() or (log.path / "objects").is_dir())


def read(log: Log) -> Tape:
    """Read a repository as a tape, as told at read_log."""
    if not recognises(log):
        raise TapeError(f"{log.path}: no git repository; allowed: a folder with .git in it")
    skipped: Counter[str] = Counter()
    commits = list(_commits(log.path, skipped))
    if not commits:
        raise TapeError(f"{log.path}: no commits that change files")
    builder = _Builder(log.options.aliases)
    for commit in commits:
        builder.add(commit)
    rows = len(commits) + skipped.total()
    facts: dict[str, Any] = {
        "format": "git", "direction": "a commit builds on the last commits to the files that it changes",
        "time_unit": "second", "dates": "dates of commit, in seconds", "rows": rows, "commits": len(commits),
    }  # fmt: skip
    happened = builder.happened()
    return tape_of(log, happened, list(builder.people), list(builder.ideas), skipped, Counter(), facts)


def _commits(path: Path, skipped: Counter[str]) -> Iterator[Commit]:
    """The commits from the first on, without merges and bots."""
    nothing = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | nothing
    try:
        found = subprocess.run(
            ["git", *SAFE, "-C", str(path), *LOOK],
            capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise TapeError(f"{path}: reading a repository needs git on the path") from None
    if found.returncode:
        reason = [*found.stderr.decode(errors="replace").splitlines(), "git failed"][0]
        raise TapeError(f"{path}: {reason.removeprefix('fatal: ')}; allowed: a sound git repository")
    for text in found.stdout.decode(errors="replace").split("\x01")[1:]:
        name, parents, author, time, body, *changes = text.split("\x00")
        if len(parents.split()) > 1:
            skipped["merge"] += 1
        elif BOT.search(author):
            skipped["commit of a bot"] += 1
        else:
            roles: dict[str, list[str]] = {"idea": [], "told": []}
            for word, person, _ in TRAILER.findall(body):
                if (role := TRAILERS.get(word.lower())) and person not in roles[role] and not BOT.search(person):
                    roles[role].append(person)
            files = [change for change in changes if change and not change.lstrip("\n").startswith(":")]
            yield Commit(name[:12], author, int(time), roles["idea"], roles["told"], files)


class _Builder:
    """Places commits one after the other; times never run backwards, as clocks of authors do."""

    def __init__(self, aliases: Any) -> None:
        self.aliases, self.people, self.ideas = aliases, dict[str, int](), dict[str, int]()
        self.rows: list[tuple[int, int, int, int]] = []  # step, kind, person, idea
        self.influences: list[tuple[int, int, float]] = []
        self.realised: list[tuple[int, int, float]] = []
        self.last: dict[str, int] = {}  # of each file, the idea of the commit that changed it last
        self.ends: list[list[int]] = []  # of each idea, the rows from which others learn it
        self.made: list[int] = []  # of each idea, its implementation
        self.holdings: dict[tuple[int, int], int] = {}  # of a person and an idea

    def add(self, commit: Commit) -> None:
        """Place a commit: what it builds on, who had it, who reviewed it, who made it."""
        before = self.rows[-1][0] if self.rows else commit.time
        step = max(before, commit.time)
        author = self._person(commit.author)
        thinkers = [self._person(name) for name in commit.idea] or [author]
        idea = self.ideas.setdefault(commit.name, len(self.ideas))
        bases = list(dict.fromkeys(self.last[file] for file in commit.files if file in self.last))
        used = [self._learn(step, thinkers[0], base) for base in bases]
        for base, row in zip(bases, used, strict=True):
            self.realised.append((row, self.made[base], 1.0 / len(bases)))
        had = [self._event(step, DISCOVER, person, idea, used if person == thinkers[0] else []) for person in thinkers]
        own = self.holdings.get((author, idea))
        own = self._event(step, LEARN, author, idea, had) if own is None else own
        made = self._event(step, IMPLEMENT, author, idea, [own])
        reviewers = [person for person in map(self._person, commit.told) if (person, idea) not in self.holdings]
        self.ends.append([self._event(step, LEARN, person, idea, [own]) for person in reviewers] or [own])
        self.made.append(made)
        self.last |= dict.fromkeys(commit.files, idea)

    def _person(self, name: str) -> int:
        return self.people.setdefault(self.aliases.get(name, name), len(self.people))

    def _learn(self, step: int, person: int, idea: int) -> int:
        found = self.holdings.get((person, idea))
        return self._event(step, LEARN, person, idea, self.ends[idea]) if found is None else found

    def _event(self, step: int, kind: int, person: int, idea: int, parents: list[int]) -> int:
        row = len(self.rows)
        self.rows.append((step, kind, person, idea))
        self.influences += [(row, parent, 1.0 / len(parents)) for parent in parents]
        if kind != IMPLEMENT:
            self.holdings[person, idea] = row
        return row

    def happened(self) -> Happened:
        """Return the events, ranked in the order in which they were placed."""
        step, kind, person, idea = np.array(self.rows, np.int64).reshape(-1, 4).T
        child, parent, weight = _columns(self.influences)
        event, by, value = _columns(self.realised)
        return Happened(
            step, kind.astype(np.int8), person.astype(np.int32), idea.astype(np.int32), (child, parent, weight),
            (event, by, value), np.arange(len(self.rows)),
        )  # fmt: skip


def _columns(rows: list[tuple[int, int, float]]) -> Any:
    one, other, number = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(one, np.int64), np.array(other, np.int64), np.array(number, np.float64)
