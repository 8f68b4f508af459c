"""A fit in a folder: its description, and a Parquet file per generation, each written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import StudyError
from sim.experiments.fit.abc import Drawn
from sim.experiments.fit.priors import Priors, values_of
from sim.machine.folders import held_in, new_file, write_whole
from sim.study.store import hash_of, read_signed, write_signed

ABOUT, FORMAT, VERSION = "fit.json", "shoulders fit", 1


def open_folder(folder: Path, about: Mapping[str, Any]) -> None:
    """Begin a fit in a folder, or check that the folder holds the same one.

    Raises:
        StudyError: if the folder holds something else.
    """
    file = folder / ABOUT
    wanted = {"format": FORMAT, "version": VERSION, **about}
    wanted["hash"] = hash_of(wanted)
    if file.is_file():
        try:
            there = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise StudyError("corrupt: not JSON", str(file)) from None
        if not isinstance(there, dict) or there.get("format") != FORMAT:
            raise StudyError("not a shoulders file", str(file))
        if there.get("hash") != hash_of(there):
            raise StudyError("corrupt: its hash does not match", str(file))
        if off := [key for key in wanted | there if key != "hash" and there.get(key) != wanted.get(key)]:
            raise StudyError(f"holds another fit: its {', '.join(off)} differ; choose another folder", str(folder))
        return
    if folder.exists() and held_in(folder):
        raise StudyError("exists and is no fit; choose an empty or a new folder", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(wanted, ensure_ascii=False, indent=1) + "\n").encode())


def generation(folder: Path, priors: Priors, labels: tuple[str, ...], number: int, make: Callable[[], Drawn]) -> Drawn:
    """Return the particles that a generation draws, read from the folder, or made and stored there.

    Raises:
        StudyError: if its file, which the message names, is corrupt.
    """
    import pyarrow as pa

    file = folder / f"generation-{number:03}.parquet"
    z_of, keys = [f"z:{key}" for key in priors], list(priors)
    if not file.is_file():
        drawn = make()
        values = values_of(priors, drawn.z)
        columns = {"seed": drawn.seeds, "weight": drawn.weight}
        columns |= {key: values[:, k] for k, key in enumerate(keys)}
        columns |= {name: drawn.z[:, k] for k, name in enumerate(z_of)}
        columns |= {label: drawn.summaries[:, k] for k, label in enumerate(labels)}
        with new_file(file) as partial:
            write_signed(pa.table(columns), partial)
        return drawn
    table = read_signed(file)
    wanted = ("seed", "weight", *z_of, *labels)
    if missing := [name for name in wanted if name not in table.column_names]:
        raise StudyError(f"corrupt: no column {missing[0]!r}; remove it, and fit again", str(file))
    column = {name: table[name].to_numpy() for name in wanted}
    rows = len(column["seed"])
    stack = [np.stack([column[name] for name in names], axis=1) if names else np.zeros((rows, 0))
             for names in (z_of, list(labels))]  # fmt: skip
    return Drawn(stack[0], column["weight"], column["seed"], stack[1])
