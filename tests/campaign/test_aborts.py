"""Kills, interrupts, full disks and little memory, of commands that write: nothing lost, doubled or left behind."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from sim import Tape
from tests.campaign import size
from tests.campaign.child import begun, ended
from tests.campaign.inputs import CORPUS, wrong_with
from tests.cli import Done

SWEEP = ("sweep", "village.toml", "--vary", "dynamics.abandon_rate=0:0.4:4", "--replicates", "60", "--engine",
         "agents", "--measure", "total", "--out", "new", "--workers", "2", "--executor")  # fmt: skip
WORK = {
    "run": ("run", "village.toml", "--engine", "agents", "--out", "new"),
    "threads": (*SWEEP, "threads"),
    "processes": (*SWEEP, "processes"),
    "dask": (*SWEEP, "dask"),
    "fit": ("fit", "village.toml", "--to", "curve.csv", "--vary", "dynamics.abandon_rate=uniform(0, 1)", "--runs",
            "120", "--particles", "40", "--engine", "agents", "--out", "new"),
    "export": ("export", "run", "-o", "new.graphml"),
    "credit": ("credit", "run", "-o", "new.parquet", "--intervals"),
}  # fmt: skip
SHARE = {"run": 5, "threads": 5, "processes": 2, "dask": 1, "fit": 3, "export": 2, "credit": 2}
FRESH = {"village.toml", "curve.csv", "run"}


@dataclass
class Job:
    """A command that writes, what it writes when nobody disturbs it, and how long that takes."""

    kind: str
    place: Path
    whole: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.fresh()
        begin = time.perf_counter()
        self.complete()
        self.seconds, self.whole = time.perf_counter() - begin, self.said()
        assert self.whole

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.place.with_name("log")

    def complete(self) -> None:
        """Run the command to its end."""
        done = ended(self.log, begun(self.place, self.log, *WORK[self.kind]))
        assert done.code == 0, done.err

    def fresh(self) -> None:
        """Take away what was written."""
        for file in self.place.iterdir():
            if file.name not in FRESH:
                shutil.rmtree(file) if file.is_dir() else file.unlink()

    def said(self) -> dict[str, bytes]:
        """Return all that there is to lose: files of the run, the export, the fit; rows of the study."""
        new = next((file for file in self.place.iterdir() if file.name.startswith("new")), None)
        if new is None or new.is_file():
            return {} if new is None else {new.name: new.read_bytes()}
        if self.kind == "run":
            Tape.load(new)  # it is whole, or refused
            return {"events": (new / "events.parquet").read_bytes()}
        if self.kind == "fit":
            return {file.name: file.read_bytes() for file in new.glob("generation-*.parquet")}
        import pandas as pd

        parts = sorted((new / "runs").glob("part-*.parquet"))
        table = pd.concat(map(pd.read_parquet, parts)).sort_values(["cell", "replicate"]) if parts else pd.DataFrame()
        return {f"{row.cell} {row.replicate}": repr(row).encode() for row in table.itertuples(index=False)}

    def left(self, place: Path) -> list[str]:
        """Return what should not be there."""
        return [str(f) for f in place.rglob("*") if f.suffix in (".partial", ".old") or f.name.endswith(".pid")]

    def abort(self, signum: int, luck: Random) -> Done:
        """Send a signal at a random moment, and hold what is there against what was and what should be."""
        before = self.said()
        process = begun(self.place, self.log, *WORK[self.kind])
        process.join(luck.uniform(0.01, 1.1 * self.seconds))
        done = ended(self.log, process, signum)
        after = self.said()
        assert before.items() <= after.items(), f"lost: {sorted(before.keys() - after.keys())[:5]}"
        assert after.items() <= self.whole.items(), "what is there is not what should be"
        return done

    def finish(self) -> None:
        """Run the command to its end: it has all, and what was left behind is gone."""
        self.complete()
        assert self.said() == self.whole
        assert self.left(self.place) == []


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Every command, in a folder of its own."""
    found = []
    for kind in WORK:
        if kind == "dask" and (importlib.util.find_spec("distributed") is None or size("kills") < 50):
            continue
        place = tmp_path_factory.mktemp(kind) / "place"
        place.mkdir()
        shutil.copy(CORPUS / "scenarios" / "village.toml", place)
        shutil.copy(CORPUS / "records" / "curve.csv", place)
        log = place.with_name("log")
        done = ended(log, begun(place, log, *WORK["run"][:-1], "run"))
        assert done.code == 0, done.err
        found.append(Job(kind, place))
    return found


