"""The base of a commit: the commits that last changed the lines, or the files, that it changes.

Each line of a file belongs to the commit that wrote it, as in `git blame`, but kept up to date along the stream of all
differences instead of asked for commit by commit. Lines move with their files. Each branch has lines of its own, so
that commits side by side do not mix; in a merge a line belongs to whoever wrote it on the branch from which it comes (a
file that a merge of three or more branches takes unchanged: on the first other branch where it differs).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Log = Callable[..., Iterator[bytes]]  # the lines of `git log` with some options
Owner = str | None  # a commit by its name; None if it does not count, such as a bot's
Tree = dict[bytes, list[Owner]]  # for each file the owner of each line
PATCH = ("--patch", "--inter-hunk-context=0", "--diff-algorithm=myers", "--find-renames", "--src-prefix=",
         "--dst-prefix=", "--no-color", "--submodule=short")  # fmt: skip
CONTENT = (b"+", b"-", b" ")
MINUS, BLANK = b"- "
RANGE = re.compile(rb"[-+](\d+)(?:,(\d+))?")


class Files:
    """The last commit to each file."""

    LOOK = ("--raw", "--no-renames")

    def __init__(self, log: Log) -> None:
        del log
        self.last: dict[bytes, str] = {}

    def change(self, commit: str, parents: list[str], diff: Iterable[bytes], owner: Owner) -> Counter[str]:
        """Return the last commits to the files that a commit changes, once each."""
        files = _files(diff)
        built = Counter(dict.fromkeys((self.last[file] for file in files if file in self.last), 1))
        if owner is not None:
            self.last |= dict.fromkeys(files, owner)
        return built


@dataclass
class Patch:
    """The change of one file by a commit: its names in the parents and here, and the pieces that differ."""

    old: list[bytes]
    new: bytes
    gone: bool = False
    whole: bool = False  # not text, so taken for one line
    # For each piece, begin and length in each parent and here; and for merges, the marks of its lines.
    pieces: list[tuple[list[tuple[int, int]], list[bytes]]] = field(default_factory=list)


class Lines:
    """The writer of each line of each file, at each commit that still has children to come."""

    LOOK = (*PATCH, "--unified=0")

    def __init__(self, log: Log) -> None:
        self.children = Counter(parent for parents in log("--format=%P") for parent in parents.decode().split())
        others = log("--merges", "--format=%x01", "--diff-merges=first-parent", "--raw", "--no-renames")
        # With no context, git leaves out lines of combined differences that it counts.
        both = log("--merges", "--format=%x01", "-c", "--combined-all-paths", *PATCH, "--unified=1")
        self.merges = zip(_each(others), _each(both), strict=True)
        self.trees: dict[str, Tree] = {}

    def change(self, commit: str, parents: list[str], diff: Iterable[bytes], owner: Owner) -> Counter[str]:
        """Return the earlier commits whose lines a commit changes or deletes, with the number of lines."""
        before = [self._tree(parent) for parent in parents] or [{}]
        changed: dict[bytes, list[Owner] | None] = {}
        if len(before) > 1:
            raw, diff = next(self.merges)
            for name in _files(raw):  # as in another parent, or with a patch
                mine = before[0].get(name)
                changed[name] = next((lines for other in before[1:] if (lines := other.get(name)) is not mine), None)
        built: Counter[Owner] = Counter()
        for patch in _patches(diff, len(before)):
            old = [tree.get(name) or [] for tree, name in zip(before, patch.old, strict=True)]
            lines = [owner] if patch.whole else _written(patch, old, owner)
            if len(before) == 1:
                built.update(_lost(patch, old[0]))
                changed.setdefault(patch.old[0], None)
            changed[patch.new] = None if patch.gone else lines
        for name, owners in changed.items():
            if owners is None:
                before[0].pop(name, None)
            else:
                before[0][name] = owners
        if self.children[commit]:
            self.trees[commit] = before[0]
        return Counter({name: count for name, count in built.items() if name is not None})

    def _tree(self, commit: str) -> Tree:
        """Return the files of a parent, as a copy if another child still needs them."""
        self.children[commit] -= 1
        return dict(self.trees[commit]) if self.children[commit] else self.trees.pop(commit)


def _each(log: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of each merge."""
    lines: list[bytes] = []
    next(log, None)
    for line in log:
        if line.startswith(b"\1"):
            yield lines
            lines = []
        else:
            lines.append(line)
    yield lines


def _files(raw: Iterable[bytes]) -> list[bytes]:
    """Return the files that are named in lines of --raw."""
    return [line.rstrip(b"\n").split(b"\t", 1)[1] for line in raw if line.startswith(b":")]


def _lost(patch: Patch, old: list[Owner]) -> Iterator[Owner]:
    """Yield the owners of the lines that a commit with one parent changes or deletes."""
    if patch.whole:
        yield from old[:1]
    for [(begin, length), _], _ in patch.pieces:
        yield from old[begin - 1 : begin - 1 + length] if length else ()


def _written(patch: Patch, old: list[list[Owner]], owner: Owner) -> list[Owner]:
    """Return the owners of the lines of a file after a patch; in a merge, by the first parent that has the line."""
    lines: list[Owner] = []
    first, at = old[0], 0
    for ranges, marks in patch.pieces:
        begin, length = ranges[0]
        start = begin if len(old) == 1 and not length else begin - 1
        lines += first[at:start]
        at = start + length
        if len(old) == 1:
            lines += [owner] * ranges[1][1]
            continue
        places = [begin - 1 for begin, _ in ranges]
        for mark in marks:
            lost = b"-" in mark
            having = [k for k, sign in enumerate(mark) if sign == (MINUS if lost else BLANK)]
            if not lost:
                lines.append(next((old[k][places[k]] for k in having if places[k] < len(old[k])), owner))
            for k in having:
                places[k] += 1
    return lines + first[at:]


def _patches(diff: Iterable[bytes], parents: int) -> Iterator[Patch]:
    """Read the patches of a commit; of the lines themselves, keep only their marks in merges."""
    patch = Patch([], b"")
    for line in diff:
        if line.startswith(CONTENT):
            if patch.pieces and parents > 1:
                patch.pieces[-1][1].append(line[:parents])
            elif line.startswith(b"--- ") and parents > 1:
                patch.old = [*patch.old[1:], line[4:].rstrip(b"\t\n")]
        elif line.startswith(b"@@"):
            found = RANGE.findall(line.split(b" @@")[0])
            patch.pieces.append(([(int(begin), int(length or 1)) for begin, length in found], []))
        elif line.startswith(b"diff "):
            yield from _finished(patch)
            _, how, name = line.rstrip(b"\n").split(b" ", 2)
            name = name[: len(name) // 2] if how == b"--git" else name  # there it is twice, or renamed below
            patch = Patch([name] * max(1, parents), name)
        elif line.startswith(b"rename from "):
            patch.old = [line[12:-1]]
        elif line.startswith(b"rename to "):
            patch.new = line[10:-1]
        else:
            patch.gone |= line.startswith(b"deleted file")
            patch.whole |= line.startswith(b"Binary files")
    yield from _finished(patch)


def _finished(patch: Patch) -> Iterator[Patch]:
    """Yield the patch, if it does more than change a mode."""
    if patch.old and (patch.pieces or patch.gone or patch.whole or patch.old != [patch.new] * len(patch.old)):
        yield patch
