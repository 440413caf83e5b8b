"""One interpreter that runs many small plans, each in a forked child of its own.

It is started as `PYTHON -I -S forkserver.py [FOLDER]`: bare without the folder; with it,
`modulepickle` is imported from there, and the children are senders. To start a Python takes longer
than most plans.

Requests and answers are pickles behind their length, on stdin and stdout. A request is a dict:

- `env`: variables to set; `cwd`: the current folder; `log`: a file for what the child prints;
- `seconds`: how long the child may take, before it is killed;
- `tops`: the top-level names of the project, for `normal`;
- `steps`: the plan, tuples of the name of a method of `Child` and its arguments.

The answer is a list with one record for each step that was begun, or a text that says how the child
died. It imports as little as it can: what it has imported, no shipped module of that name replaces.
"""

import builtins
import os
import pickle
import re
import select
import signal
import struct
import sys
import time
import warnings

STANDARD = os.path.dirname(os.__file__)


def normal(text, tops):
    """Return `text` without what differs from place to place: folders of the project, addresses."""
    names = "|".join(map(re.escape, tops))
    place = r"(?<![\w.>])/(?:[^/\s'\"<>|;,()\[\]{}]+/)*?(?=(?:NAMES)(?:/|\.|['\"\s:,]|$))"
    place = place.replace("NAMES", names)

    def cut(match):
        return match[0] if match[0].startswith(STANDARD) else "<root>/"

    return re.sub("0x[0-9a-f]{6,}", "0x...", re.sub(place, cut, text))


def of_project(path, tops):
    return normal(path, tops).startswith("<root>/")


class Child:
    """What one plan has: objects by their names, what it remembers, the warnings of each step."""

    def __init__(self, request):
        self.tops = request["tops"]
        self.objects = {}
        self.host = {}

    # -- Steps ----------------------------------------------------------------------------------

    def script(self, key, folder, paths, script):
        """Run the script of a project as `__main__`; its `obj` is the object of that key."""
        sys.path[:0] = [os.path.join(folder, path) for path in paths]
        sys.argv[:] = [os.path.join(folder, script)]
        main = sys.modules["__main__"] = type(sys)("__main__")
        main.__file__ = os.path.join(folder, script)
        if os.path.dirname(script):  # it stands in an archive
            import zipimport

            main.__loader__ = zipimport.zipimporter(os.path.dirname(main.__file__))
            text = main.__loader__.get_data(os.path.basename(script)).decode()
        else:
            with open(main.__file__, encoding="utf-8") as file:
                text = file.read()
        sys.dont_write_bytecode = True
        exec(compile(text, main.__file__, "exec"), vars(main))
        self.objects[key] = main.obj

    def dump(self, key, expression, path):
        """Evaluate an expression that pickles `obj`, and write its value."""
        import modulepickle

        names = {"obj": self.objects[key], "modulepickle": modulepickle}
        data = eval(expression, names)
        with open(path, "wb") as file:
            file.write(data)

    def load(self, key, path):
        with open(path, "rb") as file:
            self.objects[key] = pickle.loads(file.read())

    def call(self, key):
        return repr(self.objects[key]())

    def remember(self):
        """Note what stands in `sys.modules`, and all that the modules of the project have."""
        self.host = {name: (module, self._names(module)) for name, module in sys.modules.items()}
        self.builtins = dict(vars(builtins))

    def compare(self):
        """Return what is not as it was noted."""
        lines = []
        for name, (module, names) in self.host.items():
            if sys.modules.get(name) is not module:
                lines.append(f"sys.modules[{name!r}] is another object")
            now = self._names(module)
            lines += [
                f"{name}.{key} is another object"
                for key in dict.fromkeys([*names, *now])
                if key not in now or now[key] is not names.get(key, self._submodule(name, key))
            ]
        for name, value in self.builtins.items():  # more may be there: shipped code may add some
            if vars(builtins).get(name) is not value and name != "_":
                lines.append(f"builtins.{name} is another object")
        return lines

    def _submodule(self, name, key):
        """What a host's package may have got: a submodule that was imported from beside it."""
        module, package = sys.modules.get(f"{name}.{key}"), sys.modules.get(name)
        file, folder = getattr(module, "__file__", None), getattr(package, "__path__", [None])
        return module if file and file.startswith(f"{folder[0]}{os.sep}") else None

    def _names(self, module):
        """The variables of a module of the project; of no other one, which may well change."""
        names = getattr(module, "__dict__", {})
        places = [names.get("__file__"), *list(names.get("__path__") or [])[:1]]
        mine = any(of_project(place, self.tops) for place in places if isinstance(place, str))
        return dict(names) if mine else {}

    # -- Records --------------------------------------------------------------------------------

    def record(self, step):
        """Do one step; return a dict of `step`, `value` or `error`, and `warnings`."""
        record = {"step": step[0], "key": step[1] if len(step) > 1 else ""}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                value = getattr(self, step[0])(*step[1:])
                record["value"] = normal(value, self.tops) if isinstance(value, str) else value
            except BaseException as error:
                record["error"] = self.error(error)
        record["warnings"] = [self.warning(each) for each in caught]
        return record

    def error(self, error):
        kind = type(error)
        try:
            import traceback
        except ImportError as failed:  # the project has spoilt what it needs
            return {"type": kind.__name__, "message": str(error), "frames": [], "then": str(failed)}
        found = {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "message": normal(str(error), self.tops),
            "frames": [
                (normal(frame.filename, self.tops), frame.lineno, frame.name, frame.line)
                for frame in traceback.extract_tb(error.__traceback__)
                if of_project(frame.filename, self.tops)
            ],
        }
        for name in "name", "path", "lineno", "filename":
            if isinstance(error, (ImportError, SyntaxError)) and hasattr(error, name):
                found[name] = normal(repr(getattr(error, name)), self.tops)
        for name in "__cause__", "__context__":
            found[name] = type(getattr(error, name)).__name__
        return found

    def warning(self, caught):
        place = normal(caught.filename, self.tops)
        mine = place.startswith("<root>/")
        return (
            caught.category.__name__,
            normal(str(caught.message), self.tops),
            f"{os.path.basename(place)}:{caught.lineno}" if mine else "",
        )