def campaign(jobs: list[Job], count: int, signals: tuple[int, ...]) -> Iterator[tuple[Job, Done]]:
    """Abort the commands so often, each going on where it was, and let each end now and then."""
    luck = Random(f"{count} {signals}")
    for job in jobs:
        times = max(1, round(count * SHARE[job.kind] / sum(SHARE[one.kind] for one in jobs)))
        for number in range(times):
            if number % 5 == 0:
                job.fresh()
            yield job, job.abort(luck.choice(signals), luck)
            if number % 5 == 4 or number == times - 1:
                job.finish()


def test_kills_lose_nothing_double_nothing_and_leave_nothing_behind(jobs: list[Job]):
    kinds = Counter((job.kind, done.code) for job, done in campaign(jobs, size("kills"), (signal.SIGKILL,)))
    print(f"\nkills: {kinds.total():,}, {dict(kinds)}")
    assert {code for _, code in kinds} <= {0, -signal.SIGKILL}
    assert sum(kinds[key] for key in kinds if key[1]) > kinds.total() / 3


def test_interrupts_are_130_in_one_line_and_leave_nothing_behind(jobs: list[Job]):
    kinds = Counter[tuple[str, int]]()
    for job, done in campaign(jobs, size("interrupts"), (signal.SIGINT, signal.SIGTERM)):
        kinds[job.kind, done.code] += 1
        assert done.code in (0, 130), done.err
        assert not wrong_with(done), (wrong_with(done), done.err)
        assert job.left(job.place) == []
    print(f"\ninterrupts: {kinds.total():,}, {dict(kinds)}")


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(jobs: list[Job], tmp_path: Path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk takes the right to mount one")
    kinds, luck, place = Counter[tuple[str, int]](), Random(size("disks")), tmp_path / "place"
    try:
        for _ in range(size("disks")):
            job = luck.choice([one for one in jobs if one.kind != "dask"])
            job.fresh()
            shutil.copytree(job.place, place)
            free = shutil.disk_usage(place).free - luck.choice((0, 4096, 20_000, 60_000, 200_000))
            (tmp_path / "filler").write_bytes(bytes(max(0, free)))
            done = ended(job.log, begun(place, job.log, *WORK[job.kind]))
            kinds[job.kind, done.code] += 1
            assert not wrong_with(done), (wrong_with(done), done.err)
            assert done.code in (0, 1), done.err
            assert done.code == 0 or "No space left" in done.err
            assert job.left(place) == []
            shutil.rmtree(place)
            (tmp_path / "filler").unlink()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    print(f"\nfull disks: {kinds.total():,}, {dict(kinds)}")
    assert any(code == 1 for _, code in kinds)


def test_little_memory_is_one_line(jobs: list[Job]):
    kinds, luck, job = Counter[int](), Random(size("disks")), jobs[0]
    for _ in range(size("disks")):
        job.fresh()
        large = ("--set", f"population.count={luck.choice((2_000, 20_000, 60_000))}", "--set", "scenario.steps=2")
        more = int(2.0 ** luck.uniform(20.0, 30.0))  # bytes
        done = ended(job.log, begun(job.place, job.log, *WORK["run"], *large, more_memory=more))
        kinds[done.code] += 1
        assert not wrong_with(done), (more, wrong_with(done), done.err)
        assert job.left(job.place) == []
    print(f"\nlittle memory: {kinds.total():,}, {dict(kinds)}")
    assert kinds[1] + kinds[2]
