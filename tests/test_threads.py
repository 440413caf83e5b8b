"""`_snapshot.threads`: one thing done to many, in a few threads that are gone afterwards."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from modulepickle._snapshot import threads as _threads
from modulepickle._snapshot.threads import each, helpers


@pytest.mark.parametrize("number", [0, 1, 3, 10])
def test_results_have_the_order_of_the_items(number):
    assert each(str, range(1000), number) == [*map(str, range(1000))]
    assert each(str, [], number) == []


def test_they_work_at_the_same_time_and_end():
    together = threading.Barrier(3, timeout=60)
    before = threading.enumerate()
    names = each(lambda _: together.wait() * 0 + threading.get_ident(), range(3), 2)
    assert len(set(names)) == 3
    assert threading.get_ident() in names
    assert threading.enumerate() == before


@pytest.mark.parametrize("number", [0, 2])
def test_an_error_is_raised_here_and_ends_all(number):
    def do(item):
        done.append(item)
        if item >= 5:
            raise KeyboardInterrupt(item)

    done = []
    before = threading.enumerate()
    with pytest.raises(KeyboardInterrupt) as caught:
        each(do, range(1000), number)
    assert caught.value.args[0] in range(5, 6 + number)
    assert len(done) <= 6 + number
    assert threading.enumerate() == before


def test_an_interrupt_between_two_items_ends_all(monkeypatch):
    def start(self):
        begin(self)
        if len(threading.enumerate()) > before + 1:
            raise KeyboardInterrupt

    def do(item):
        done.append(item)
        interrupted.wait(60)

    interrupted, done = threading.Event(), []
    before, begin = threading.active_count(), threading.Thread.start
    join = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(threading.Thread, "join", lambda self: interrupted.set() or join(self))
    with pytest.raises(KeyboardInterrupt):
        each(do, range(1000), 3)
    assert len(done) <= 2
    for thread in threading.enumerate():
        if thread.name == "modulepickle":
            join(thread)
    assert len(done) <= 2


def test_where_no_thread_starts_it_is_done_here(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert set(each(lambda _: threading.get_ident(), range(10), 2)) == {threading.get_ident()}


def test_no_more_threads_than_processors(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert [helpers(most) for most in (-1, 0, 1, 2, 3)] == [0, 0, 1, 2, 2]
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert helpers(100) == _threads.MOST
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert helpers(100) == 0
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert helpers(100) == 0
