"""A study on disk: what it is (study.json, scenario.toml), and its runs as they come (runs/part-FIRST-LAST.parquet).

A part is written beside, made durable, and renamed, so that it is there whole or not at all; its name says which runs
are in it, so that no other list is needed that could disagree. One process at a time writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import StudyError
from sim.machine.folders import locked, new_file, write_whole
from sim.scenario.scenario import Scenario
from sim.study.chunks import Job, Part
from sim.study.design import seeds_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "shoulders-study"
VERSION = 1
ABOUT, SCENARIO, LOCK, HOLDER, RUNS = "study.json", "scenario.toml", "study.lock", "study.pid", "runs"
NAME = re.compile(r"part-(\d{12,})-(\d{12,})\.parquet")
Span = tuple[int, int]


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder of a study, so that no other process writes into it.

    Raises:
        StudyError: if another one does.
    """
    try:
        with locked(folder / LOCK):
            yield
    except BlockingIOError as error:
        raise StudyError(f"{folder}: process {error} is writing this study; let it end") from None


def open_folder(folder: Path, about: Mapping[str, Any], scenario: Scenario) -> list[Span]:
    """Make the folder of a study, or take up the one that is there: which runs are in it. It must be locked.

    Raises:
        StudyError: if the folder holds anything else, or a study that differs; the message says in what.
    """
    if (folder / ABOUT).exists():
        differing = differences(read_about(folder), about, folder, scenario)
        if differing:
            raise StudyError(f"{folder}: holds another study: {'; '.join(differing)}; choose another folder")
    elif _is_foreign(folder, scenario):
        (folder / LOCK).unlink()
        raise StudyError(f"{folder}: exists and is no study; choose another folder")
    else:
        _begin(folder, about, scenario)
    for path in (folder / RUNS).glob(".*.partial"):
        path.unlink()  # of a process that was killed
    return spans_in(folder, about["cells"] * about["replicates"])


def _is_foreign(folder: Path, scenario: Scenario) -> bool:
    """Whether a folder without study.json holds more than a study that was killed while it began."""
    network = scenario.world.network
    own = {LOCK, HOLDER, SCENARIO, RUNS, *(Path(network.path).parts[:1] if network.kind == "file" else ())}
    others = [path for path in folder.iterdir() if path.name not in own and not path.name.endswith(".partial")]
    return bool(others) or any((folder / RUNS).glob("*"))


