"""A function that uses somebody's project, shipped with it, gives what it gives at home."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import pytest

from receivers import interpreters, project, receive, run, send

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Real:
    pins: tuple[str, ...]
    absent: tuple[str, ...]
    "Top-level names that must be in the pickle, since the receiver has none of them."
    tree: str
    "The user's own files, among them `driver.py` with the function `f() -> plain data`."


PROJECTS: Final[dict[str, Real]] = {}

PROJECTS["networkx"] = Real(
    pins=("networkx==3.2.1",),
    absent=("networkx",),
    tree="""
        === driver.py
        import networkx as nx


        def f():
            from networkx.algorithms import community, isomorphism

            club = nx.karate_club_graph()
            between = nx.betweenness_centrality(club)
            parts = community.greedy_modularity_communities(club)
            tree = nx.minimum_spanning_tree(nx.grid_2d_graph(4, 4))
            pipes = nx.DiGraph()
            pipes.add_weighted_edges_from(
                [("s", "a", 3), ("s", "b", 2), ("a", "b", 1), ("a", "t", 2), ("b", "t", 4)],
                weight="capacity",
            )
            petersen = nx.petersen_graph()
            same = isomorphism.GraphMatcher(petersen, nx.relabel_nodes(petersen, lambda n: 9 - n))
            return {
                "path": nx.shortest_path(club, 16, 26),
                "between": {node: round(value, 9) for node, value in between.items()},
                "parts": sorted(sorted(part) for part in parts),
                "tree": (tree.number_of_nodes(), tree.number_of_edges(), nx.is_tree(tree)),
                "flow": nx.maximum_flow_value(pipes, "s", "t"),
                "same": same.is_isomorphic(),
                "graphml": len("".join(nx.generate_graphml(club))),
            }
    """,
)

PROJECTS["sympy"] = Real(
    pins=("sympy==1.14.0", "mpmath==1.3.0"),
    absent=("sympy", "mpmath"),
    tree="""
        === driver.py
        def f():
            import sympy
            from sympy.abc import n, x

            matrix = sympy.Matrix([[2, 1, 0], [1, 2, 1], [0, 1, 2]])
            return {
                "integral": str(sympy.integrate(sympy.exp(-(x**2)) * x**2, (x, 0, sympy.oo))),
                "roots": sorted(map(str, sympy.solve(x**4 - 5 * x**2 + 4, x))),
                "series": str(sympy.series(sympy.tan(x), x, 0, 8)),
                "eigen": sorted(map(str, matrix.eigenvals())),
                "sum": str(sympy.summation(1 / n**2, (n, 1, sympy.oo))),
                "latex": sympy.latex(sympy.Derivative(sympy.sin(x) / x, x)),
                "pi": str(sympy.N(sympy.pi, 50)),
                "fast": round(sympy.lambdify(x, sympy.sin(x) + x**2, "math")(2.0), 12),
            }
    """,
)

PROJECTS["sqlglot"] = Real(
    pins=("sqlglot==26.33.0",),
    absent=("sqlglot",),
    tree="""
        === driver.py
        import sqlglot

        QUERY = (
            "SELECT u.name, SUM(o.price) AS total "
            "FROM users AS u JOIN orders AS o ON u.id = o.user_id "
            "WHERE o.price > 1 + 1 GROUP BY u.name ORDER BY total DESC LIMIT 3"
        )
        SCHEMA = {
            "users": {"id": "INT", "name": "VARCHAR"},
            "orders": {"user_id": "INT", "price": "INT"},
        }


        def f():
            from sqlglot import diff, exp
            from sqlglot.executor import execute
            from sqlglot.optimizer import optimize

            tables = {
                "users": [{"id": 1, "name": "ann"}, {"id": 2, "name": "bob"}],
                "orders": [{"user_id": 1 + n % 2, "price": 5 + 2 * n} for n in range(3)],
            }
            before, after = sqlglot.parse_one("SELECT a + b"), sqlglot.parse_one("SELECT a - c")
            return {
                "dialects": [
                    sqlglot.transpile("SELECT EPOCH_MS(161), x::TEXT", read="duckdb", write=to)
                    for to in ("hive", "bigquery", "snowflake", "mysql", "tsql")
                ],
                "optimized": optimize(QUERY, schema=SCHEMA).sql(pretty=True),
                "rows": execute(QUERY, tables=tables).rows,
                "columns": sorted(c.name for c in sqlglot.parse_one(QUERY).find_all(exp.Column)),
                "edits": sorted(type(edit).__name__ for edit in diff(before, after)),
            }
    """,
)

PROJECTS["rich"] = Real(
    pins=("rich==14.0.0", "markdown-it-py==3.0.0", "mdurl==0.1.2", "pygments==2.19.2"),
    absent=("rich", "markdown_it", "mdurl", "pygments"),
    tree="""
        === driver.py
        import io

        MARKDOWN = '''
        # Title
        A [link](https://example.org/a%20b) and `code`:

        1. one
        2. **two**
        '''
        CODE = '''
        def greet(name: str = "you") -> str:
            return f"hello {name}"  # a comment
        '''


        def f():
            from rich.console import Console, Group
            from rich.markdown import Markdown
            from rich.syntax import Syntax
            from rich.table import Table
            from rich.tree import Tree

            table = Table(title="Prices")
            table.add_column("what", style="cyan")
            table.add_column("how much", justify="right")
            table.add_row("apples", "[bold]3[/bold]")
            table.add_row("\\u68a8 pears", "4")
            tree = Tree("root")
            tree.add("leaf").add(":leaf_fluttering_in_wind: deeper")
            out = io.StringIO()
            console = Console(
                file=out, width=60, force_terminal=True, color_system="truecolor", _environ={}
            )
            # No hyperlinks: they get a random id.
            text = Markdown(MARKDOWN.replace("        ", ""), hyperlinks=False)
            python = Syntax(CODE, "python", line_numbers=True)
            toml = Syntax("[a]\\nb = 1", "toml", theme="vim")
            console.print(Group(table, tree, text, python, toml))
            return out.getvalue()
    """,
)

PROJECTS["jinja2"] = Real(
    pins=("jinja2==3.1.6", "markupsafe==3.0.2"),
    absent=("jinja2", "markupsafe", "pages"),
    tree="""
        === pages/__init__.py
        === pages/filters.py
        def shout(text):
            return text.upper() + "!"
        === pages/templates/base.html
        <title>{% block title %}base{% endblock %}</title>{% block body %}{% endblock %}
        === pages/templates/list.html
        {% extends "base.html" %}
        {% from "macros.html" import item %}
        {% block title %}{{ super() }}: list{% endblock %}
        {% block body %}{% for x in items %}{{ item(x, loop.index) }}{% endfor %}{% endblock %}
        === pages/templates/macros.html
        {% macro item(x, n) %}<li id="{{ n }}">{{ x | shout }}</li>{% endmacro %}
        === driver.py
        import jinja2
        import markupsafe
        import pages


        def f():
            from jinja2.sandbox import SandboxedEnvironment
            from pages.filters import shout

            files = jinja2.Environment(loader=jinja2.PackageLoader(pages.__name__), autoescape=True)
            files.filters["shout"] = shout
            texts = SandboxedEnvironment(
                loader=jinja2.DictLoader(
                    {
                        "base": "<{% block inner required %}{% endblock %}>",
                        "child": "{% extends 'base' %}{% block inner %}{{ n|sum }}{{ n.__class__ }}"
                        "{% endblock %}",
                    }
                )
            )
            items = ["a & b", markupsafe.Markup("<c>")]
            return {
                "page": files.get_template("list.html").render(items=items),
                "sandbox": texts.get_template("child").render(n=[1, 2, 3]),
                # The C extension where the wheel has one, which then has to travel as well.
                "escape": type(markupsafe._escape_inner).__name__,
            }
    """,
)

PROJECTS["django"] = Real(
    pins=("django==4.2.23", "asgiref==3.6.0", "sqlparse==0.5.3"),
    absent=("django", "asgiref", "sqlparse", "shop"),
    tree="""
        === shop/__init__.py
        === shop/models.py
        from django.db import models


        class Maker(models.Model):
            name = models.CharField(max_length=30, unique=True)


        class Product(models.Model):
            maker = models.ForeignKey(Maker, on_delete=models.CASCADE, related_name="products")
            name = models.CharField(max_length=30)
            price = models.DecimalField(max_digits=6, decimal_places=2)
        === shop/forms.py
        from django import forms

        from . import models


        class ProductForm(forms.ModelForm):
            class Meta:
                model = models.Product
                fields = ["maker", "name", "price"]
        === shop/templates/shop/list.html
        {% load humanize %}
        {% for maker in makers %}{{ maker.name|title }}:
        {% for p in maker.products.all %}
        {{ p.name }} {{ p.price|floatformat:1 }} {{ 1234567|intcomma }};
        {% empty %}nothing{% endfor %}{% endfor %}
        === driver.py
        TEMPLATES = "django.template.backends.django.DjangoTemplates"


        def f():
            import django
            from django.conf import settings

            settings.configure(
                INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.humanize", "shop"],
                DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
                TEMPLATES=[{"BACKEND": TEMPLATES, "APP_DIRS": True}],
                DEFAULT_AUTO_FIELD="django.db.models.AutoField",
                USE_I18N=True,
                USE_TZ=True,
            )
            django.setup()
            return orm()


        def orm():
            from django.core.management import call_command
            from django.db.models import Count, Sum
            from django.template.loader import render_to_string
            from django.utils import translation

            from shop.forms import ProductForm
            from shop.models import Maker, Product

            call_command("migrate", run_syncdb=True, verbosity=0)
            acme = Maker.objects.create(name="acme")
            Maker.objects.create(name="none & co")
            forms = [
                ProductForm({"maker": acme.pk, "name": name, "price": price})
                for name, price in [("anvil", "12.50"), ("rocket", "999.99"), ("", "free")]
            ]
            saved = [form.save().name for form in forms if form.is_valid()]
            with translation.override("de"):
                errors = {field: list(map(str, found)) for field, found in forms[2].errors.items()}
            page = render_to_string("shop/list.html", {"makers": Maker.objects.order_by("name")})
            totals = Maker.objects.annotate(n=Count("products"), sum=Sum("products__price"))
            return {
                "saved": saved,
                "errors": errors,
                "totals": [(m.name, m.n, str(m.sum)) for m in totals.order_by("name")],
                "page": page.encode().decode(),  # plain, and no SafeString of Django's
                "sql": str(Product.objects.filter(maker__name__startswith="a").query),
            }
    """,
)

PROJECTS["toolz"] = Real(
    pins=("toolz==1.0.0",),
    absent=("toolz",),
    tree="""
        === driver.py
        from toolz import curried

        TEXT = "the quick brown fox jumps over the lazy dog and the other fox"


        @curried.curry
        def longer(length, word):
            return len(word) > length


        def f():
            from toolz.curried import operator
            from toolz.sandbox import unzip

            words = curried.pipe(TEXT, str.split, curried.filter(longer(3)), curried.frequencies)
            names, counts = unzip(sorted(words.items()))
            return {
                "words": (list(names), list(counts)),
                "groups": curried.groupby(len, TEXT.split()),
                "added": list(curried.map(operator.add(2), [1, 2])),
                "deep": curried.update_in({"a": {"b": 1}}, ["a", "b"], operator.mul(10)),
                "window": list(curried.sliding_window(2, range(4))),
            }
    """,
)

PROJECTS["attrs"] = Real(
    pins=("attrs==25.3.0",),
    absent=("attr", "attrs"),
    tree="""
        === driver.py
        import attrs
        from attrs import validators


        @attrs.define(order=True)
        class Point:
            x: int = attrs.field(converter=int, validator=validators.ge(0))
            y: int = 0
            tags: list = attrs.Factory(list)


        @attrs.frozen(kw_only=True)
        class Line:
            ends: "list[Point]"

            @property
            def length(self):
                (a, b) = self.ends
                return abs(a.x - b.x) + abs(a.y - b.y)


        def f():
            line = Line(ends=[Point("3", 4), Point(0)])
            attrs.resolve_types(Line, globals())
            try:
                error = Point(-1)
            except ValueError as problem:
                error = str(problem)
            return {
                "length": line.length,
                "sorted": [repr(point) for point in sorted(line.ends)],
                "error": error,
                "dict": attrs.asdict(attrs.evolve(line, ends=[Point(1, 2, ["t"])])),
                "types": str(attrs.fields(Line).ends.type),
            }
    """,
)


@pytest.fixture
def tree(request, working_tree):
    """The working tree of the project that the test names."""
    real = PROJECTS[request.node.callspec.params["name"]]
    return project(working_tree(real.pins), real.tree)


def at_home(tree):
    """Return what the function gives in the working tree itself."""
    found = run(tree, "import driver; result = driver.f()", script="home.py").result
    assert found
    return found


def far_away(tree, name, python):
    """Return what it gives on a bare receiver."""
    data = send(tree, "from driver import f as obj")
    absent = [*PROJECTS[name].absent, "driver"]
    return receive(data, "result = obj()", python=python, absent=absent).result


RUNNING: Final = "{}.{}".format(*sys.version_info)
OTHERS: Final = [version for version in ("3.9", "3.10", "3.13") if version != RUNNING]


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_travels(name, tree):
    assert far_away(tree, name, sys.executable) == at_home(tree)


@pytest.mark.parametrize("python", interpreters(OTHERS))
@pytest.mark.parametrize("name", ["networkx", "sympy", "sqlglot"])
def test_a_project_travels_to_another_python(name, tree, python):
    assert far_away(tree, name, python) == at_home(tree)
