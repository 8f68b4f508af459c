"""Memory: what is free, and sizes in words."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import psutil

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
FREE_UNPACKED = 1 << 28  # bytes that any Parquet table may unpack to
WIDE = 400  # bytes per row, on average, to which the columns of a larger one may unpack


def free_memory() -> int:
    """Return the bytes that this process can still take: the least that machine, control groups and limits leave."""
    return max(0, min([psutil.virtual_memory().available, *_left_by_groups(), *_left_by_limits()]))


def _left_by_groups() -> Iterator[int]:
    """Yield the memory left by each control group of this process and its parents, version 1 or 2."""
    for root, group, limit, used, files in _memory_groups():
        for folder in [root / group, *(root / group).parents]:
            if folder != root and root not in folder.parents:
                break
            with contextlib.suppress(OSError, ValueError):  # "max", or no such file: no limit here
                most = int((folder / limit).read_text(encoding="ascii"))
                taken = int((folder / used).read_text(encoding="ascii"))
                yield most - taken + _reclaimable(folder / "memory.stat", files)


def _memory_groups() -> Iterator[tuple[Path, str, str, str, str]]:
    """Yield root, own group, and the file names of limit, use and reclaimable pages, for each hierarchy of memory."""
    with contextlib.suppress(OSError, ValueError):
        for line in OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _, controllers, group = line.split(":", 2)
            name = group.lstrip("/")
            if not controllers:
                yield GROUPS, name, "memory.max", "memory.current", "inactive_file"
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                yield GROUPS / "memory", name, *names


def _reclaimable(stat: Path, name: str) -> int:
    """Return the bytes of files that the system would give back before it refuses memory."""
    with contextlib.suppress(OSError, ValueError):
        for line in stat.read_text(encoding="ascii").splitlines():
            word, _, count = line.partition(" ")
            if word == name:
                return int(count)
    return 0


def _left_by_limits() -> Iterator[int]:
    """Yield the memory left by the limits of this process (ulimit), if the system has limits."""
    try:
        import resource
    except ModuleNotFoundError:
        return
    taken = psutil.Process().memory_info()
    for limit, used in (("RLIMIT_AS", taken.vms), ("RLIMIT_DATA", getattr(taken, "data", 0))):
        most = resource.getrlimit(getattr(resource, limit))[0]
        if most != resource.RLIM_INFINITY:
            yield most - used


def in_words(count: float) -> str:
    """Return a number of bytes in words.

    >>> in_words(1.5e9)
    '1.5 GB'
    """
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def unpacks_too_far(parquet: Any, names: Container[str], free: int = FREE_UNPACKED) -> str:
    """Return what is wrong with a Parquet file whose columns unpack to far more than its rows need, or nothing.

    Args:
        parquet: its metadata, as pyarrow gives them.
        names: the columns that are to be read.
        free: bytes that any file may unpack to.
    """
    most = free + WIDE * parquet.num_rows
    groups = [parquet.row_group(g) for g in range(parquet.num_row_groups)]
    if sum(group.total_byte_size for group in groups) <= most:  # pyarrow may crash if asked for more of a corrupt file
        return ""
    columns = (group.column(c) for group in groups for c in range(group.num_columns))
    size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema.split(".")[0] in names)
    return (
        f"unpacks to {in_words(size)}; allowed: {in_words(most)} for {parquet.num_rows:,} rows" if size > most else ""
    )
