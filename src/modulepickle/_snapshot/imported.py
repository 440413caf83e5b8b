"""What this process imported of each module, and what was edited since (R5).

The file of a module is what travels; what it was when it was imported, Python does not tell. It is
known of a file that is older than this process, and of one whose bytecode is older than itself:
an import would have written that anew, so the bytecode is of what was imported. Of any other file,
its state at the first `dumps` after the import is taken for it, if the functions in memory are in
it. An edit between the two is not seen where no bytecode is written.

What is known is compared statement by statement, and only those that an object uses: in its own
module, and in those that this imports. Nothing is parsed as long as nothing was edited.

Outside API: what is in `__all__`.
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modulepickle._base.codes import nested
from modulepickle._base.held import held
from modulepickle._snapshot.files import File, last_read
from modulepickle._snapshot.listing import key_of

if TYPE_CHECKING:
    from modulepickle._snapshot.meaning import Code, Source

__all__ = [
    "EDITED", "UNREADABLE", "Edit", "difference", "difference_for", "file_of", "note", "written_ns",
]  # fmt: skip

UNREADABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What a file raises that does not compile."""


class Edit(NamedTuple):
    """A name whose statements are no longer those that were imported."""

    module: str
    name: str
    file: str
    """Absolute, on this disk."""


class _Imported:
    """What this process imported of one module.

    Attributes:
        spec: of the module; a reload makes a new one. file: as it was imported, as far as is known.
        code: what was imported, in place of that. is_sure: whether it is proved.
    """

    __slots__ = ("_before", "_source", "code", "file", "is_sure", "spec")

    def __init__(self, spec: ModuleSpec, file: File, code: CodeType | None, is_sure: bool) -> None:
        self.spec, self.file = spec, file
        self.code, self.is_sure = code, is_sure
        self._before: tuple[Code | None, ...] = ()
        self._source: tuple[bytes, Source | None] | None = None

    def now(self) -> File:
        """Return the file as it travels: in a `hold()`, that may be another one than outside."""
        return file_of(str(self.spec.origin)) or self.file

    def may_differ(self) -> bool:
        """Tell whether the file that travels is another one than was imported."""
        return self.code is not None or self.now().digest != self.file.digest

    def source(self) -> Source | None:
        """Return the file as it travels, parsed; None if it does not compile."""
        from modulepickle._snapshot.meaning import Source  # few processes edit anything

        now = self.now()
        if self._source is None or self._source[0] != now.digest:
            try:
                found = Source(now.content(), str(self.spec.parent))
            except UNREADABLE:  # an error of its own (`faults`)
                found = None
            self._source = now.digest, found
        return self._source[1]

    def before(self) -> Code | None:
        """Return what was imported; None if that is not known."""
        from modulepickle._snapshot.meaning import Code  # as above

        if not self._before:
            code = self.code
            if code is None:
                code = _compiled(self.file, str(self.spec.origin))
                if code is not None and not self.is_sure and not _is_in_memory(code, self.spec):
                    code = None
            self._before = (None if code is None else Code(code),)
        return self._before[0]


_imported: dict[str, _Imported] = {}
"""Dotted name -> what is known of a module that is imported here, and that was pickled."""

EDITED: Final[dict[str, _Imported]] = {}
"""Those whose files may have been edited since."""

_found: Final[dict[Any, Any]] = {}
"""What `difference` has found, as long as no other snapshot is made."""


def file_of(origin: str) -> File | None:
    """Return what was last read from the file of a module; None of a link, perhaps."""
    return last_read(origin) or last_read(os.path.abspath(origin))  # `.` or `..` on `sys.path`


def note(specs: Mapping[str, ModuleSpec], began: int) -> None:
    """Note what of a package, of which a snapshot was made, is imported here.

    Args:
        specs: dotted name -> spec. began: ns since the epoch, before which nothing was imported.
    """
    for name, spec in specs.items():
        known = _imported.get(name)
        is_source = type(getattr(spec, "loader", None)) is SourceFileLoader and spec.origin
        file = file_of(str(spec.origin)) if is_source else None
        if file is None:
            continue
        if known is None or known.spec is not spec:
            if held() is not None and not _is_on_disk(file, str(spec.origin)):
                continue  # it was imported from another file than the one that is held
            if known is not None:
                file.bytecode = None  # a reload may have written it
            known = _imported[name] = _Imported(spec, file, *_what(spec, file, began))
        _found.clear()
        if known.may_differ():
            EDITED[name] = known
        else:
            EDITED.pop(name, None)


def _is_on_disk(file: File, path: str) -> bool:
    try:
        return key_of(os.stat(path)) == file.key
    except OSError:
        return False


def _what(spec: ModuleSpec, file: File, began: int) -> tuple[CodeType | None, bool]:
    """Return the code that was imported, or None if that of the file was; and if that is sure."""
    changed = max(file.key[1:3])
    if changed < began:
        return None, True
    if file.bytecode is None:
        file.bytecode = written_ns(spec.cached)
    if file.bytecode > changed:
        return None, True  # an import has compiled it
    path = spec.cached if file.bytecode else None
    if path is None:
        return None, False
    try:
        # It was written before the file: if imports write any, it is of what was imported.
        if sys.dont_write_bytecode or not os.access(os.path.dirname(path), os.W_OK):
            return None, False
        with open(path, "rb") as stream:
            data = stream.read()
        code = marshal.loads(data[16:]) if data[:4] == MAGIC_NUMBER else None
    except (OSError, ValueError, EOFError, TypeError):
        return None, False
    is_imported = type(code) is CodeType and _is_in_memory(code, spec)
    return (code, True) if is_imported else (None, False)


