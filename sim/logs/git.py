"""The history of a repository, the format git of a log: commits build on the commits whose lines they change.

A commit is an idea. Its author implements it, and had it unless trailers say otherwise: Suggested-by and Reported-by
name who had it, Reviewed-by and Acked-by who communicated it. A later commit that changes or deletes its lines builds
on it, and realises one unit, divided over the commits that it builds on by lines; or, by files, equally over the last
commits to the files that it changes. Authors are named by the mailmap; merges and the commits of bots are left out and
counted, and their lines belong to nobody. Nothing of the repository is run: no hooks, filters or pagers.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import TapeError
from sim.logs.assemble import NO_TIME, Happened, tape_of
from sim.logs.changes import Files, Lines
from sim.logs.log import Log
from sim.readers.times import NONE, Clock
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from sim.tape.tape import Tape

TRAILERS = {"suggested-by": "idea", "reported-by": "idea", "reviewed-by": "told", "acked-by": "told"}
TRAILER = re.compile(r"^([A-Za-z-]+-by):\s*([^<\n]+?)\s*(?:<([^>\n]*)>)?\s*$", re.MULTILINE)
BOT = re.compile(r"\[bot\]|\bbot\b|-bot\b|^(dependabot|renovate|github-actions|greenkeeper)", re.IGNORECASE)
SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
    "-c", "diff.external=", "-c", "core.attributesFile=/dev/null", "-c", "protocol.allow=never",
    "-c", "mailmap.blob=HEAD:.mailmap", "-c", "core.quotePath=false",
)  # fmt: skip
HEADER = ("--root", "--no-ext-diff", "--no-textconv", "--use-mailmap", "--encoding=UTF-8",
          "--no-show-signature", "--format=%x01%H%x00%P%x00%aN%x00%ct%x00%B%x00")  # fmt: skip
QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
FIELDS = 5
BY: dict[str, type[Lines | Files]] = {"lines": Lines, "files": Files}


class Commit(NamedTuple):
    """A commit: its short name, author, time, those who had the idea or reviewed it, and the weights of its bases."""

    name: str
    author: str
    time: int
    idea: list[str]
    told: list[str]
    bases: Counter[str]


def recognises(log: Log) -> bool:
    """Return whether this is a folder with a repository."""
    return log.folder and ((log.path / ".git").exists() or (log.path / "objects").is_dir())


def read(log: Log) -> Tape:
    """Read a repository as a tape, as described at read_log."""
    if not recognises(log):
        raise TapeError(f"{log.path}: no git repository; allowed: a folder with .git in it")
    skipped: Counter[str] = Counter()
    by = log.options.git_by
    commits = list(_commits(log.path, BY[by], skipped))
    if not commits:
        raise TapeError(f"{log.path}: no commits that change files")
    rows = len(commits) + skipped.total()
    times = np.maximum.accumulate([commit.time for commit in commits])
    dated = int((log.late(Clock(log.options.order), times) != NONE).sum())
    skipped[NO_TIME] = len(commits) - dated
    builder = _Builder(log.options.aliases)
    for commit in commits[:dated]:
        builder.add(commit)
    facts: dict[str, Any] = {
        "format": "git", "direction": f"a commit builds on the last commits to the {by} that it changes",
        "time_unit": "second", "dates": "dates of commit, in seconds", "rows": rows, "commits": len(commits),
    }  # fmt: skip
    happened = builder.happened()
    return tape_of(log, happened, list(builder.people), list(builder.ideas), skipped, Counter(), facts)


def _commits(path: Path, by: type[Lines | Files], skipped: Counter[str]) -> Iterator[Commit]:
    """Yield the commits from the first on, without merges and bots."""
    log = partial(_git, path)
    memory = by(log)
    for head, diff in _records(log(*HEADER, *by.LOOK)):
        name, of, author, time, body, _ = head[1:].decode(errors="replace").split("\0")
        parents = of.split()
        reason = "merge" if len(parents) > 1 else "commit of a bot" if BOT.search(author) else ""
        bases = memory.change(name, parents, diff, None if reason else name[:12])
        if reason:
            skipped[reason] += 1
            continue
        roles: dict[str, list[str]] = {"idea": [], "told": []}
        for word, person, _ in TRAILER.findall(body):
            if (role := TRAILERS.get(word.lower())) and person not in roles[role] and not BOT.search(person):
                roles[role].append(person)
        yield Commit(name[:12], author, int(time), roles["idea"], roles["told"], bases)


def _records(stream: Iterator[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield the head of each commit and its differences, except the lines themselves."""
    head, diff, within = b"", list[bytes](), False
    for line in stream:
        if line.startswith(b"\1") and not within:
            if head:
                yield head, diff
            head, diff, within = b"", [], True
        if within:
            head += line
            within = head.count(b"\0") < FIELDS
        elif not line.startswith((b"+", b"-")):
            diff.append(line)
    if head:
        yield head, diff


