"""Retweet cascades, the format weibo of a log: a post a line, with those who passed it on."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from pathlib import Path

from sim.errors import TapeError
from sim.logs.assemble import HELD, LATE, History, append
from sim.readers.text import lines_of, shown
from sim.tape.tables import DISCOVER, LEARN
from sim.tape.tape import Tape

CASCADE = ("cascade id", "author", "publication time", "number of participants", "participants")
Entry = tuple[int, list[str]]  # time after the post, path of users


def read_cascades(path: Path) -> Tape:
    """Read cascades as a tape, as told at read_log."""
    history, counts = History([], []), Counter[str](posts=0)
    numbers: dict[str, int] = {}  # of the users
    seen: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines_of(path), 1):
        if not line:
            continue
        name, author, time, size, entries = _cascade(f"{path}:{number}", line)
        before, text = seen.setdefault(name, (number, line.strip()))
        if text != line.strip():
            raise TapeError(f"{path}:{number}: cascade {shown(name)} differs from line {before}; allowed: an id once")
        if before == number:
            counts["posts"] += _place_cascade(history, len(seen) - 1, numbers, author, time, entries)
        else:
            history.dropped["duplicate"] += len(entries)
        counts.update(entries=len(entries), cascades=1, header_disagrees=int(size != len(entries)))
    counts["learned"] = len(history.realised[0])
    history.persons, history.ideas = list(numbers), [f"cascade {name}" for name in seen]
    return history.tape(path, format="weibo", time_unit="second", **counts)


def _cascade(place: str, line: str) -> tuple[str, str, int, int, list[Entry]]:
    """The fields of a line: id, author, publication time, size, and the entries (time, users) in order of time."""
    fields = [text.strip() for text in line.split("\t")]
    if len(fields) != len(CASCADE):
        raise TapeError(f"{place}: {len(fields)} fields between tabs; allowed: {len(CASCADE)} ({', '.join(CASCADE)})")
    for what, text in zip(CASCADE[:4], fields, strict=False):
        if not (_whole(text) if what in CASCADE[2:] else text):
            allowed = "whole numbers from 0 to below 1e15" if what in CASCADE[2:] else "a name"
            raise TapeError(f"{place}: wrong {what} {shown(text)}; allowed: {allowed}")
    entries = []
    for entry in fields[4].split():
        users, _, time = entry.rpartition(":")
        if not _whole(time) or "" in users.split("/"):
            raise TapeError(f"{place}: wrong participant {shown(entry)}; allowed: a/b/c:t, t whole seconds below 1e15")
        entries.append((int(time), users.split("/")))
    return fields[0], fields[1], int(fields[2]), int(fields[3]), sorted(entries, key=itemgetter(0))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _place_cascade(
    history: History, idea: int, numbers: dict[str, int], author: str, published: int, entries: list[Entry]
) -> int:
    """Place the post and its readers; return how many entries were the post itself."""
    since, readers, posts = {author: 0}, [], 0
    for time, users in entries:
        if time == 0 and set(users) == {author}:
            posts += 1
        elif users[-1] in since:
            history.dropped[HELD] += 1
        elif time == 0:
            history.dropped[LATE] += 1
        else:
            since[users[-1]] = time
            readers.append((time, users))
    holders = {user: idea << 32 | numbers.setdefault(user, len(numbers)) for user in since}
    history.add(published, DISCOVER, holders[author])
    for time, users in readers:
        teller = next(user for user in (*users[-2::-1], author) if since.get(user, time) < time)
        if users[-2:-1] != [teller]:
            placed = users[-2:-1] and users[-2] in since
            history.dropped[LATE] += bool(placed)
            history.repaired["teller not strictly earlier" if placed else "teller without an entry of their own"] += 1
        row = history.add(published + time, LEARN, holders[users[-1]], {history.holdings[holders[teller]]: 1.0})
        append(history.realised, row, -1, 1.0)
    return posts
