"""The files of a snapshot: on disk, or where there is none, in the archive (R13).

A shipped text of the loader, and a part of its `Snapshot`.
"""

import errno
import os

from modulepickle._loader.archive_paths import ArchivePath
from modulepickle._loader.archive_reader import inflate
from modulepickle._loader.finders import forget
from modulepickle._loader.unpacking import unpack, warn_once
from modulepickle._loader.whose import FOLDERS, SHIPPED_TO, cached, when_gone


def forget_place(folder):
    """See to it that nothing is kept of a folder when its snapshot is gone."""
    if folder not in FOLDERS:
        SHIPPED_TO.discard(folder)
    forget(folder)


class Files:
    """What a snapshot has in its archive, as files, resources and metadata."""

    @cached
    def folder(self):
        """The folder of the unpacked files, which holds this one package; or no folder at all."""
        name = self.hash.hex()
        try:
            folder = unpack(name, self.files, self)
        except (OSError, ValueError) as error:
            warn_once(
                "disk",
                "modulepickle: no files are unpacked, and everything runs from memory: %s",
                error,
            )
            folder = f"{os.devnull}/{name}"  # nobody can make that one
        FOLDERS[folder] = self
        SHIPPED_TO.add(folder)
        when_gone(self, forget_place, folder)
        return folder

    def is_on_disk(self):
        return not self.folder.startswith(os.devnull)

    def read(self, path, otherwise):
        """The bytes of a file below the folder: of the archive, if it has that."""
        inside = os.path.normpath(path)
        member = inside.replace(os.sep, "/")[len(self.folder) + 1 :]
        if inside.startswith(self.folder):
            if member in self.files:
                return inflate(member, self.files[member])
            if not self.is_on_disk():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return otherwise(path)

    @cached
    def zip(self):
        """The archive as an open zip file, for what can read those (no disk: `folder`)."""
        import io
        import zipfile

        class Archive(zipfile.ZipFile):
            def __fspath__(this):
                return self.folder

        return Archive(io.BytesIO(self.parts[3]))

    def inside(self, path):
        """A folder of the archive as a path that `importlib` can read."""
        import pathlib

        if self.is_on_disk():
            return pathlib.Path(path)
        return ArchivePath([self], str(path).replace(os.sep, "/")[len(self.folder) + 1 :])

    def shows_metadata(self):
        return any(".dist-info/" in path for path in self.files) and not self.is_own()

    def distributions(self, context):
        """The metadata of its own distribution, if it came along."""
        from importlib import metadata

        names = {path.partition("/")[0] for path in self.files if ".dist-info/" in path}
        wanted = (context.name or "").lower().replace("-", "_").replace(".", "_")
        for name in sorted(names):
            title = name.partition("-")[0].lower().replace("-", "_").replace(".", "_")
            if context.name is None or title == wanted:
                yield metadata.PathDistribution(self.inside(f"{self.folder}/{name}"))
