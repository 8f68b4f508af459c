"""Repositories: who stands on whom, by the lines and by the files that commits change."""

import os
import random
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

from sim.errors import TapeError
from sim.logs.formats import read_log
from sim.tape.tables import IMPLEMENT
from sim.tape.tape import Tape
from tests import examples
from tests.logs.test_edges import credits
from tests.tapes import as_rows


def git(folder: Path, *words: str, given: bytes = b"", **variables: str) -> str:
    command, env = ["git", "-C", str(folder), *words], os.environ | variables
    return subprocess.run(command, check=True, capture_output=True, input=given, env=env).stdout.decode(
        errors="replace"
    )


def commit(folder: Path, author: str, message: str, at: str = "1600000000 +0000", **files: str) -> None:
    """Commit files; `at` is the time at which they were committed."""
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    who = ("-c", f"user.name={author}", "-c", f"user.email={author}@x", "-c", "commit.gpgsign=false")
    git(folder, *who, "commit", "-q", "-m", message, f"--date={at}", GIT_COMMITTER_DATE=at)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Four commits: Ada's, one of hers that Ben suggested and Cy reviewed, Dan's on the same file, and a bot's."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / ".mailmap").write_text("Ada <Ada@x> A <A@x>\n")
    commit(tmp_path, "A", "one", x="1")
    commit(tmp_path, "Ada", "two\n\nSuggested-by: Ben <b@x>\nReviewed-by: Cy <c@x>", y="1")
    commit(tmp_path, "Dan", "three", x="2", y="2")
    commit(tmp_path, "renovate[bot]", "bump", x="3")
    git(tmp_path, "config", "core.fsmonitor", "touch ran; false")  # which nobody runs who reads
    return tmp_path


def test_a_repository(repository: Path) -> None:
    tape = read_log(repository)
    assert (tape.provenance["format"], tape.dropped, tape.total) == ("git", {"commit of a bot": 1}, 1.0)
    # Dan builds on `one`: half a unit, all Ada's but that she told him; and on `two`: the idea Ben's, told by Ada
    # and Cy, made by Ada
    assert credits(tape) == pytest.approx({"Ada": 1 / 2 + 1 / 12 + 1 / 6, "Ben": 1 / 6, "Cy": 1 / 12, "Dan": 0.0})
    assert int((tape.events.kind == IMPLEMENT).sum()) == 3
    assert not (repository / "ran").exists()
    with pytest.raises(TapeError, match="a folder; a log is a file, or a git repository"):
        read_log(repository.parent, "git")


def test_commits_up_to_the_last_time(repository: Path) -> None:
    commit(repository, "F", "late", "2035-01-01T00:00:00Z", z="1")
    assert set(credits(read_log(repository))) == {"Ada", "Ben", "Cy", "Dan", "F"}
    tape = read_log(repository, until="2034-12-31")
    assert set(credits(tape)) == {"Ada", "Ben", "Cy", "Dan"}
    assert tape.dropped == {"commit of a bot": 1, "no time up to 2034-12-31": 1}


class Made(NamedTuple):
    """A commit of a random history: its parents, the lines of its files, and what it builds on."""

    parents: list[int]
    files: dict[str, list[bytes]]
    bases: Counter[int]


def written(files: dict[str, list[bytes]]) -> set[bytes]:
    return {line for lines in files.values() for line in lines}


def history(seed: int, commits: int = 60) -> list[Made]:
    """Commits that write lines of which no two are the same, so that each is of the commit that has it first."""
    luck, made, owner, number = random.Random(seed), [Made([], {"a": [], "b": []}, Counter())], dict[bytes, int](), 0
    for k in range(1, commits):
        parents = luck.sample(range(max(0, k - 5), k), 2 if k > 3 and luck.random() < 0.3 else 1)
        files = {name: list(lines) for name, lines in made[parents[0]].files.items()}
        for other in parents[1:]:
            merge(luck, files, made[other].files)
        if len(parents) == 1 and luck.random() < 0.15:
            files[f"dir/mo ved{k}"] = files.pop(luck.choice(list(files)))
        elif len(parents) == 1 or luck.random() < 0.3:
            for lines in [*files.values()] * 2:
                at = luck.randint(0, len(lines))
                odd = [b"-- %d", b"++ %d", b"@@ -1,%d +2 @@", b"diff --git %d", b"\1 %d"]  # as a difference has them
                new = [odd[(number + i) % 5] % (number + i) for i in range(luck.randint(0, 4))]
                number += len(new)
                lines[at : at + luck.choice([0, 0, 1, 3])] = new
        if luck.random() < 0.1 and len(files) > 2:
            files.pop(luck.choice(list(files)))
        if luck.random() < 0.15:
            files[f"new {k}"] = [b"new %d.%d" % (k, line) for line in range(5)]
        before = [written(made[parent].files) for parent in parents]
        owner |= dict.fromkeys(written(files).difference(*before), k)
        lost = before[0] - written(files) if len(parents) == 1 else set()
        counted = (owner[line] for line in lost if len(made[owner[line]].parents) < 2)
        made.append(Made(parents, files, Counter(counted)))
    return made


