"""How Sphinx builds these pages: offline, and for reading offline."""

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml import converter
from sphinx.application import Sphinx

from mixtura import __version__

sys.path.insert(0, str(Path(__file__).parent))
from pictures import draw

project = "mixtura"
version = release = __version__
author = "the mixtura authors"
project_copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "code"
# Quotes and ellipses, and no dashes: options begin with two of them.
smartquotes_action = "qe"
napoleon_google_docstring = False
# What stands after a colon is a shape or words, no type to be looked up.
napoleon_preprocess_types = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_default_options = {"exclude-members": "__init__"}

html_theme = "furo"
html_title = f"mixtura {__version__}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["formulas.css"]
html_math_renderer = "mathml"


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(converter.convert(node.astext()))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    formula = converter.convert(node.astext(), display="block")
    writer.body.append(f'<div class="formula">{formula}</div>\n')
    raise nodes.SkipNode


def _bars(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Keep |x| in docstrings an absolute value."""
    lines[:] = [line.replace("|", r"\|") for line in lines]


def _plain(app: Sphinx, context: Any, lines: list[str]) -> None:
    """Keep stars of the command's help as they are, beside directives."""
    for place, line in enumerate(lines):
        if not line.lstrip().startswith((".. ", ":")):
            lines[place] = line.replace("*", r"\*")


def setup(app: Sphinx) -> None:
    """Draw pictures, and write formulas as MathML, which browsers show without foreign scripts."""
    draw()
    app.connect("autodoc-process-docstring", _bars)
    for part in ("description", "options", "arguments"):
        app.connect(f"sphinx-click-process-{part}", _plain)
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
