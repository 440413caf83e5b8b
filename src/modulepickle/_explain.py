"""`explain`: what a pickle of an object would carry, why, and what stands in the way.

The pickler is the real one (`_record`), and what it wrote is read by `inspect`; so what is reported
is what `dumps` does. Here the two are put together.

Outside API: `explain`, `Explanation`.
"""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Final

from modulepickle._archive import Member, members, unpack
from modulepickle._byvalue import Scope
from modulepickle._distributions import distribution
from modulepickle._errors import Problem, StaleSourceWarning
from modulepickle._explain_text import branches
from modulepickle._imports import import_lines
from modulepickle._inspect import inspect
from modulepickle._left_out import left_out
from modulepickle._path import is_a
from modulepickle._policy import Policy
from modulepickle._record import Node, Recorder
from modulepickle._report import Branch, Report, amount
from modulepickle._scan import STANDARD_NAMES
from modulepickle._snapshot import LARGE, Shipped

__all__ = ["Explanation", "explain"]

BIG: Final = 2**20
"""Bytes of data in the objects themselves that are worth a warning."""

LARGEST: Final = 5
"""Files of a snapshot that are listed."""

SECRET: Final = re.compile(
    r"passw|passphrase|secret|credential|api_?key|private_?key|access_?key|auth_?key|(?:^|_)tokens?(?:$|_)"
    r"|(?:^|_)pwd(?:$|_)",
    re.IGNORECASE,
)
SECRET_FILE: Final = re.compile(
    r"\.(?:pem|key|p12|pfx|jks|keystore|kdbx)$|(?:^|/)(?:id_rsa|id_ed25519|credentials|secrets?)"
    r"(?:\.[a-z]+)?$",
    re.IGNORECASE,
)


def explain(obj: Any, *, protocol: int | None = None, policy: Policy | None = None) -> Explanation:
    """Return what a pickle of an object would carry, and why.

    It pickles as `dumps` does, and so runs what that runs: `__reduce__` and `__getstate__`. What
    cannot travel is in the report, and raises nothing. The schema of `report.data`, and of
    `report.to_json()`; sizes are in bytes:

        format      1; a change that breaks readers raises it.
        kind        "explain"
        object      what to call the object. bytes: of the pickle, even where a store would keep
                    the archives. protocol: 0 to 5.
        snapshots   [{name, digest, why, files, bytes, packed_bytes, largest: [{path, bytes}],
                    left_out: [{path, rule}], packages, distributions}]: why is the chain of
                    references and imports, outermost first; files: how many; packages: the
                    snapshots that it requires; distributions: {module: "name version"}, which the
                    receiver must have.
        by_value    [{kind, name, python, source, names}]: what is pickled as code: "function" or
                    "class"; source: whether its text goes along, so that another Python version
                    can run it; names: of the globals or attributes that go along.
        by_name     [{distribution, names}]: what the receiver must have, for the objects
                    themselves; distribution is "name version", or "" if none is known.
        problems    [{reason, subject, detail, remedy, chain}]: what cannot travel.
        warnings    sentences.

    Args:
        obj: what you would give to `dumps`. protocol, policy: as for `dumps`.

    Raises:
        PackagingError: the settings in `pyproject.toml` are wrong.
    """
    file = io.BytesIO()
    recorder = Recorder(file, protocol, policy)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StaleSourceWarning)
        recorder.record(obj)
    stale = []
    for each in caught:
        if issubclass(each.category, StaleSourceWarning):
            stale.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return Explanation(_Story(recorder, file.getvalue()).data(stale))


class Explanation(Report):
    """What would travel. See `Report`, and `explain` for the schema of `data`."""

    def branches(self) -> Iterator[Branch]:
        """Yield the lines of the outermost level."""
        return branches(self.data)


