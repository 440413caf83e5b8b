"""Paths of what is in an archive, for `importlib.resources` and `importlib.metadata` (R13).

A shipped text of the loader. Used where there is no writable disk, and so no real path.
"""

import errno
import os

from modulepickle._loader.archive_reader import inflate


def resource_reader(files):
    """A reader of resources whose folder is `files`."""
    try:
        from importlib.resources.abc import TraversableResources
    except ImportError:  # before 3.11
        from importlib.abc import TraversableResources

    reader = type("Reader", (TraversableResources,), {"files": lambda this: files})
    return reader()


class ArchivePath:
    """A file or folder of archives, as `importlib.resources.abc.Traversable` has it.

    Attributes:
        homes: the snapshots whose archives have it, or should. path: in them.
    """

    def __init__(self, homes, path):
        self.homes, self.path = homes, path
        self.name = path.rpartition("/")[2]

    def __str__(self):
        return f"{self.homes[0].folder}/{self.path}".rstrip("/")

    def __repr__(self):
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other):
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self):
        return hash(str(self))

    @property
    def parent(self):
        return ArchivePath(self.homes, self.path.rpartition("/")[0])

    def below(self):
        """The names in it, as a folder."""
        stem = f"{self.path}/" if self.path else ""
        files = [file for home in self.homes for file in home.files if file.startswith(stem)]
        return dict.fromkeys(file[len(stem) :].partition("/")[0] for file in files if file != stem)

    def is_dir(self):
        return bool(self.below()) or any(f"{self.path}/" in home.files for home in self.homes)

    def is_file(self):
        return any(self.path in home.files for home in self.homes)

    isfile = is_file  # when 3.9 goes, which asks so, so does this

    def exists(self):
        return self.is_dir() or self.is_file()

    def iterdir(self):
        return iter([self / name for name in self.below()])

    def joinpath(self, *parts):
        path = os.path.normpath("/".join([self.path or ".", *map(str, parts)]))
        return ArchivePath(self.homes, "" if path == "." else path.replace(os.sep, "/"))

    def __truediv__(self, part):
        return self.joinpath(part)

    def read_bytes(self):
        for home in self.homes:
            if self.path in home.files:
                return inflate(self.path, home.files[self.path])
        number = errno.EISDIR if self.is_dir() else errno.ENOENT
        raise OSError(number, os.strerror(number), str(self))  # as `open` has it

    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding, errors=errors) as file:
            return file.read()

    def open(self, mode="r", *args, **options):
        import io

        file = io.BytesIO(self.read_bytes())
        return file if "b" in mode else io.TextIOWrapper(file, *args, **options)
