"""A tape on disk: a folder of Parquet tables and provenance.json, written whole or not at all, read with suspicion."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import TapeError
from sim.machine.folders import held_in, new_folder
from sim.machine.memory import free_memory, unpacks_too_far
from sim.tape.tables import COLUMNS, Events, History, Influences, Persons, Realised

FORMAT = "shoulders-tape"
VERSION = 1
MANIFEST = "provenance.json"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError)
TABLES = {"events": Events, "influences": Influences, "realised": Realised, "persons": Persons}


def save(tape: History, path: str | Path) -> None:
    """Write `tape` into the folder `path`; an older tape there is replaced, anything else is refused."""
    with new_folder(path, replaceable) as folder:
        write_into(tape, folder)


def write_into(tape: History, folder: Path) -> None:
    """Write the files of `tape` into an existing folder, the manifest last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = {name: getattr(tape, name).columns() for name in TABLES} | {"ideas": {"name": tape.ideas}}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "steps": tape.steps,
        "world_size": tape.world_size,
        "dropped": dict(tape.dropped),
        "provenance": dict(tape.provenance),
        "tables": {},
    }
    for name, columns in tables.items():
        file = folder / f"{name}.parquet"
        arrays = {key: _arrow(column) for key, column in columns.items()}
        pq.write_table(pa.table(arrays), file, compression="zstd", write_page_checksum=True)
        rows = len(next(iter(columns.values())))
        manifest["tables"][name] = {"rows": rows, "bytes": file.stat().st_size, "sha256": _sha256(file)}
    others = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    tabled = [f"{name}.parquet" for name in tables]
    manifest["files"] = {name: _sha256(file) for name, file in others.items() if name not in tabled}
    manifest["sha256"] = _digest(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _arrow(column: Any) -> Any:
    """Return a column for Arrow; `pyarrow.array` would load pandas, which takes longer than writing a small tape."""
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [None, pa.py_buffer(column)])
    builder = pa.lib.StringBuilder()
    builder.append_values(column)
    return builder.finish()


def scenario_of_run(folder: Path) -> str | None:
    """Return the name of the scenario whose run is in a folder, if there is one."""
    with contextlib.suppress(*UNREADABLE):
        return str(json.loads((folder / MANIFEST).read_text("utf-8"))["provenance"]["scenario"])
    return None


def replaceable(path: Path) -> bool:
    """Return whether a run may replace a folder: it is empty, or its manifest is that of a run."""
    with contextlib.suppress(*UNREADABLE):
        return not held_in(path) or json.loads((path / MANIFEST).read_text("utf-8"))["format"] == FORMAT
    return False


def read(path: str | Path) -> dict[str, Any]:
    """Return the fields of the tape in the folder `path`; every file is verified before its values are used."""
    folder = Path(path)
    manifest = _manifest(folder)
    for name, digest in manifest.get("files", {}).items():  # a file that is missing was removed by a user
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise TapeError(f"{folder / MANIFEST}: not a shoulders file: {name!r} lies outside of the folder")
        if (folder / name).is_file() and _sha256(folder / name) != digest:
            raise TapeError(f"{folder / name}: corrupt: its checksum does not match")
    tables = {name: _read(folder / f"{name}.parquet", entry, COLUMNS.get(name, {"name": str}))
              for name, entry in manifest["tables"].items()}  # fmt: skip
    about = {key: manifest[key] for key in ("steps", "world_size", "dropped", "provenance")}
    try:
        return about | {name: cls(**tables[name]) for name, cls in TABLES.items()} | {"ideas": tables["ideas"]["name"]}
    except TapeError as error:
        raise TapeError(f"{folder}: {error}") from None


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    if not folder.is_dir():
        raise TapeError(f"{folder}: no such folder" if not folder.exists() else f"{folder}: not a run folder")
    if not file.is_file():
        raise TapeError(f"{file}: missing, so this is no run folder")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise TapeError(f"{file}: corrupt: not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise TapeError(f"{file}: not a shoulders file: its format is not '{FORMAT}'")
    if type(manifest.get("version")) is not int or not 1 <= manifest["version"] <= VERSION:
        raise TapeError(f"{file}: format version {manifest.get('version')}, this release reads up to {VERSION}")
    claimed = manifest.pop("sha256", None)
    if claimed != _digest(manifest):
        raise TapeError(f"{file}: corrupt: its checksum does not match")
    if not _is_whole(manifest):
        raise TapeError(f"{file}: not a shoulders file: a key is missing or of another type")
    return manifest


def _is_whole(manifest: dict[str, Any]) -> bool:
    """Return whether a manifest has the keys and types that `write_into` gives it."""
    keys = {"steps": int, "world_size": int, "dropped": dict, "provenance": dict, "tables": dict}
    if not _has_types(manifest, keys) or set(manifest["tables"]) != {*TABLES, "ideas"}:
        return False
    others = manifest.get("files", {})
    return (
        all(type(count) is int for count in manifest["dropped"].values())
        and type(others) is dict
        and all(type(digest) is str for digest in others.values())
        and all(_has_types(entry, {"rows": int, "bytes": int, "sha256": str}) for entry in manifest["tables"].values())
    )


def _has_types(entry: Any, keys: dict[str, type]) -> bool:
    return type(entry) is dict and all(type(entry.get(key)) is kind for key, kind in keys.items())


def _read(file: Path, entry: dict[str, Any], columns: dict[str, type]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not file.is_file():
        raise TapeError(f"{file}: missing")
    if file.stat().st_size != entry["bytes"]:
        raise TapeError(f"{file}: truncated or changed: {file.stat().st_size} bytes, written were {entry['bytes']}")
    if _sha256(file) != entry["sha256"]:
        raise TapeError(f"{file}: corrupt: its checksum does not match")
    try:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        schema = {field.name: "str" if field.type == pa.string() else str(field.type).replace("double", "float64")
                  for field in parquet.schema_arrow}  # fmt: skip
        expected = {name: dtype.__name__ for name, dtype in columns.items()}
        if schema != expected or parquet.metadata.num_rows != entry["rows"]:
            raise TapeError(f"{file}: not a shoulders file: columns {schema}, expected {expected}")
        # A small compressed file can hold more than the memory: compare before reading.
        need = entry["rows"] * sum(64 if dtype is str else np.dtype(dtype).itemsize for dtype in columns.values())
        if need > (free := free_memory()):
            raise TapeError(f"{file}: {entry['rows']} rows need {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")
        if problem := unpacks_too_far(parquet.metadata, columns):
            raise TapeError(f"{file}: {problem}")
        table = parquet.read()
        if any(column.null_count for column in table.columns):
            raise TapeError(f"{file}: not a shoulders file: a value is missing")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise TapeError(f"{file}: corrupt: {str(error).splitlines()[0]}") from None
    whole = {name: table[name].combine_chunks() for name in columns}
    return {
        name: whole[name].to_pylist() if dtype is str else np.from_dlpack(whole[name])  # to_numpy would load pandas
        for name, dtype in columns.items()
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
