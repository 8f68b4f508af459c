"""The command line as a user meets it: what it runs in, how it is called, and what a refusal looks like."""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VILLAGE = """\
scenario = {name = "a village", steps = 12, seed = 3}
population = {count = 12, reach = 0.3, understanding = 0.8}
persons = [{name = "Ada", creativity = 1.0, reach = 0.5}, {name = "builder", count = 3, skill = 0.5}]
ideas = [{name = "wheel", discovery_rate = 2.0}]
"""
LOG = "source,target,time\nAda,Bob,1\nBob,Carl,2\nAda,Dora,3\n"
# A child begins as a job in the foreground does, though this process may have been told to ignore Ctrl-C.
FOREGROUND = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
PATIENCE = 600  # seconds, for a machine that is busy with other things


@dataclass(frozen=True)
class Done:
    """What a command leaves: its exit code, and what it wrote on both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is no JSON")

        assert self.out.endswith("}\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out, parse_constant=refuse)


OF_TESTERS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CLICOLOR_FORCE", "PYTHONUNBUFFERED")


def environment(**changes: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OF_TESTERS}
    wanted = kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | changes
    return {key: value for key, value in wanted.items() if value is not None}


def shoulders(*args: str, cwd: Path, stdout: Any = subprocess.PIPE, **env: str | None) -> Done:
    """The command, as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", *args],
        cwd=cwd, env=environment(**env), stdout=stdout, stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return Done(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


def started(*args: str, cwd: Path, script: str = "", **options: Any) -> subprocess.Popen[str]:
    """The command as a process that goes on; `script` is what it runs before the command begins."""
    words = ["shoulders", *args]
    code = f"{FOREGROUND}sys.argv = {words}\n{script}\nfrom sim.cli.main import main\nmain()\n"
    return subprocess.Popen([sys.executable, "-c", code], cwd=cwd, env=environment(), text=True,
                            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options)  # fmt: skip


def interrupted(process: subprocess.Popen[str], signum: int = signal.SIGINT) -> Done:
    """Press Ctrl-C, and wait for the end."""
    with process:
        os.killpg(process.pid, signum) if os.getpgid(process.pid) == process.pid else process.send_signal(signum)
        out, err = process.communicate(timeout=PATIENCE)
    return Done(process.returncode, out, err.lstrip("\n"))  # click ends the line that has ^C in it


def on_terminal(*args: str, cwd: Path, stream: str, **env: str) -> tuple[int, str, str]:
    """Exit code, what the terminal got on one stream, and what the pipe got on the other."""
    import pty

    master, slave = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: slave}
    command = [sys.executable, "-m", "sim.cli", *args]
    with subprocess.Popen(command, cwd=cwd, env=environment(**env), **streams) as process:
        os.close(slave)
        pipe = process.stderr if stream == "stdout" else process.stdout
        got = {master: b"", pipe.fileno(): b""}
        while True:
            ready, _, _ = select.select(list(got), [], [], PATIENCE)
            assert ready, "no answer"
            try:
                got |= {some: got[some] + os.read(some, 65536) for some in ready}
            except OSError:  # on Linux, the end of a terminal
                break
        piped = got[pipe.fileno()] + pipe.read()
        code = process.wait(PATIENCE)
    os.close(master)
    return code, got[master].decode(), piped.decode()


def missing(text: str, *words: str) -> list[str]:
    """Which of these words a text does not have."""
    return [word for word in words if word not in text]


def refused(done: Done, *parts: str, code: int = 2) -> None:
    assert (done.code, done.out) == (code, "")
    assert (done.err[:11], done.err[-1:], done.err.count("\n")) == ("shoulders: ", "\n", 1), "one line"
    assert done.err[:-1].isprintable()
    assert "Traceback" not in done.err
    assert missing(done.err, *parts) == []
