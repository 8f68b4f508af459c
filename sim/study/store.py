"""A study on disk: its description (study.json, scenario.toml), and its runs (runs/part-FIRST-LAST.parquet).

A part is written to another file, synced, and renamed, so that it is there whole or not at all; its name says which
runs are in it, so that no separate list can disagree. A part with failed runs is named .failed.parquet and is replaced
by its successor without failures. One process at a time writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from sim.errors import StudyError
from sim.machine.folders import held_in, locked, new_file, write_whole
from sim.machine.memory import unpacks_too_far
from sim.scenario.scenario import Scenario
from sim.study.chunks import Chunk, Job
from sim.study.design import seeds_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "shoulders-study"
VERSION = 1
ABOUT, SCENARIO, LOCK, HOLDER, RUNS = "study.json", "scenario.toml", "study.lock", "study.pid", "runs"
NAME = re.compile(r"part-(\d{12,})-(\d{12,})(\.failed)?\.parquet")
DIGEST = b"shoulders.sha256"  # key of the metadata of a part
Span = tuple[int, int]


class Design(BaseModel):
    """The design in study.json."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str
    vary: dict[str, Any]
    samples: int
    cells: list[dict[str, Any]] | None = None


class About(BaseModel):
    """The content of study.json."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: str
    version: int
    shoulders: str
    scenario: dict[str, str]
    design: Design
    cells: int
    replicates: int
    measures: list[str]
    code: dict[str, str]
    common_random_numbers: bool
    seed: int
    rules: dict[str, str] = {}
    person_class: str = ""
    hash: str


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Lock the folder of a study, so that no other process writes to it; raise a StudyError if another one does."""
    try:
        with locked(folder / LOCK):
            yield
    except BlockingIOError as error:
        raise StudyError(f"{folder}: process {error} is writing this study; let it end") from None


def open_folder(folder: Path, about: Mapping[str, Any], scenario: Scenario) -> None:
    """Make the folder of a study, or open an existing one and tidy it up. The folder must be locked.

    Raises a StudyError if the folder holds anything else, or a study that differs; the message says how.
    """
    if (folder / ABOUT).exists():
        differing = differences(read_about(folder), about, folder, scenario)
        if differing:
            raise StudyError(f"{folder}: holds another study: {'; '.join(differing)}; choose another folder")
    elif _holds_more(folder, scenario):
        (folder / LOCK).unlink()
        raise StudyError(f"{folder}: exists and is no study; choose another folder")
    else:
        _begin(folder, about, scenario)
    for path in (*folder.glob(".*.partial"), *(folder / RUNS).glob(".*.partial")):
        path.unlink()  # left by a process that was killed
    for first, last in spans_in(folder, about["cells"] * about["replicates"]):
        if file_of(folder, first, last).exists():
            file_of(folder, first, last, failed=True).unlink(missing_ok=True)  # its successor is there


def _holds_more(folder: Path, scenario: Scenario) -> bool:
    """Return whether a folder without study.json holds more than the beginnings of a study that was killed."""
    network = scenario.world.network
    own = {LOCK, HOLDER, SCENARIO, RUNS, *(Path(network.path).parts[:1] if network.kind == "file" else ())}
    return not own.issuperset(held_in(folder)) or any((folder / RUNS).glob("*"))


def _begin(folder: Path, about: Mapping[str, Any], scenario: Scenario) -> None:
    """Write the description of a study, study.json last, since its existence shows that the rest is complete."""
    (folder / RUNS).mkdir(exist_ok=True)
    network = scenario.world.network
    if network.kind == "file":
        (folder / network.path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / network.path, (scenario.folder / network.path).read_bytes())
    write_whole(folder / SCENARIO, scenario.to_toml().encode())
    write_whole(folder / ABOUT, (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode())


def read_about(folder: Path) -> dict[str, Any]:
    """Return the content of study.json, without importing any code that it names.

    Raises a StudyError if it is missing, corrupt, not a shoulders study, or of a later format.
    """
    file = folder / ABOUT
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{folder}: no study there ({ABOUT} is missing)") from None
    except (ValueError, RecursionError):
        raise StudyError(f"{file}: corrupt: not JSON") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise StudyError(f"{file}: not a shoulders file: its format is not '{FORMAT}'")
    if type(about.get("version")) is not int or not 1 <= about["version"] <= VERSION:
        raise StudyError(f"{file}: format version {about.get('version')}, this release reads up to {VERSION}")
    if about.get("hash") != hash_of(about):
        raise StudyError(f"{file}: corrupt: its hash does not match")
    try:
        About.model_validate(about)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise StudyError(f"{file}: not a shoulders file: {where} is missing or of another type") from None
    check_file(folder / SCENARIO, about["scenario"].get("sha256"))
    return about


def check_file(file: Path, sha256: str | None) -> None:
    """Raise a StudyError unless the file exists and has the given checksum."""
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise StudyError(f"{file}: {error.strerror}") from None
    if found != sha256:
        raise StudyError(f"{file}: corrupt: its checksum does not match")


def hash_of(about: Mapping[str, Any]) -> str:
    """Return the hash of a study's description."""
    kept = {key: value for key, value in about.items() if key != "hash"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path, scenario: Scenario) -> list[str]:
    """Return at most three differences between a study on disk and another one, and how many more there are."""
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
    """Yield the single values of nested tables under their dotted keys; list entries with a name appear under it."""
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
    """Return the runs in a folder, as (first, last + 1) of each part, in order.

    Raises a StudyError if two parts have a run in common, or a part has a run beyond those of the study.
    """
    found: dict[Span, None] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder / RUNS) as entries:
        found = dict.fromkeys((int(m[1]), int(m[2])) for entry in entries if (m := NAME.fullmatch(entry.name)))
    before, spans = 0, sorted(found)
    for first, last in spans:
        if first < before or last <= first or last > runs:
            raise StudyError(f"{file_of(folder, first, last)}: has runs of another part, or of another study")
        before = last
    return spans