class _Story:
    """One explanation, made of what a recorder met."""

    def __init__(self, recorder: Recorder, pickled: bytes) -> None:
        self._recorder, self._pickled = recorder, pickled
        self._files: dict[bytes, list[Member]] = {}
        for node in recorder.shipped():
            self._files[node.obj.digest] = [*members(node.obj.archive)]
        for node in recorder.shipped():
            self._tell_import(node)

    def data(self, stale: list[str]) -> dict[str, Any]:
        """Return the data of the report."""
        recorder = self._recorder
        inside = inspect(self._pickled).data
        problems = [_problem(each) for each in recorder.problems]
        shipped = sorted(recorder.shipped(), key=lambda node: (len(node.chain()), node.obj.name))
        by_name = [*_by_name(inside["imports"], inside["requires"])]
        return {
            "format": 1,
            "kind": "explain",
            "object": recorder.root.chain()[0],
            "bytes": len(self._pickled),
            "protocol": recorder.protocol,
            "snapshots": [*map(self._snapshot, shipped), *self._nested(inside["snapshots"])],
            "by_value": [_by_value(each) for each in inside["by_value"] if each["kind"] != "code"],
            "by_name": by_name,
            "problems": problems,
            "warnings": [
                *stale,
                *self._at_home(by_name),
                *self._warnings(shipped, inside["by_value"]),
            ],
        }

    def _tell_import(self, node: Node) -> None:
        """Say of a package that another one imports where that is."""
        above = node.above
        if above is None or not is_a(above.obj, Shipped):
            return
        node.labels = ()
        if not is_a(above.obj, Scope):
            place = self._import_of(node.obj.name, above.obj)
            node.labels = (f"import at {place}" if place else "import",)

    def _import_of(self, name: str, by: Shipped) -> str | None:
        """Return `path:line` of the first import of a package in the files of another one."""
        for file in self._files[by.digest]:
            stem, _, suffix = file.path.rpartition(".")
            if suffix != "py":
                continue
            module = stem.replace("/", ".")
            is_package = module.endswith(".__init__")
            module = module[: -len(".__init__")] if is_package else module
            source = unpack(file, file.size)
            for found, line in import_lines(source, module, is_package).items():
                if f"{found}.".startswith(f"{name}."):
                    return f"{file.path}:{line}"
        return None

    def _snapshot(self, node: Node) -> dict[str, Any]:
        shipped: Shipped = node.obj
        files = self._files[shipped.digest]
        largest = sorted(files, key=lambda file: (-file.size, file.path))[:LARGEST]
        needs = shipped.needs.items()
        return {
            "name": shipped.name,
            "digest": shipped.digest.hex(),
            "why": [*node.chain()],
            "files": len(files),
            "bytes": sum(file.size for file in files),
            "packed_bytes": len(shipped.archive),
            "largest": [{"path": file.path, "bytes": file.size} for file in largest],
            "left_out": self._left_out(shipped),
            "packages": sorted(name for name, need in needs if isinstance(need, Shipped)),
            "distributions": {name: need for name, need in needs if isinstance(need, str)},
        }

    def _nested(self, snapshots: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the snapshots in pickles inside the pickle, which `wrap` makes."""
        told = {node.obj.digest.hex() for node in self._recorder.shipped()}
        start = self._recorder.root.chain()
        for each in snapshots:
            if each["digest"] not in told:
                files = sorted(each["files"], key=lambda file: (-file["bytes"], file["path"]))
                yield {
                    "name": each["name"],
                    "digest": each["digest"],
                    "why": [*start, "a pickle inside it", f"package `{each['name']}`"],
                    "files": len(files),
                    "bytes": each["bytes"],
                    "packed_bytes": each["archive_bytes"],
                    "largest": [{n: f[n] for n in ("path", "bytes")} for f in files[:LARGEST]],
                    "left_out": [],
                    "packages": each["packages"],
                    "distributions": each["distributions"],
                }

    def _left_out(self, shipped: Shipped) -> list[dict[str, str]]:
        """Return what stays at home; nothing of what was itself received."""
        recorder = self._recorder
        if shipped.digest in recorder.resent:
            return []
        unit = recorder.shipment.unit(shipped.name)
        found = {} if unit is None else left_out(unit, recorder.policy)
        stem = shipped.name.replace(".", "/")
        return [{"path": f"{stem}/{path}", "rule": found[path]} for path in found]

    # Warnings

    def _at_home(self, by_name: list[dict[str, Any]]) -> Iterator[str]:
        """Yield what is named and neither travels nor is installed."""
        tops = {n.partition(".")[0]: each for each in by_name for n in each["names"]}
        for top in sorted(tops):
            file = getattr(sys.modules.get(top), "__file__", None)
            if self._recorder.policy.excludes(top):
                yield (
                    f"`{top}` is kept at home by the policy (exclude), so the receiver must have it"
                    " by itself"
                )
            elif file is not None and not tops[top]["distribution"]:
                yield (
                    f"`{top}` is neither in your working tree nor of an installed distribution, so"
                    f" it travels as a name: {file}; Policy(include=({top!r},)) ships it"
                )

    def _warnings(self, shipped: list[Node], by_value: list[dict[str, Any]]) -> Iterator[str]:
        for node in shipped:
            yield from _of_files(node.obj.name, self._files[node.obj.digest])
        for node in self._recorder.nodes.values():
            for kind, name in node.held:
                if SECRET.search(name):
                    yield (
                        f"{kind} `{name}` of {node.title()} looks like a secret, and its value"
                        " travels; read it where it is used, from the environment or a file there"
                    )
        for chain, size in self._big():
            yield (
                f"{' -> '.join(chain)} has about {amount(size)}, which travel with every pickle"
                " of it; load it where it is used, or send it once by other means"
            )
        for each in by_value:
            if each["python"] and not each["source"] and not each["module"]:
                yield (
                    f"{each['name'] or each['file']} has no source that can be found, so it runs on"
                    f" Python {each['python']} only; define it in a file"
                )

    def _big(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield the chains to large data, and their size: as near to them as a chain leads."""
        nodes = self._recorder.reached
        totals = {id(node): node.size for node in nodes if not _is_of_package(node)}
        for node in reversed(nodes):
            if node.above is not None and id(node) in totals and id(node.above) in totals:
                totals[id(node.above)] += totals[id(node)]
        largest_part: dict[int, int] = {}
        for node in nodes:
            if node.above is not None:
                known = largest_part.get(id(node.above), 0)
                largest_part[id(node.above)] = max(known, totals.get(id(node), 0))
        for node in nodes:
            total = totals.get(id(node), 0)
            if total > BIG and largest_part.get(id(node), 0) <= BIG:
                yield node.chain(), total


def _is_of_package(node: Node) -> bool:
    """Tell whether a node is a package, or its archive: `_of_files` has warned of those."""
    return any(each is not None and is_a(each.obj, Shipped) for each in (node, node.above))


def _of_files(name: str, files: list[Member]) -> Iterator[str]:
    total = sum(file.size for file in files)
    if total > LARGE:
        largest = max(files, key=lambda file: file.size)
        inside = largest.path.partition(name.replace(".", "/") + "/")[2] or largest.path
        yield (
            f"package `{name}` has {amount(total)}, {largest.path} {largest.size:,} of them; they"
            f' travel with every pickle of it; leave files out: Policy(ignore=("{inside}",)), or'
            f' ignore = ["{inside}"] under [tool.modulepickle] in pyproject.toml'
        )
    for file in files:
        if SECRET_FILE.search(file.path):
            yield f"{file.path} looks like a secret, and travels; Policy(ignore=...) leaves it out"


def _by_value(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": each["kind"],
        "name": each["name"],
        "python": each["python"],
        "source": bool(each["source"]) or each["module"] is not None,
        "names": each["names"],
    }


def _by_name(imports: list[dict[str, Any]], requires: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what the receiver must have, by distribution; the standard library it has."""
    found: dict[str, list[str]] = {}
    for name in [each["name"] for each in imports]:
        top = name.partition(".")[0]
        if top not in STANDARD_NAMES and top not in ("builtins", "copyreg", "__main__"):
            found.setdefault(" ".join(distribution(top) or ()), []).append(name)
    for name, text in requires.items():
        found.setdefault(text, []).append(name)
    for text in sorted(found):
        yield {"distribution": text, "names": sorted({*found[text]})}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "reason": problem.reason.value,
        "subject": problem.subject,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "chain": [*problem.chain],
    }