def merge(luck: random.Random, files: dict[str, list[bytes]], others: dict[str, list[bytes]]) -> None:
    """Put most of the lines that the other branch has and this one has not where they stand there, in their order."""
    have = written(files)
    for name in sorted(files.keys() & others.keys()):
        lines, at = list(files[name]), 0
        for line in others[name]:
            if line in lines:
                at = lines.index(line) + 1
            elif line not in have and luck.random() < 0.8:
                lines.insert(at, line)
                at += 1
        if [line for line in lines if line in others[name]] == [line for line in others[name] if line in lines]:
            files[name] = lines


def imported(folder: Path, made: list[Made]) -> Path:
    """Make a repository of a history; the author of a commit is its number, as is its time."""
    parts = []
    for k, (parents, files, _) in enumerate(made):
        parts.append(f"commit refs/heads/main\nmark :{k + 1}\ncommitter {k} <{k}> {k} +0000\ndata 1\nx\n".encode())
        parts += [b"%s :%d\n" % (b"merge" if i else b"from", parent + 1) for i, parent in enumerate(parents)]
        parts.append(b"deleteall\n")
        for name, lines in files.items():
            data = b"".join(line + b"\n" for line in lines)
            parts.append(b"M 644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "fast-import", "--quiet", "--force", given=b"".join(parts))
    return folder


def bases_of(tape: Tape) -> dict[int, dict[int, float]]:
    """What of each author, who is a commit here, builds on whom."""
    found: dict[int, dict[int, float]] = defaultdict(dict)
    author = [int(tape.persons.name[person]) for person in tape.events.person]
    for event, by, value in as_rows(tape.realised):
        found[author[event]][author[by]] = value
    return found


@pytest.mark.parametrize("seed", range(examples(8)))
def test_lines_are_of_the_commit_that_wrote_them_across_branches_moves_and_merges(seed: int, tmp_path: Path) -> None:
    made = history(seed)
    found = bases_of(read_log(imported(tmp_path, made)))
    reached = {int(author) for author in git(tmp_path, "log", "--no-merges", "--format=%an").split()}
    expected = {k: made[k].bases for k in sorted(reached) if made[k].bases}
    assert found.keys() == expected.keys()
    for k, bases in expected.items():
        assert found[k] == pytest.approx({base: lines / bases.total() for base, lines in bases.items()})
    assert len(expected) > 5


@pytest.mark.parametrize("seed", range(examples(4)))
def test_lines_are_those_of_git_blame(seed: int, tmp_path: Path) -> None:
    luck, made, lines = random.Random(seed), list[Made](), list[bytes]()
    for k in range(30):
        at = luck.randint(0, len(lines))
        lines[at : at + luck.randint(0, 3)] = [luck.choice([b"a", b"b", b"", b"d %d" % k]) for _ in range(4)]
        made.append(Made([k - 1] if k else [], {"a": list(lines)}, Counter()))
    made.append(Made([29], {"b": []}, Counter()))  # the last deletes all, and so builds on whoever wrote what
    folder = imported(tmp_path, made)
    blamed = git(folder, "blame", "--line-porcelain", "HEAD~", "--", "a").splitlines()
    counted = Counter(int(line.removeprefix("author ")) for line in blamed if line.startswith("author "))
    assert bases_of(read_log(folder))[30] == pytest.approx({k: n / counted.total() for k, n in counted.items()})


def test_files_build_on_the_last_commit_to_each(repository: Path) -> None:
    commit(repository, "Eve", "more", x="2\n3\n")
    by_files, by_lines = read_log(repository, git_by="files"), read_log(repository)
    assert (by_files.total, by_lines.total) == (2.0, 1.0)  # the line that she changes is the bot's
    assert credits(by_files)["Dan"] == pytest.approx(1 / 2 + 1 / 6 + 1 / 6)
    with pytest.raises(TapeError, match="git_by: no 'words'"):
        read_log(repository, git_by="words")


def test_clones_that_are_bare_or_without_old_contents(repository: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    for name, how in (("whole", "--bare"), ("names", "--filter=blob:none")):
        git(repository, "clone", "-q", how, repository.as_uri(), str(repository / name))
    assert credits(read_log(repository / "whole")) == credits(read_log(repository))
    assert credits(read_log(repository / "names", git_by="files")) == credits(read_log(repository))
    with pytest.raises(TapeError, match="allowed: a sound git repository with all contents, or --git-by files"):
        read_log(repository / "names")
