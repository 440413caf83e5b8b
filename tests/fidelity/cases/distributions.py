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
    since=(3, 10),
)

_SETUPTOOLS = """
    === setup.py
    === env/site-packages/my_dist-1.2.@V@.dist-info/METADATA
    Metadata-Version: 2.1
    Name: my-dist
    Version: 1.2.@V@
    Summary: What it is.
    Requires-Dist: attrs>=20
    Requires-Dist: click; extra == "cli"
    Provides-Extra: cli
    === env/site-packages/my_dist-1.2.@V@.dist-info/RECORD
    my_dist-1.2.@V@.dist-info/METADATA,,
    @PTH@,,
    === env/site-packages/my_dist-1.2.@V@.dist-info/INSTALLER
    pip
    === env/site-packages/my_dist-1.2.@V@.dist-info/direct_url.json
    {"dir_info": {"editable": true}, "url": "file://@ROOT@"}
    === env/site-packages/my_dist-1.2.@V@.dist-info/entry_points.txt
    [console_scripts]
    tool = pkg.cli:main

    [my.plugins]
    one = pkg.plugins:one
    two = pkg.plugins:Two.make
    === env/site-packages/@PTH@
    @ROOT@/src
    """
_BUILDERS = {
    "setuptools": ("__editable__.my_dist-1.2.pth", "src"),
    "hatchling": ("_my_dist.pth", "src"),
    "flit": ("my_dist.pth", "src"),
    "poetry": ("my_dist.pth", "src"),
}
_CODE = """
    === src/pkg/__init__.py
    from importlib import metadata
    __version__ = metadata.version("my-dist")
    def f():
        return __version__
    def g():
        meta = metadata.metadata("my_dist")
        found = metadata.entry_points()
        if hasattr(found, "select"):
            found = found.select(group="my.plugins")
        else:  # Python 3.9
            found = found["my.plugins"]
        points = [(each.name, each.value, each.load()()) for each in found]
        return meta["Name"], meta["Summary"], metadata.requires("my-dist"), points, __version__
    def h():
        try:
            return metadata.version("missing-dist-@V@")
        except metadata.PackageNotFoundError as error:
            return str(error), error.name, metadata.distribution("my_dist").version
    === src/pkg/plugins.py
    def one():
        return "one@V@"
    class Two:
        @classmethod
        def make(cls):
            return cls.__name__, @V@
    """
for _builder, (_pth, _src) in _BUILDERS.items():
    case(
        f"r17_own_version_of_an_editable_install_of_{_builder}",
        "pkg.f",
        _SETUPTOOLS.replace("@PTH@", _pth) + _CODE,
        paths=("src", "env/site-packages"),
    )
for _call, _what in {
    "g": "metadata_and_entry_points",
    "h": "distribution_that_is_not_there",
}.items():
    case(
        f"r17_own_{_what}",
        f"pkg.{_call}",
        _SETUPTOOLS.replace("@PTH@", "x.pth") + _CODE,
        paths=("src", "env/site-packages"),
        since=(3, 10) if _call == "g" else (3, 9),  # 3.9 lists some twice: a line of Limits
    )
case(
    "r17_own_version_by_a_dist_info_in_the_tree",
    "one.f",
    """
    === pyproject.toml
    === my_dist-1.2.dist-info/METADATA
    Metadata-Version: 2.1
    Name: my-dist
    Version: 1.2.@V@
    === my_dist-1.2.dist-info/top_level.txt
    one
    two
    === one/__init__.py
    from importlib.metadata import version
    import two
    V = version("my-dist")
    def f():
        return V, two.V
    === two.py
    import importlib.metadata
    V = importlib.metadata.version("my-dist")
    """,
)
