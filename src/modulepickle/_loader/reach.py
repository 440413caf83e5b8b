"""What a snapshot's code can import beyond local packages, since it saw to that itself (R8).

A shipped text of the loader, and a part of its `Snapshot`. Code puts a folder of its package on
`sys.path`, or a finder of its own on `sys.meta_path`, and imports from there: what is found so
belongs to its snapshot alone. Each such top-level name gets a home of its own (see `beside`).
"""

import sys
import weakref

from modulepickle._loader.finders import FINDER
from modulepickle._loader.whose import (
    ImportLock,
    PathFinder,
    cached,
    home_of,
    home_of_globals,
    is_standard,
    meta_path,
    outer_path,
)


class Placed:
    """Whose code has put something on `sys.path` or `sys.meta_path`: the same for all snapshots.

    Attributes:
        path, finders: what they were when they were last looked through. homes: the snapshots, in
            another set each time.
    """

    path, finders, homes = None, None, ()

    def now(self):
        """The snapshots, as they are now."""
        path, finders = vars(sys)["path"] or [], meta_path()
        if path != self.path or finders != self.finders:
            homes = [*map(home_of, outer_path()), *map(maker, finders)]
            self.homes = weakref.WeakSet(filter(None, homes))  # R12
            self.path, self.finders = [*path], finders
        return self.homes


PLACED = Placed()


class Reach:
    """What a snapshot can import beyond the local packages, since its code saw to that.

    Attributes:
        seen: `Placed.homes` as it last was.
        has_places: whether something of this snapshot, or of what it requires, is among them.
        usual: names that are found elsewhere.
    """

    seen, has_places, usual = None, False, frozenset()

    @cached
    def besides(self):
        """Top-level name -> its home, of what this snapshot's own places have."""
        return {}

    def sees_places(self):
        """Whether there is such a place now."""
        homes = PLACED.now()
        if homes is not self.seen:
            self.seen, self.usual = homes, set()
            self.has_places = any(home in self.paths.values() for home in homes)
        return self.has_places

    def finds(self, top):
        """Whether a top-level name that is no local package's is found in such a place first."""
        if not self.sees_places() or top in self.usual:
            return False
        if top == "__main__" or is_standard(top):  # if the sender meant its own, that travels
            return False
        home, spec = self.look(top)
        if home:
            with ImportLock():
                self.paths[top] = home.besides.get(top) or Beside(home, top)  # noqa: F821  # `beside`
            self.paths[top].appear()
        elif spec:
            self.usual.add(top)
        return home is not None

    def look(self, top):
        """The home and the spec of a top-level name, if such a place has it first; or no home."""
        for finder in meta_path():
            home, spec = maker(finder), None
            if finder is PathFinder:
                homes = None, *self.paths.values()
                spec = finder.find_spec(top, [path for path in sys.path if home_of(path) in homes])
                places = spec and [spec.origin, *(spec.submodule_search_locations or ())]
                home = next(filter(None, map(home_of, places or ())), None)
            elif finder is not FINDER and self.may_ask(finder):
                spec = finder.find_spec(top, None, None)
            if spec:
                return home, spec
        return None, None


def maker(finder):
    """The snapshot whose code made a finder, or None."""
    return home_of_globals(getattr(getattr(finder, "find_spec", None), "__globals__", {}))