def _begin(folder: Path, about: Mapping[str, Any], scenario: Scenario) -> None:
    """Write what the study is; study.json last, for it says that all the rest is there."""
    (folder / RUNS).mkdir(exist_ok=True)
    network = scenario.world.network
    if network.kind == "file":
        (folder / network.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(scenario.folder / network.path, folder / network.path)
    write_whole(folder / SCENARIO, scenario.to_toml().encode())
    write_whole(folder / ABOUT, (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode())


def read_about(folder: Path) -> dict[str, Any]:
    """What study.json says.

    Raises:
        StudyError: if it is not there, damaged, foreign or of a later format.
    """
    file = folder / ABOUT
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{folder}: no study there ({ABOUT} is missing)") from None
    except (ValueError, RecursionError):
        raise StudyError(f"{file}: damaged: not JSON") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise StudyError(f"{file}: foreign: its format is not '{FORMAT}'")
    if type(about.get("version")) is not int or not 1 <= about["version"] <= VERSION:
        raise StudyError(f"{file}: format version {about.get('version')}, this release reads up to {VERSION}")
    if about.get("hash") != hash_of(about):
        raise StudyError(f"{file}: damaged: its hash does not match")
    return about


def hash_of(about: Mapping[str, Any]) -> str:
    """The hash of what a study is."""
    kept = {key: value for key, value in about.items() if key != "hash"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path, scenario: Scenario) -> list[str]:
    """In what a study on disk differs from another one, at most three things."""
    if old["hash"] == new["hash"]:
        return []
    found = []
    if old["scenario"]["sha256"] != new["scenario"]["sha256"]:
        with contextlib.suppress(OSError, ValueError):
            before = dict(_leaves(tomllib.loads((folder / SCENARIO).read_text(encoding="utf-8"))))
            after = dict(_leaves(tomllib.loads(scenario.to_toml())))
            found += _changed(before, after)
    plain = [{k: v for k, v in about.items() if k not in ("hash", "scenario")} for about in (old, new)]
    found += _changed(*(dict(_leaves(one)) for one in plain))
    found = found or ["the network file has changed"]
    return found[:3] + [f"{len(found) - 3} more"] * (len(found) > 3)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    keys = dict.fromkeys([*before, *after])
    return [f"{key} was {before.get(key, 'not there')}, is {after.get(key, 'not there')}"
            for key in keys if before.get(key) != after.get(key)]  # fmt: skip


def _leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The single values of nested tables under their dotted keys; entries with a name are found by it."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, list) and any(isinstance(entry, Mapping) for entry in data):
        for number, entry in enumerate(data):
            name = entry.get("name", number) if isinstance(entry, Mapping) else number
            yield from _leaves(entry, f"{path}.{name}")
    else:
        yield path, data


def spans_in(folder: Path, runs: int) -> list[Span]:
    """Which runs are in a folder: first and last + 1 of each part, in order.

    Raises:
        StudyError: if two parts have a run in common, or there is one that the study has not.
    """
    spans = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder / RUNS) as entries:
        spans = sorted((int(m[1]), int(m[2])) for entry in entries if (m := NAME.fullmatch(entry.name)))
    before = 0
    for first, last in spans:
        if first < before or last <= first or last > runs:
            raise StudyError(f"{folder / RUNS / name_of(first, last)}: has runs of another part, or of another study")
        before = last
    return spans


def gaps(spans: Sequence[Span], runs: int) -> list[Span]:
    """Which runs are missing, in order."""
    ends = [0, *(last for _, last in spans)]
    begins = [*(first for first, _ in spans), runs]
    return [(end, begin) for end, begin in zip(ends, begins, strict=True) if begin > end]


def name_of(first: int, last: int) -> str:
    """The file name of a part."""
    return f"part-{first:012d}-{last:012d}.parquet"


def schema_of(job: Job, measures: Sequence[str]) -> pa.Schema:
    """The columns of the table of runs."""
    import pyarrow as pa

    columns: list[Any] = [("cell", pa.int64()), ("replicate", pa.int64()), ("seed", pa.uint64())]
    for k, key in enumerate(job.cells.keys):
        values = job.cells.columns[k] if job.cells.is_grid else [row[k] for row in job.cells.columns]
        columns.append((key, _type_of(values)))
    return pa.schema([*columns, *((name, pa.float64()) for name in measures), ("error", pa.string())])


def _type_of(values: Sequence[Any]) -> Any:
    """The type of a column: of words where the values are of several kinds, or lists or tables, as JSON."""
    import pyarrow as pa

    kinds = sorted({type(value).__name__ for value in values})
    if kinds == ["int"] and all(abs(value) < 2**63 for value in values):
        return pa.int64()
    if kinds in (["float"], ["float", "int"], ["int"]):
        return pa.float64()
    return pa.bool_() if kinds == ["bool"] else pa.string()


def table_of(part: Part, job: Job, schema: pa.Schema) -> pa.Table:
    """The runs of a part as rows."""
    import pyarrow as pa

    numbers = np.arange(part.first, part.last)
    cell, replicate = np.divmod(numbers, job.replicates)
    wanted = range(int(cell[0]), int(cell[-1]) + 1)
    cells = [job.cells[k] for k in wanted]
    seeds = np.concatenate([
        np.array(seeds_of(job.seed, k, range(int(some[0]), int(some[-1]) + 1), job.common), np.uint64)
        for k in wanted if len(some := replicate[cell == k])
    ])  # fmt: skip
    columns: list[Any] = [pa.array(cell), pa.array(replicate), pa.array(seeds)]
    for key in job.cells.keys:
        kind = schema.field(key).type
        values = [one[key] for one in cells]
        if kind == pa.string():
            values = [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        columns.append(pa.array(values, kind).take(pa.array(cell - wanted.start)))
    columns += [pa.array(column) for column in part.values.T]
    if part.errors:
        texts = dict(part.errors)
        columns.append(pa.array([texts.get(k) for k in range(len(numbers))], pa.string()))
    else:
        columns.append(pa.nulls(len(numbers), pa.string()))
    return pa.Table.from_arrays(columns, schema=schema)


def keep(folder: Path, table: pa.Table, first: int, last: int) -> None:
    """Write a part, all or nothing; when this returns it survives a loss of power."""
    import pyarrow.parquet as pq

    with new_file(folder / RUNS / name_of(first, last)) as partial:
        pq.write_table(table, partial, compression="zstd", write_page_checksum=True)


def parts_in(folder: Path, runs: int) -> Iterator[pa.Table]:
    """The parts in a folder, in order, every page verified.

    Raises:
        StudyError: if a part is damaged, or holds other rows than its name says.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for first, last in spans_in(folder, runs):
        file = folder / RUNS / name_of(first, last)
        try:
            with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
                table = parquet.read()
        except (pa.ArrowException, OSError) as error:
            what = str(error).splitlines()[0]
            raise StudyError(f"{file}: damaged: {what}; remove it, and run the study again") from None
        if table.num_rows != last - first:
            raise StudyError(f"{file}: damaged: {table.num_rows} rows, its name says {last - first}")
        yield table
