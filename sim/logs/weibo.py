"""Retweet cascades, the format weibo of a log: one post a line, with those who passed it on; by whole columns."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.logs.assemble import HELD, LATE, NO_TIME, Happened, tape_of
from sim.logs.log import Log
from sim.readers.sorting import in_order, order_of, runs_from
from sim.readers.source import Source, lines_of
from sim.readers.times import NONE, Clock
from sim.readers.words import shown
from sim.tape.tables import DISCOVER, LEARN, Ints
from sim.tape.tape import Tape

CASCADE = ("cascade id", "author", "publication time", "number of participants", "participants")
WHOLE = re.compile(r"\d{1,15}", re.ASCII)
NAMELESS = r"^/|//|/$"


class Posts(NamedTuple):
    """The lines, each once: their numbers, their fields, and the participants of repeated lines."""

    line: list[int]
    name: list[str]
    author: list[str]
    time: list[int]
    size: list[int]
    entries: list[str]
    copies: list[str]


class Entries(NamedTuple):
    """Entries, one for each passing on of a post: post, time since, where its path begins in `users`, length."""

    post: Ints
    time: Ints
    begin: Ints
    many: Ints
    users: Ints


def recognises(log: Log) -> bool:
    """Return whether this is text with one cascade a line."""
    return log.path.suffix not in {".csv", ".tsv"} and bool(
        re.match(r"(\s*#[^\n]*\n|\s*\n)*[^\t\n#]+\t[^\t\n]+\t\d+\t\d+\t", log.head)
    )


def read(log: Log) -> Tape:
    """Read cascades as a tape, as described at read_log."""
    if log.source is None:
        raise TapeError(f"{log.path}: cascades are lines of text; allowed: a file")
    posts = _posts(log.source)
    entries, authors, names = _entries(log, posts)
    copies = sum(len(text.split()) for text in posts.copies)
    dropped, mended = Counter({"duplicate": copies}), Counter[str]()
    published = np.array(posts.time, np.int64)
    cascades = len(posts.line) + len(posts.copies)
    of_posts = np.bincount(entries.post, minlength=len(posts.line))
    rows = len(entries.post) + copies
    disagrees = int((of_posts != np.array(posts.size)).sum())
    entries, there = _until(log, entries, published)
    dropped[NO_TIME] = rows - copies - len(entries.post)
    ideas = [f"cascade {name}" for name, kept in zip(posts.name, there.tolist(), strict=True) if kept]
    happened, found = _placed(entries, authors[there], published[there], len(names), dropped, mended)
    facts: dict[str, Any] = {
        "format": "weibo", "direction": "a path's last user had it from the user before", "time_unit": "second",
        "dates": "seconds", "rows": rows, **log.source.facts,
        "counts": {"entries": rows, "posts": found, "cascades": cascades, "learned": len(happened.realised[0]),
                   "header_disagrees": disagrees},
    }  # fmt: skip
    return tape_of(log, happened, names, ideas, dropped, mended, facts)


def _until(log: Log, entries: Entries, published: Ints) -> tuple[Entries, NDArray[np.bool_]]:
    """Return the entries up to the last time that is wanted, and which posts were published by then."""
    clock, (post, time, _, many, users) = Clock(log.options.order), entries
    there = log.late(clock, published.copy()) != NONE
    kept = log.late(clock, published[post] + time) != NONE
    place, many_kept = np.cumsum(there) - 1, many[kept]
    begin = np.cumsum(many_kept) - many_kept
    return Entries(place[post[kept]], time[kept], begin, many_kept, users[np.repeat(kept, many)]), there


def _posts(source: Source) -> Posts:
    posts = Posts([], [], [], [], [], [], [])
    seen: dict[str, tuple[int, str]] = {}
    for number, text in lines_of(source):
        place = f"{source.path}:{number}"
        fields = [cell.strip() for cell in text.split("\t")]
        if len(fields) != len(CASCADE):
            allowed = f"{len(CASCADE)} ({', '.join(CASCADE)})"
            raise TapeError(f"{place}: {len(fields)} fields between tabs; allowed: {allowed}")
        for what, cell in zip(CASCADE[:4], fields, strict=False):
            if not (WHOLE.fullmatch(cell) if what in CASCADE[2:] else cell):
                allowed = "whole numbers from 0 to below 1e15" if what in CASCADE[2:] else "a name"
                raise TapeError(f"{place}: wrong {what} {shown(cell)}; allowed: {allowed}")
        before, same = seen.setdefault(fields[0], (number, text.strip()))
        if same != text.strip():
            raise TapeError(f"{place}: cascade {shown(fields[0])} differs from line {before}; allowed: an id once")
        if before != number:
            posts.copies.append(fields[4])
            continue
        row: tuple[Any, ...] = (number, fields[0], fields[1], int(fields[2]), int(fields[3]), fields[4])
        columns: tuple[list[Any], ...] = posts[:-1]
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return posts


def _entries(log: Log, posts: Posts) -> tuple[Entries, Ints, pa.Array]:
    """Return the entries, in order of post and time, the authors as numbers, and the names of all users."""
    listed = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pa.array(posts.entries, pa.large_string())))
    post = pc.list_parent_indices(listed).to_numpy()
    texts = listed.flatten()
    given = pc.not_equal(texts, "")
    post, texts = post[given.to_numpy(zero_copy_only=False)], texts.filter(given)
    pair = pc.split_pattern(texts, ":", max_splits=1, reverse=True)
    path_of, digits = pc.list_element(pair, 0), pc.list_slice(pair, 1, 2).flatten()
    timed = pc.equal(pc.list_value_length(pair), 2)
    wrong = pc.or_(pc.invert(timed), pc.match_substring_regex(path_of, NAMELESS)).to_numpy(zero_copy_only=False)
    there = np.flatnonzero(timed.to_numpy(zero_copy_only=False))
    digital = pc.and_(pc.string_is_ascii(digits), pc.ascii_is_decimal(digits))
    wrong[there] |= ~pc.and_(digital, pc.less(pc.binary_length(digits), 16)).to_numpy(zero_copy_only=False)
    if wrong.any():
        at = int(np.argmax(wrong))
        what = f"wrong participant {shown(texts[at].as_py())}; allowed: a/b/c:t, t whole seconds below 1e15"
        raise TapeError(f"{log.path}:{posts.line[post[at]]}: {what}")
    time = digits.cast(pa.int64()).to_numpy()
    order = order_of(post, time, np.arange(len(post)))
    paths = pc.split_pattern(path_of, "/")
    paths = paths if order is None else paths.take(pa.array(order))
    post, time = in_order(order, post), in_order(order, time)
    flat = paths.flatten().cast(pa.large_string())
    whole = pa.chunked_array([pa.array(posts.author, pa.large_string()), flat]).dictionary_encode().combine_chunks()
    names, aliases = whole.dictionary, log.options.aliases
    if aliases:
        names = pa.array([aliases.get(name, name) for name in names.to_pylist()], pa.large_string())
    renamed = names.dictionary_encode()
    codes = renamed.indices.to_numpy()[whole.indices.to_numpy()].astype(np.int64)
    many = pc.list_value_length(paths).to_numpy().astype(np.int64)
    begin = np.cumsum(many) - many
    users = codes[len(posts.author) :]
    return Entries(post, time, begin, many, users), codes[: len(posts.author)], renamed.dictionary


def _placed(
    entries: Entries, author: Ints, published: Ints, people: int, dropped: Counter[str], mended: Counter[str]
) -> tuple[Happened, int]:
    """Return the posts and their readers as events, and how many entries were a post itself."""
    post, time, begin, many, users = entries
    last = users[begin + many - 1]
    by = author[post]
    own = np.ones(len(post), np.bool_)
    if len(post):
        own = np.logical_and.reduceat(users == np.repeat(by, many), begin)
    is_post = own & (time == 0)
    late = (time == 0) & (last != by)
    key = post * people + last
    reads = np.flatnonzero(~is_post & ~late & (last != by))
    _, first = np.unique(key[reads], return_index=True)
    reads = reads[np.sort(first)]
    dropped[LATE] += int(late.sum())
    dropped[HELD] += len(post) - int(is_post.sum()) - int(late.sum()) - len(reads)
    events = np.concatenate([np.arange(len(author)) * people + author, key[reads]])
    since = np.concatenate([np.zeros(len(author), np.int64), time[reads]])
    rows = np.argsort(events)

    def row_of(keys: Ints) -> Ints:
        at = np.searchsorted(events[rows], keys).clip(0, len(rows) - 1)
        return np.where(events[rows[at]] == keys, rows[at], -1)

    above = many[reads] - 1  # for each reader, the users before them on the path
    reader = np.repeat(np.arange(len(reads)), above)
    step = runs_from(np.zeros(len(above), np.int64), above)
    holding = row_of((post[reads][reader] * people) + users[begin[reads][reader] + step])
    earlier = (holding >= 0) & (since[holding] < time[reads][reader])
    nearest = np.full(len(reads), -1)
    np.maximum.at(nearest, reader[earlier], step[earlier])
    offset = np.cumsum(above) - above
    teller = post[reads].copy()
    found = nearest >= 0
    teller[found] = holding[(offset + nearest)[found]]
    direct = np.full(len(reads), -1)
    direct[above > 0] = holding[(offset + above - 1)[above > 0]]
    away = teller != direct
    mended["teller not strictly earlier"] = int((away & (direct >= 0)).sum())
    mended["teller without an entry of their own"] = int((away & (direct < 0)).sum())
    learned = len(author) + np.arange(len(reads))
    person = np.concatenate([author, last[reads]]).astype(np.int32)
    idea = np.concatenate([np.arange(len(author)), post[reads]]).astype(np.int32)
    return Happened(
        np.concatenate([published, published[post[reads]] + time[reads]]),
        np.repeat(np.array([DISCOVER, LEARN], np.int8), [len(author), len(reads)]), person, idea,
        (learned, teller, np.ones(len(reads))), (learned, np.full(len(reads), -1), np.ones(len(reads))),
    ), int(is_post.sum())  # fmt: skip
