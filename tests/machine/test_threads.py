"""Processors there are, and work in threads: in order, and the first alone."""

import os
import threading

import pytest

from sim.machine.threads import in_threads, processors


def test_processors_are_those_of_the_process_or_of_the_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    for count, found in ((7, 7), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert processors() == found


@pytest.mark.parametrize("threads", [None, 1, 2, 4])
def test_results_come_in_the_order_of_the_items_and_errors_come_out(threads):
    assert list(in_threads(lambda x: x * x, range(20), threads)) == [x * x for x in range(20)]
    assert list(in_threads(str, [], threads)) == []
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda x: 1 // x, [1, 2, 0, 4], threads))


def test_the_first_is_done_before_any_other_begins():
    first_is_done, early = threading.Event(), []

    def work(item):
        if item == 0:
            first_is_done.set()
        elif not first_is_done.is_set():
            early.append(item)

    list(in_threads(work, range(50), 4))
    assert early == []
