"""The files of a package that is in a zip archive: they travel as they would from a folder.

Outside API: `zipped_files`. Nothing here imports user code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modulepickle._base.errors import Problem, Reason
from modulepickle._local.finder import LocalPackage
from modulepickle._local.patterns import prefixes
from modulepickle._local.policy import Policy

if TYPE_CHECKING:
    from zipfile import ZipFile

__all__ = ["zipped_files"]


def zipped_files(
    package: LocalPackage, policy: Policy, problems: list[Problem]
) -> Iterator[tuple[str, str, bytes]]:
    """Yield archive-relative POSIX path, path as a zip importer says it, and content of each file.

    Args:
        package: it is in an archive. problems: what cannot travel is added to it.
    """
    archive = package.archive
    import zipfile  # not at the top: few processes come here, and it imports a lot
    import zlib

    try:
        with zipfile.ZipFile(archive) as file:
            names = [*_names(package, policy, file)]
            size = sum(file.getinfo(member).file_size for _, _, member in names)
            if size > policy.max_bytes:
                detail = f"{size:,} bytes in {archive}, at most {policy.max_bytes:,} travel"
                remedy = f"allow it: Policy(max_bytes={size})"
                problems.append(Problem(Reason.TOO_LARGE, package.name, detail, remedy))
                return
            for name, path, member in names:
                yield name, path, file.read(member)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        remedy = "make the archive anew, or unpack it"
        problems.append(Problem(Reason.UNREADABLE, archive, str(error), remedy))


def _names(package: LocalPackage, policy: Policy, file: ZipFile) -> Iterator[tuple[str, str, str]]:
    stem = package.name.replace(".", "/")
    members = dict.fromkeys(each for each in sorted(file.namelist()) if not each.endswith("/"))
    for path in package.paths:
        inside = os.path.relpath(path, package.archive).replace(os.sep, "/")
        if not package.is_package:
            if inside in members:
                yield stem + os.path.splitext(inside)[1], path, inside
            continue
        for member in members:
            relative = member[len(inside) + 1 :]
            if member.startswith(f"{inside}/") and _travels(
                relative, member, members, package, policy
            ):
                yield f"{stem}/{relative}", os.path.join(path, *relative.split("/")), member


def _travels(
    relative: str, member: str, members: dict[str, None], package: LocalPackage, policy: Policy
) -> bool:
    parts = relative.split("/")
    if "\\" in relative or any(each[:1] == "." or each in ("", "__pycache__") for each in parts):
        return False
    if relative.endswith((".pyc", ".pyo")) and member[:-1] in members:
        return False
    return not any(policy.leaves_out(package.name, each) for each in prefixes(relative, "/"))
