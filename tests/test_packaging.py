"""What is said of the package beside pyproject.toml is what pyproject.toml says."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from mixtura import __version__

ROOT = Path(__file__).parent.parent
RECIPE = ROOT / "packaging" / "recipe.yaml"
# What conda calls otherwise.
CALLED = {"matplotlib": "matplotlib-base"}


def test_types_are_seen_by_users() -> None:
    assert files("mixtura").joinpath("py.typed").is_file()


@pytest.mark.skipif(not RECIPE.exists(), reason="it reads the recipe")
def test_the_recipe_needs_what_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    expected = {f"python {project['requires-python']}"}
    for each in asked:
        name, version = re.fullmatch(r"([\w-]+)(>=.*)", each).groups()  # type: ignore[union-attr]
        expected.add(f"{CALLED.get(name, name)} {version}")
    text = RECIPE.read_text("utf-8")
    run = text[text.index("  run:") : text.index("\ntests:")]
    assert set(re.findall(r"- (.*)", run)) == expected
    assert f'version: "{__version__}"' in text
