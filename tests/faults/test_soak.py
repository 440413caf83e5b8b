"""R13, R14: thousands of loads while receivers are killed or interrupted, and their cache damaged.

`MODULEPICKLE_SOAK=10000` sets how many; without it there are 1,000. Each chunk of them is one bare
receiver, which forks a child for each load, all with one cache folder on a small disk of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mishaps import CHILD, on_small_disk
from receivers import SITE, Result, project, receive, send

pytestmark = pytest.mark.faults

LOADS = int(os.environ.get("MODULEPICKLE_SOAK") or 1_000)
# Interrupts meet importlib, too, at places where it does not expect them, and cleaners take the
# time of loads: both only where somebody asks for a soak. Tests of each line of the loader, and of
# `cache clear`, stand beside this.
BY_HAND = "MODULEPICKLE_SOAK" in os.environ
CHUNK = 250  # loads a receiver
BATCH = 6  # loads at once
MODULES = 8
TEXT = """
    === NAME/__init__.py
    import os
    from NAME import m0, m1
    def f():
        from NAME import sub
        return VERSION, m0.VALUE, m1.VALUE, sub.total()
    def data(name):
        with open(os.path.join(os.path.dirname(__file__), name)) as file:
            return file.read()
    === NAME/sub/__init__.py
    def total():
        from . import deep
        return deep.VALUE
    === NAME/sub/deep.py
    import importlib
    VALUE = sum(importlib.import_module("NAME.m%d" % i).VALUE for i in range(8))
    === NAME/data/one.txt
    NAME VERSION one
    === NAME/data/two.txt
    NAME VERSION two
"""


def shipped(folder: Path, name: str, version: int) -> bytes:
    """The pickle of a package of `f` and `data`. Of two versions, half of the modules are equal."""
    text = TEXT.replace("NAME", name).replace("VERSION", str(version))
    tree = project(folder / f"{name}{version}", text)
    for i in range(MODULES):
        value = i * (version if i % 2 else 10)
        (tree / f"{name}/m{i}.py").write_text(f"VALUE = {value}\nTEXT = '{'x' * 2_000}'\n")
    return send(tree, f"import {name}; obj = {name}.f, {name}.data")


def right(version: int) -> tuple[int, int, int, int]:
    values = [i * (version if i % 2 else 10) for i in range(MODULES)]
    return version, values[0], values[1], sum(values)


SOAK = f"""
{CHILD}
    import random, shutil, subprocess, time
    from collections import Counter
    random.seed(SEED)
    disk, ballast = os.path.dirname(CACHE), os.path.dirname(CACHE) + "/ballast"
    kinds, killed, wrong = Counter(), 0, []

    # An interrupt ends a load at any place; the process goes on, and loads again.
    class Interrupt(BaseException):
        pass
    armed, interrupts = [], []
    def interrupt(*_):
        if armed:
            armed.pop()
            interrupts.append(1)
            raise Interrupt
    signal.signal(signal.SIGUSR1, interrupt)
    def unraisable(found):  # one that comes in a callback of importlib's own is lost there
        if found.exc_type is not Interrupt:
            sys.__unraisablehook__(found)
    sys.unraisablehook = unraisable
    def loaded(i):
        for _ in range(4):
            try:
                armed.append(1)
                found = once(i)
                armed.clear()
                return (*found, len(interrupts))
            except Interrupt:
                pass
        return (*once(i), len(interrupts))
    def once(i):
        f, data = load(i)
        texts = []
        for name in ("data/one.txt", "data/two.txt"):
            try:
                texts.append(data(name))
            except OSError as error:
                texts.append(type(error).__name__)
        return f(), texts, [text for _, text in records]
    def paths():
        return [os.path.join(w, name) for w, _, names in os.walk(CACHE) for name in names]
    def some():
        found = sorted(paths())
        return random.sample(found, random.randint(0, len(found)))

    # The faults. Each may meet files that come and go.
    def nothing():
        pass
    def delete():
        for path in some():
            os.unlink(path)
    def delete_all():
        shutil.rmtree(CACHE, True)
    def cut():
        for path in some():
            os.truncate(path, random.randint(0, os.path.getsize(path)))
    def flip():
        for path in some():
            found = os.stat(path)
            with open(path, "r+b") as file:
                whole = bytearray(file.read())
                for _ in range(random.randint(1, 3)):
                    if whole:
                        whole[random.randrange(len(whole))] ^= 1 << random.randrange(8)
                file.seek(0)
                file.write(whole)
            if random.random() < 0.5:  # as rot of the disk, which changes no time
                os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    def mix_up():
        found = some()
        for one, other in zip(found[::2], found[1::2]):
            shutil.copyfile(one, one + ".x")
            os.replace(other, one)
            os.replace(one + ".x", other)
    def folder_for_file():
        for path in some()[:3]:
            os.unlink(path)
            os.mkdir(path)
    def file_for_folder():
        folders = [w for w, _, _ in os.walk(CACHE) if w != CACHE]
        if folders:
            path = random.choice(folders)
            shutil.rmtree(path)
            with open(path, "w"):
                pass
    def fill():
        found = os.statvfs(disk)
        with open(ballast, "wb") as file:
            left = random.choice([0, 1, 2, 5, 10, 20])
            file.write(bytes(max(0, found.f_bavail - left) * found.f_bsize))
    def use_up_inodes():
        os.mkdir(ballast)
        for i in range(os.statvfs(disk).f_favail - random.choice([0, 1, 2, 5, 10, 20])):
            os.mkdir(ballast + "/%d" % i)
    def age():
        for w, _, names in os.walk(CACHE):
            for path in [w, *(os.path.join(w, name) for name in names)]:
                os.utime(path, (10**9, 10**9))
    def clear():  # what `modulepickle cache clear` does
        code = "from modulepickle._loader import cache; cache.clear()"
        env = {{**os.environ, "PYTHONPATH": SITE}}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True)
        last = (done.stderr.splitlines() or [b""])[-1].partition(b":")[0]
        # It refuses what a fault has put in the place of the folder.
        refused = b"FileNotFoundError", b"PermissionError", b"NotADirectoryError", b"OSError"
        assert not done.returncode or last in refused, done.stderr
    def make_room():
        if os.path.isdir(ballast):
            shutil.rmtree(ballast)
        elif os.path.exists(ballast):
            os.unlink(ballast)
    BEFORE = [nothing, delete, delete_all, cut, flip, flip, mix_up, folder_for_file,
              file_for_folder, fill, use_up_inodes, age]
    # What may keep it from the disk.
    ODD = {{folder_for_file, file_for_folder, fill, use_up_inodes}}
    DURING = [nothing, nothing, delete, delete_all, cut, *[clear] * BY_HAND]

    done = 0
    while done < LOADS:
        before, during = random.choice(BEFORE), random.choice(DURING)
        for fault in (random.choice([nothing, delete_all]), before):
            try:
                fault() if done else None
            except OSError:
                pass
        batch = []
        for _ in range(min(BATCH, LOADS - done)):
            i = random.randrange(len(datas))
            batch.append((i, start(lambda: loaded(i))))
        kinds[before.__name__ + " before"] += len(batch)
        victims = random.sample(batch, random.choice([0, 0, 1, 2, len(batch)]))
        time.sleep(random.choice([0, 0.002, 0.01, 0.03]))
        try:
            during()
        except OSError:
            pass
        kinds[during.__name__ + " during"] += len(batch)
        for each in random.sample(batch, random.choice([0, 1, min(3, len(batch))])):
            if BY_HAND and each not in victims:
                os.kill(each[1][0], signal.SIGUSR1)  # not yet waited for
        for _, (pid, _) in victims:
            os.kill(pid, signal.SIGKILL)  # not yet waited for: it is still its number
        for each in batch:
            i, (pid, reader) = each
            done += 1
            try:
                outcome = end(pid, reader)
            except (EOFError, pickle.UnpicklingError):  # killed while it wrote the outcome
                outcome = "signal", signal.SIGKILL
            if outcome == ("signal", signal.SIGKILL) and each in victims:
                kinds["killed"] += 1
                continue
            if outcome[0] != "value":
                kinds["hang" if outcome == ("signal", signal.SIGALRM) else "wrong"] += 1
                wrong.append((before.__name__, during.__name__, i, outcome))
                continue
            value, texts, warnings, met = outcome[1]
            kinds["interrupted"] += met
            good = value == VALUES[i]
            # What is deleted or cut under a process that reads it, is not there, or is not whole.
            disturbed = during not in (nothing, clear) or warnings and before in ODD
            for text, whole in zip(texts, TEXTS[i]):
                good = good and (text == whole or disturbed and (
                    text == "FileNotFoundError" or during is cut and whole.startswith(text)
                    or text == "NotADirectoryError"))
            kinds["right" if good else "wrong"] += 1
            kinds["with a warning"] += bool(warnings)
            calm = before not in ODD and during in (nothing, clear)
            # An interrupt may end a warning: then it is said again.
            if not good or len({{*warnings}}) > (not calm):
                wrong.append((before.__name__, during.__name__, i, outcome))
        if before in ODD:
            make_room()
            delete_all()
    # What killed loads left is known as such, and goes.
    top = os.path.join(CACHE, "modulepickle-%d" % os.getuid())
    found = os.listdir(top) if os.path.isdir(top) else []
    kinds["parts left"] += sum(name.startswith("part-") for name in found)
    age()
    clear()
    kinds["left after clear"] += len(os.listdir(top)) if found else 0
    delete_all()
    last = [child(lambda: loaded(i)) for i in range(len(datas))]
    result = dict(kinds), wrong, last