def _git(path: Path, *words: str) -> Iterator[bytes]:
    """Yield the lines of `git log`, which runs no program that the repository or the user names.

    Raise a TapeError if there is no git, or it fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | QUIET
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ["git", *SAFE, "-C", str(path), "log", "--reverse", "--topo-order", *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment,
            )  # fmt: skip
        except FileNotFoundError:
            raise TapeError(f"{path}: reading a repository needs git on the path") from None
        with process:
            yield from process.stdout or ()
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace").splitlines()
            reason = [*(line for line in said if line.startswith("fatal: ")), *said, "git failed"][0]
            allowed = "a sound git repository" + " with all contents, or --git-by files" * ("--patch" in words)
            raise TapeError(f"{path}: {reason.removeprefix('fatal: ')}; allowed: {allowed}")


class _Builder:
    """A placer of commits, one after the other; times never run backwards, as the clocks of authors do."""

    def __init__(self, aliases: Any) -> None:
        self.aliases, self.people, self.ideas = aliases, dict[str, int](), dict[str, int]()
        self.rows: list[tuple[int, int, int, int]] = []  # step, kind, person, idea
        self.influences: list[tuple[int, int, float]] = []
        self.realised: list[tuple[int, int, float]] = []
        self.ends: list[list[int]] = []  # of each idea, the rows from which others learn it
        self.made: list[int] = []  # of each idea, its implementation
        self.holdings: dict[tuple[int, int], int] = {}  # of a person and an idea

    def add(self, commit: Commit) -> None:
        """Place a commit: what it builds on, who had it, who reviewed it, who made it."""
        before = self.rows[-1][0] if self.rows else commit.time
        step = max(before, commit.time)
        author = self._person(commit.author)
        thinkers = list(dict.fromkeys(map(self._person, commit.idea))) or [author]
        idea = self.ideas.setdefault(commit.name, len(self.ideas))
        bases = [self.ideas[name] for name in commit.bases]
        parts = [weight / commit.bases.total() for weight in commit.bases.values()]
        used = [self._learn(step, thinkers[0], base) for base in bases]
        self.realised += zip(used, [self.made[base] for base in bases], parts, strict=True)
        had = [self._event(step, DISCOVER, thinkers[0], idea, used, parts)]
        had += [self._event(step, DISCOVER, person, idea, []) for person in thinkers[1:]]
        own = self.holdings.get((author, idea))
        own = self._event(step, LEARN, author, idea, had) if own is None else own
        made = self._event(step, IMPLEMENT, author, idea, [own])
        told = dict.fromkeys(map(self._person, commit.told))
        reviewers = [person for person in told if (person, idea) not in self.holdings]
        self.ends.append([self._event(step, LEARN, person, idea, [own]) for person in reviewers] or [own])
        self.made.append(made)

    def _person(self, name: str) -> int:
        return self.people.setdefault(self.aliases.get(name, name), len(self.people))

    def _learn(self, step: int, person: int, idea: int) -> int:
        found = self.holdings.get((person, idea))
        return self._event(step, LEARN, person, idea, self.ends[idea]) if found is None else found

    def _event(
        self, step: int, kind: int, person: int, idea: int, parents: list[int], parts: Sequence[float] = ()
    ) -> int:
        row = len(self.rows)
        self.rows.append((step, kind, person, idea))
        parts = parts or [1.0 / max(1, len(parents))] * len(parents)
        self.influences += [(row, parent, part) for parent, part in zip(parents, parts, strict=True)]
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
