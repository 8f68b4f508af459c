"""Files and folders that are written whole or not at all, and locks on them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

LEFT = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.(partial|old)")
PATIENCE = 600.0  # seconds to wait for another process
MAX_NAME = 200  # letters of a file's name that are kept in its partial's name
_open: dict[Path, None] = {}  # partials that this process is writing


@contextlib.contextmanager
def new_folder(path: str | Path, may_replace: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place when the block ends well, and vanishes otherwise.

    Args:
        path: where the folder is to be; a link is followed, not replaced.
        may_replace: whether an existing folder may be replaced; what others put into it is kept.

    Raises:
        FileExistsError: if an existing folder may not be replaced.
    """
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_left(path)
    with _partial(path) as partial:
        partial.mkdir()
        yield partial
        for file in [*partial.iterdir(), partial]:
            _sync(file)
        _replace(partial, path, may_replace)
        _sync(path.parent)


@contextlib.contextmanager
def new_file(path: str | Path, tidy: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there takes its place when the block ends well.

    After that it survives a power cut. If the block fails, nothing is left and `path` is as it was.

    Args:
        path: the file; a link is followed, not replaced.
        tidy: whether to look for what dead processes left, which means a look at every file of the folder.
    """
    path = Path(path).resolve()
    if tidy:
        clear_left(path)
    with _partial(path) as partial:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a small file, all or nothing."""
    with new_file(path) as partial:
        partial.write_bytes(content)


def why_unwritable(path: Path) -> str:
    """Return why a file or folder cannot be written at a path, or nothing."""
    path = path.absolute()
    there = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
    if there != path and not there.is_dir():
        return f"{there.name} is a file, no folder"
    if not os.access(there if there.is_dir() else there.parent, os.W_OK | os.X_OK):
        return f"{there} is not writable"
    return ""


def held_in(folder: Path) -> list[str]:
    """Return the names of a folder's contents, except what dead processes left behind."""
    return [file.name for file in folder.iterdir() if not LEFT.fullmatch(file.name)]


def clear_left(path: Path) -> None:
    """Remove what processes that died while writing `path` left behind."""
    for file in path.parent.glob(f".{glob_escaped(path.name[:MAX_NAME])}.*"):
        found = LEFT.fullmatch(file.name)
        if not found or found["name"] != path.name[:MAX_NAME] or file in _open or _lives(int(found["pid"])):
            continue
        if file.suffix == ".old" and not path.exists():
            file.rename(path)  # the process was killed between two renames; what it was to replace still counts
        elif file.suffix == ".old":
            _take_over(file, path)
        elif file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    return pid != os.getpid() and psutil.pid_exists(pid)


def glob_escaped(name: str) -> str:
    """Return a name escaped for glob, so that it matches nothing but itself."""
    return re.sub(r"([*?[])", r"[\1]", name)


@contextlib.contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` for this process alone, and remove what is left there at the end."""
    partial = path.with_name(f".{path.name[:MAX_NAME]}.{os.getpid()}.partial")
    _open[partial] = None
    try:
        yield partial
    finally:
        del _open[partial]
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _replace(new: Path, path: Path, may_replace: Callable[[Path], bool]) -> None:
    if not path.exists():
        new.rename(path)
        return
    if not may_replace(path):
        raise FileExistsError(f"{path}: exists and is no run folder; choose another one")
    old = new.with_suffix(".old")
    try:  # a process that is killed between the two leaves the old one beside, under its other name
        path.rename(old)
        new.rename(path)
    except BaseException:  # an interrupt, too, must leave the old one in its place
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    _take_over(old, path)


def _take_over(old: Path, path: Path) -> None:
    """Move the files that a user put beside a run into its successor, and remove the rest."""
    for file in old.iterdir():
        if not (path / file.name).exists():
            file.rename(path / file.name)
    shutil.rmtree(old)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk; some systems have no way to ask that of a folder."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def in_turn(file: Path) -> Iterator[None]:
    """Hold a lock as soon as no other process holds it; after PATIENCE, or where files cannot be locked, go on without.

    What the block does must be right without the lock, too.
    """
    lock = FileLock(file, timeout=PATIENCE)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):  # the latter is filelock's, for such a file system
            stack.enter_context(lock)
        yield


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock that no other process holds; the system releases it when this process ends, for whatever reason.

    Raises:
        BlockingIOError: if another process holds it; the message is its number, if that is known.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    holder = file.with_suffix(".pid")
    try:
        with FileLock(file, timeout=0):
            try:
                with contextlib.suppress(OSError):  # such as a full disk; the file only tells others whom they wait for
                    holder.write_text(f"{os.getpid()}\n", encoding="ascii")
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout:
        who = "of another user"
        with contextlib.suppress(OSError):
            who = holder.read_text(encoding="ascii").strip()
        raise BlockingIOError(who) from None