"""


@pytest.mark.timeout(1_200)
def test_r13_loads_under_faults_of_every_kind(tmp_path):
    names = [("pkg", 1), ("pkg", 2), ("other", 3)]
    datas = [shipped(tmp_path, *each) for each in names]
    values = [right(version) for _, version in names]
    texts = [[f"{name} {version} {each}\n" for each in ("one", "two")] for name, version in names]

    def chunk(seed: int) -> Result:
        loads = min(CHUNK, LOADS - seed * CHUNK)
        folder = tmp_path / f"chunk{seed}"
        python = on_small_disk(folder, folder / "disk", "size=1m,nr_inodes=300")
        head = f"    SEED, LOADS, BATCH, SITE = {seed}, {loads}, {BATCH}, {str(SITE)!r}\n"
        head += f"    VALUES, TEXTS, BY_HAND = {values}, {texts}, {BY_HAND}\n"
        cache = folder / "disk" / "cache"
        return receive(datas, head + SOAK, lazy=True, python=python, cache=cache)

    total: Counter[str] = Counter()
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for got in pool.map(chunk, range(-(-LOADS // CHUNK))):
            kinds, wrong, last = got.result
            assert wrong == []
            assert last == [("value", (value, text, [], 0)) for value, text in zip(values, texts)]
            assert got.stderr == ""
            total += Counter(kinds)
    print(*(f"{kind}: {number}" for kind, number in sorted(total.items())), sep="\n")
    assert total["hang"] == total["wrong"] == total["left after clear"] == 0
    assert total["right"] + total["killed"] == LOADS
    assert total["right"] > LOADS / 2
    assert min(total["killed"], total["with a warning"]) > LOADS / 50
