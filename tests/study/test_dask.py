"""Studies on a real Dask scheduler with real worker processes on the loopback address, some of which are killed."""

import os
import signal
import threading
import time

import pytest

from sim.study.executors import refuse_open
from tests.study.worlds import MEASURES, study

distributed = pytest.importorskip("distributed", reason="distributed is missing: pip install 'shoulders[cluster]'")
SLOW = "tests.study.functions:slow"


@pytest.fixture(scope="module")
def cluster():
    address = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **address) as made:
        yield made


def test_a_cluster_makes_the_same_rows_and_a_local_one_is_made_and_taken_down(tmp_path, cluster):
    expected = study().run()
    assert study().run(tmp_path / "there", dask=cluster.scheduler_address).equals(expected)
    assert study().run(tmp_path / "local", dask="local", workers=2).equals(expected)


def test_workers_that_are_killed_lose_nothing(tmp_path, cluster):
    made, killed = study(measures=[*MEASURES, SLOW], replicates=40), []
    over = threading.Event()

    def kill() -> None:
        with distributed.Client(cluster.scheduler_address) as client:
            for _ in range(3):
                while not over.wait(0.05) and made.folder is None:
                    pass
                time.sleep(1.0)
                pids = client.run(os.getpid)
                for pid in list(pids.values())[:1] if not over.is_set() else ():
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        table = made.run(tmp_path, dask=cluster.scheduler_address)
    finally:
        over.set()
        killer.join()
    assert killed
    assert table["error"].isna().all()
    assert table.drop(columns=SLOW).equals(study(replicates=40).run())


def test_addresses_are_told_apart_and_plain_tcp_to_another_machine_is_refused_unless_allowed(monkeypatch):
    monkeypatch.delenv("SHOULDERS_PLAIN_TCP", raising=False)
    for fine in ("tcp://127.0.0.1:8786", "tcp://localhost:1", "tls://10.0.0.7:8786", "tcp://[::1]:8786"):
        refuse_open(fine)
    for wrong in ("127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "nonsense"):
        with pytest.raises(ValueError, match="must be local"):
            refuse_open(wrong)
    for far in ("tcp://10.0.0.7:8786", "tcp://cluster.example:8786"):
        with pytest.raises(ValueError, match="plain TCP"):
            refuse_open(far)
        with monkeypatch.context() as patch:
            patch.setenv("SHOULDERS_PLAIN_TCP", "1")
            refuse_open(far)


def test_nobody_answers_in_one_line(tmp_path, monkeypatch):
    real = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, timeout: real(address, timeout=0.5))
    with pytest.raises(ValueError, match="no scheduler answers"):
        study().run(tmp_path, dask="tcp://127.0.0.1:9")
