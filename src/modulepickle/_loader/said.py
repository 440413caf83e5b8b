"""What the sender said of modules that are missing here, behind Python's own words (R15).

A shipped text of the loader, and a part of its `Snapshot`.
"""

from modulepickle._loader.whose import cached, is_there


class Said:
    """The errors of imports that worked on the sender."""

    def why_not(self, name):
        """What to add to an error: by what the sender left out a module of this package."""
        said = str(self.requirements.get(name, ""))
        return f" (the sender {said})" if said.startswith("left it out ") else ""

    @cached
    def has_parts(self):
        """Whether the sender said something of parts of namespace packages."""
        return any("." in name for name in self.requirements)

    def check_children(self, package, full, names):
        """Raise for children that a namespace package had on the sender, and does not have here.

        The interpreter would raise the same, without what there is to say of it.
        """
        for name in names or () if self.has_parts else ():
            said = self.requirements.get(f"{full}.{name}")
            if (
                isinstance(said, str)
                and not said.startswith("left ")
                and not hasattr(package, name)
            ):
                error = cannot_import(package, full, name, "")
                self.add_said(error, said, full)
                raise error

    def explain(self, error, names, who):
        """Add to an error what there is to say of an import that worked on the sender (R15).

        Args:
            names: the dotted names that were imported; of those that are missing by `error`, the
            longest part that the sender said something of counts.
        """
        for name in names if error.name else ():
            if not f"{name}.".startswith(f"{error.name}."):
                continue
            while name and name not in self.requirements:
                name = name.rpartition(".")[0]
            said = self.requirements.get(name)
            if isinstance(said, str) and said not in error.msg:
                self.add_said(error, said, who)
                return

    def add_said(self, error, said, who):
        wanted = {}
        for home in [self, *filter(None, self.paths.values())]:
            for top, requirement in home.requirements.items():
                if isinstance(requirement, str) and not home.why_not(top) and not is_there(top):
                    wanted[requirement.replace(" ", "==")] = None
        all_missing = " ".join(sorted(wanted))
        error.msg += f" ({who} imports it; the sender had {said}; missing here: {all_missing})"
        error.args = (error.msg,)  # PyPy shows these


def cannot_import(package, full, name, why):
    """The error of `from full import name`, as the interpreter has it, and why."""
    file = getattr(package, "__file__", None)
    message = f"cannot import name {name!r} from {full!r} ({file or 'unknown location'})"
    return ImportError(message + why, name=full, path=file)
