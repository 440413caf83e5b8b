"""The homes of modules that a snapshot's code made importable by itself (R8; see `reach`).

A shipped text, behind `loader`.
"""

from modulepickle._loader.loader import Snapshot
from modulepickle._loader.registry import registry
from modulepickle._loader.whose import ImportLock, is_standard, meta_path, native, real_modules


class Beside(Snapshot):
    """The home of one such name: it has modules as a snapshot has them, and its maker's view.

    Attributes:
        home: the snapshot whose code made it importable.
    """

    def __init__(self, home, top):
        self.home, self.top, self.made, self.executing = home, top, {}, {}
        self.files, self.requirements, self.builtins = {}, {home.top: home}, home.builtins
        self.paths, self.views, self.modules = home.paths, home.views, home.modules
        home.paths[top] = home.besides[top] = self

    folder = property(lambda self: f"{self.home.folder}/.")  # it has none of its own

    def is_on_disk(self):
        return self.home.is_on_disk()

    def is_own(self):
        return False

    is_native = shows_metadata = is_own

    def spec(self, name, path=None, stem=None):
        """None: who imports for the host finds it by itself."""

    def find(self, name, path):
        if name == self.top:
            return self.home.look(name)[1]
        for finder in meta_path():
            spec = finder.find_spec(name, path, None) if self.may_ask(finder) else None
            if spec:
                return spec
        return None

    def distributions(self, context):
        return ()

    # What the rest of the process sees: it, as long as that sees its maker

    def may_be_shown(self):
        return self.home.is_active() and not (native(self.top) or is_standard(self.top))

    def appear(self):
        with ImportLock():
            while self.may_be_shown() and not self.is_active():
                _, leave = registry.active.get(self.top, (None, None))
                if leave:
                    leave()
                registry.active.setdefault(self.top, (self.made, self.leave))
                real_modules().update(self.made)