def written_ns(cached: object) -> int:
    """Return when bytecode was written, in ns since the epoch; 0 if there is none."""
    try:
        return os.stat(str(cached)).st_mtime_ns
    except (OSError, ValueError):
        return 0


def _is_in_memory(code: CodeType, spec: ModuleSpec) -> bool:
    """Tell whether the functions that a module has are those of some code of it."""
    from modulepickle._snapshot.meaning import meaning_of  # few processes edit anything

    names: dict[str, object] = getattr(sys.modules.get(spec.name), "__dict__", {})
    here = [each.__code__ for each in [*names.values()] if type(each) is FunctionType]
    here = [each for each in here if each.co_filename == spec.origin]
    wanted = {each.co_name for each in here}
    known = {meaning_of(each) for each in nested(code) if each.co_name in wanted}
    return all(meaning_of(each) in known for each in here)


def _compiled(file: File, path: str) -> CodeType | None:
    from modulepickle._snapshot.meaning import compiled

    try:
        code: CodeType = compiled(file.content(), path)
    except UNREADABLE:
        return None
    return code


Step = tuple[str, str, str]
"""A module, a name in it, and the attribute of it that is asked for, or ""."""


def difference(module: str, name: str, is_made: bool = False) -> Edit | None:
    """Return an edit that changes what a module has under a name; None if there is none.

    Args:
        module: dotted. name: without dots, or `WHOLE`.
        is_made: only what the object is made of counts, and not what its functions use later.
    """
    if not EDITED:
        return None
    # A copy, as other threads may pickle as well.
    key = module, name, is_made, tuple([each.now().digest for each in [*EDITED.values()]])
    if key not in _found:
        try:
            _found[key] = _searched(module, name, is_made)
        except UNREADABLE:  # it is nested too deeply, say
            _found[key] = None
    # By `get`: another thread may have begun anew.
    found: Edit | None = _found.get(key)
    return found


def difference_for(function: FunctionType, imports: Iterable[str]) -> Edit | None:
    """Return an edit of what a function by value uses of modules that it has or imports.

    Args:
        imports: the dotted names that its code imports.
    """
    from modulepickle._snapshot.meaning import uses  # few processes edit anything

    asked: dict[tuple[str, str], None] = {}
    for code in nested(function.__code__):
        for name, attribute in uses(code):
            module = function.__globals__.get(name)
            if type(module) is ModuleType and attribute:
                below = f"{module.__name__}.{attribute}"
                asked.update(_asked(below, code) or {(module.__name__, attribute): None})
        for name in imports:
            asked.update(_asked(name, code))
    found = (difference(module, name) for module, name in asked)
    return next(filter(None, found), None)


def _asked(module: str, code: CodeType) -> dict[tuple[str, str], None]:
    """Return what code names of a module that it has; nothing if that is no module of ours."""
    known = _imported.get(module)
    source = known.source() if known is not None else None
    names = () if source is None else source.names() & {*code.co_names}
    return {(module, name): None for name in sorted(names)}


def _searched(module: str, name: str, is_made: bool) -> Edit | None:
    todo: dict[Step, None] = {(module, name, ""): None}
    steps = [*todo]
    for module, name, attribute in steps:  # grows as it is read
        known = _imported.get(module)
        source = known.source() if known is not None else None
        if known is None or source is None:
            continue
        before = known.before() if module in EDITED and known.may_differ() else None
        names = _names(source, name, before)
        for each in names:
            if before is not None and _differs(source, before, each):
                return Edit(module, each, str(known.spec.origin))
            new = [*_steps(source, module, each, attribute, is_made)]
            new = [step for step in new if step not in todo]
            todo.update(dict.fromkeys(new))
            steps += new
    return None


def _names(source: Source, name: str, before: Code | None) -> list[str]:
    """Return the names that are meant; of a whole module, none that were added."""
    from modulepickle._snapshot.meaning import WHOLE

    if name != WHOLE:
        return [name]
    names = source.names() if before is None else before.stored
    return [each for each in names if not each.startswith("__")]


def _differs(source: Source, before: Code, name: str) -> bool:
    """Tell whether what binds a name was not imported so, or binds it no more."""
    is_bound = False
    for statement in source.statements(name):
        is_bound = True
        if not before.has(statement.tokens):
            return True
    return not is_bound and name in before.stored and not source.stars


def _steps(source: Source, module: str, name: str, attribute: str, is_made: bool) -> Iterator[Step]:
    """Yield where a name of a module leads."""
    from modulepickle._snapshot.meaning import WHOLE

    is_bound = False
    for above, what in source.imports.get(name, ()):
        yield (above, what, attribute) if what else (above, attribute or WHOLE, "")
    for statement in source.statements(name):
        is_bound = True
        for used, asked in statement.made_of if is_made else statement.uses:
            if used != name:
                yield module, used, asked
        for above, what in () if is_made else statement.imports:
            yield above, what, ""
    if not is_bound:
        yield f"{module}.{name}", attribute or WHOLE, ""  # a submodule
        yield from ((each, name, attribute) for each in source.stars)