def run(request):
    """Do the plan, in the child; a step that fails ends it, but for a call."""
    os.setsid()
    for number, path in enumerate([os.devnull, request["log"], request["log"]]):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv[:] = [""]
    sys.modules["__main__"] = type(sys)("__main__")
    child = Child(request)
    records = []
    for step in request["steps"]:
        records.append(child.record(step))
        if "error" in records[-1] and step[0] != "call":
            break
    return records


def read(file, seconds=None):
    """Return the next message of a pipe; None at its end, or if it does not come in time."""
    got = b""
    end = seconds and time.monotonic() + seconds
    while len(got) < 8 or len(got) < 8 + struct.unpack("<Q", got[:8])[0]:
        if seconds and not select.select([file], [], [], max(0, end - time.monotonic()))[0]:
            return None
        want = 8 if len(got) < 8 else 8 + struct.unpack("<Q", got[:8])[0]
        more = os.read(file, want - len(got))
        if not more:
            return None
        got += more
    return pickle.loads(got[8:])


def write(file, message):
    data = pickle.dumps(message, 4)
    data = struct.pack("<Q", len(data)) + data
    while data:
        data = data[os.write(file, data) :]


def fork(request):
    """Run one request in a child; return what it answers, or how it ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            write(writer, run(request))
        except BaseException as error:
            write(writer, f"the harness failed: {error!r}")
        finally:
            os._exit(0)
    os.close(writer)
    answer = read(reader, request["seconds"])
    os.close(reader)
    if answer is None:
        try:
            os.killpg(pid, signal.SIGKILL)  # a session of its own, so its children go with it
        except ProcessLookupError:
            pass
    _, status = os.waitpid(pid, 0)
    return answer if answer is not None else f"it gave no answer, status {status}"


def main():
    requests, answers = os.dup(0), os.dup(1)
    if sys.argv[1:]:
        sys.path.insert(0, sys.argv[1])
        import modulepickle  # noqa: F401

        sys.path.remove(sys.argv[1])
    while True:
        request = read(requests)
        if request is None:
            return
        write(answers, fork(request))


if __name__ == "__main__":
    main()
