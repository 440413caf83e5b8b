"""What executes the files of a snapshot: source, bytecode and compiled modules (R13).

A shipped text of the loader. Source comes from the archive in memory, never from disk.
"""

import importlib.machinery as machinery
import marshal
import os
import sys
import zlib

from modulepickle._loader.archive_paths import resource_reader
from modulepickle._loader.archive_reader import inflate
from modulepickle._loader.cache_files import write_file
from modulepickle._loader.cache_folder import cache_folder
from modulepickle._loader.pages import kept_code
from modulepickle._loader.unpacking import check, log
from modulepickle._loader.whose import cached, set_code_path


class FileLoader(machinery.SourceFileLoader):
    """Executes a source file of this snapshot's, wherever that is (see `callers.home_builtins`)."""

    home = None


class SourceText(str):
    """Source whose lines end as they do in a file, form feeds or not."""

    def splitlines(self):
        return self.removesuffix("\n").split("\n")


class SourceLoader(FileLoader):
    """Executes source from the archive; its bytecode is cached by the content of the file."""

    def exec_module(self, module):
        if not self.home.is_on_disk():  # what shows lines, such as a warning, asks no loader
            import linecache
            from importlib.util import decode_source

            packed = self.member, self.home.files[self.member]
            entry = (lambda: SourceText(decode_source(inflate(*packed))),)
            linecache.cache.setdefault(self.path, entry)
        super().exec_module(module)

    def get_data(self, path):
        return self.home.read(path, super().get_data)

    def get_resource_reader(self, name):
        if self.home.is_on_disk():
            return super().get_resource_reader(name)
        return resource_reader(self.home.inside(os.path.dirname(self.path)))

    @cached
    def archive(self):
        # `importlib.resources` looks here before 3.10: when 3.9 goes, so does this.
        if sys.version_info >= (3, 10) or self.home.is_on_disk():
            raise AttributeError("archive")
        return self.home.zip

    def get_code(self, name):
        # The file as it is packed: nothing is inflated. Two files whose names in the cache are the
        # same take turns there, since what is inside is compared.
        key = sys.version, sys.flags.optimize, self.home.files[self.member][:3]
        crc, _, packed = key[2]
        # 1: early loaders, which begin with 0, keep something else under their names.
        file = f"code-{crc:08x}{zlib.crc32(packed, zlib.crc32(repr(key[:2]).encode(), 1)):08x}"
        try:
            code = kept_code(file, key)
            set_code_path(code, self.path)
            return code
        except Exception as error:
            log("debug", "%s is compiled: %s", name, error)
        code = self.source_to_code(self.get_data(self.path), self.path)
        keep_code(name, file, key, code)
        return code


def keep_code(name, file, key, code):
    """Write what `kept_code` reads, if that can be."""
    try:
        data = marshal.dumps((key, code))
        pieces = [zlib.crc32(data).to_bytes(4, "little"), data]
        write_file(f"{cache_folder()}/{file}", pieces)
    except Exception as error:  # no disk; or the interpreter ends, and `open` is gone
        log("debug", "bytecode of %s is not kept: %s", name, error)


class ExtensionLoader(machinery.ExtensionFileLoader):
    def create_module(self, spec):
        if self.member in self.home.files:  # the system executes what is on disk now
            check(self.member, self.home.files[self.member], self.home.folder)
        return super().create_module(spec)


for own, usual in (
    (FileLoader, machinery.SourceFileLoader),
    (SourceLoader, machinery.SourceFileLoader),
    (ExtensionLoader, machinery.ExtensionFileLoader),
):  # as a module shows its loader natively
    own.__module__ = usual.__module__
    own.__name__ = own.__qualname__ = usual.__name__


# What a module may be made from -> its loader, in the order in which importlib looks.
KINDS = (
    (ExtensionLoader, machinery.EXTENSION_SUFFIXES),
    (SourceLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)
LOADERS = {
    stem + suffix: loader
    for stem in ("/__init__", "")
    for loader, suffixes in KINDS
    for suffix in suffixes
}
