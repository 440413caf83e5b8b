"""R17: the metadata of the user's own distribution, by `importlib.metadata`."""

from fidelity.case import case

case(
    "r17_own_version_by_an_egg_info",
    "pkg.f",
    """
    === setup.py
    === my_dist.egg-info/PKG-INFO
    Metadata-Version: 2.1
    Name: my-dist
    Version: 1.2.@V@
    === pkg/__init__.py
    from importlib import metadata
    __version__ = metadata.version("my-dist")
    def f():
        return __version__
    """,
)
case(
    "r17_own_entry_points_by_an_egg_info",
    "eps.f",
    """
    === setup.py
    === my_dist.egg-info/PKG-INFO
    Metadata-Version: 2.1
    Name: my-dist
    Version: 1.2.@V@
    === my_dist.egg-info/entry_points.txt
    [my.plugins]
    one = plug:one
    === eps.py
    from importlib import metadata
    def f():
        found = metadata.entry_points()
        if hasattr(found, "select"):
            found = found.select(group="my.plugins")
        else:  # Python 3.9
            found = found["my.plugins"]
        return [each.load()() for each in found]
    === plug.py
    def one():
        return @V@
    """,
    script="import eps, plug",
)