def gaps(spans: Sequence[Span], runs: int) -> list[Span]:
    """Return the missing runs as spans, in order."""
    ends = [0, *(last for _, last in spans)]
    begins = [*(first for first, _ in spans), runs]
    return [(end, begin) for end, begin in zip(ends, begins, strict=True) if begin > end]


def file_of(folder: Path, first: int, last: int, failed: bool = False) -> Path:
    """Return the file of a part."""
    return folder / RUNS / f"part-{first:012d}-{last:012d}{'.failed' * failed}.parquet"


def schema_of(job: Job, measures: Sequence[str]) -> pa.Schema:
    """Return the schema of the table of runs."""
    import pyarrow as pa

    columns: list[Any] = [("cell", pa.int64()), ("replicate", pa.int64()), ("seed", pa.uint64())]
    for k, key in enumerate(job.cells.keys):
        values = job.cells.columns[k] if job.cells.is_grid else [row[k] for row in job.cells.columns]
        columns.append((key, _type_of(values)))
    return pa.schema([*columns, *((name, pa.float64()) for name in measures), ("error", pa.string())])


def _type_of(values: Sequence[Any]) -> Any:
    """Return the type of a column; mixed values, lists and tables are stored as text (JSON)."""
    import pyarrow as pa

    kinds = sorted({type(value).__name__ for value in values})
    if kinds == ["int"] and all(abs(value) < 2**63 for value in values):
        return pa.int64()
    if kinds in (["float"], ["float", "int"], ["int"]):
        return pa.float64()
    return pa.bool_() if kinds == ["bool"] else pa.string()


def table_of(part: Chunk, job: Job, schema: pa.Schema) -> pa.Table:
    """Return the runs of a part as rows."""
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
    texts = dict(part.errors)
    columns.append(pa.array([texts.get(k) for k in range(len(numbers))], pa.string()))
    return pa.Table.from_arrays(columns, schema=schema)


def keep(folder: Path, table: pa.Table, first: int, last: int) -> None:
    """Write a part, all or nothing; on return it is safe against a loss of power."""
    failed = table["error"].null_count < table.num_rows
    with new_file(file_of(folder, first, last, failed), tidy=False) as partial:
        write_signed(table, partial)
    if not failed:
        file_of(folder, first, last, failed=True).unlink(missing_ok=True)


def parts_in(folder: Path, runs: int, failed_only: bool = False) -> Iterator[tuple[int, pa.Table]]:
    """Yield the first run and the table of each part in a folder, in order, with every value verified.

    Raises a StudyError if a part is corrupt, or the number of its rows disagrees with its name.
    """
    for first, last in spans_in(folder, runs):
        file = file_of(folder, first, last)
        if not file.exists():
            file = file_of(folder, first, last, failed=True)
        elif failed_only:
            continue
        table = read_signed(file)
        if table.num_rows != last - first:
            raise StudyError(f"{file}: corrupt: {table.num_rows} rows, its name says {last - first}")
        yield first, table


def write_signed(table: pa.Table, file: Path) -> None:
    """Write a table with a hash of its content."""
    import pyarrow.parquet as pq

    signed = table.replace_schema_metadata({DIGEST: _digest(table)})
    pq.write_table(signed, file, compression="zstd", write_page_checksum=True)


def read_signed(file: Path) -> pa.Table:
    """Return the table in a file, with every value verified; raise a StudyError if it is corrupt."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            if problem := unpacks_too_far(parquet.metadata, parquet.schema_arrow.names):
                raise ValueError(problem)
            table = parquet.read()
        digest = (table.schema.metadata or {}).get(DIGEST)
        problem = "" if digest in (None, _digest(table)) else "its checksum does not match"  # older ones have none
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0]
    if problem:
        raise StudyError(f"{file}: corrupt: {problem}; remove it, and the same command makes it again")
    return table.replace_schema_metadata(None)


def _digest(table: pa.Table) -> bytes:
    """Return a hash of the names, types and values of a table, independent of the layout of its buffers."""
    import pyarrow as pa

    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        digest.update(f"{field.name}\0{field.type}\0{column.null_count}\0".encode())
        if pa.types.is_string(field.type):
            digest.update(json.dumps(column.to_pylist() if column.null_count < len(column) else None).encode())
        else:
            digest.update(np.ascontiguousarray(column.to_numpy()).tobytes())
    return digest.hexdigest().encode()
