"""Sphinx's settings for the site: ``sphinx-build -W --keep-going docs docs/_build/html``."""

import posixpath
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path[:0] = [str(Path(__file__).parent / '_ext'), str(Path(__file__).parents[1])]

import ktg_mm  # noqa: E402  of this folder's repository

project = 'ktg_mm'
author = 'The ktg_mm authors'
release = ktg_mm.__version__

extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx_copybutton', 'reference']
exclude_patterns = ['_build', 'reference/_*', 'search.md']
html_theme = 'furo'
html_title = f'ktg_mm {release}'
html_show_sourcelink = False
html_static_path = ['_static']
html_css_files = ['tables.css']

nb_execution_mode = 'off'  # a test runs the notebook; the page shows what is stored
myst_heading_anchors = 3  # '#a-heading' as on GitHub

toc_object_entries = False  # each class has a heading
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_member_order = 'bysource'
autodoc_preserve_defaults = True

# Files that are pages of the site under another name: those outside of docs/, and one whose page Sphinx would overwrite
# with its own for searching. The page has nothing but an include.
PAGES = {
    '../CONTRIBUTING.md': 'contributing.md',
    '../CHANGELOG.md': 'changelog.md',
    '../SECURITY.md': 'security.md',
    'search.md': 'searching.md',
}


def read_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Puts in what a page includes; links to files that have another name on the site lead to their pages."""
    folder = posixpath.dirname(page)
    if included := re.fullmatch(r'```\{include\} (\S+)\n```\n', source[0]):
        path = Path(app.srcdir, included[1])
        app.env.note_dependency(path)
        source[0], folder = path.read_text(), posixpath.dirname(included[1])

    def on_the_site(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        return f']({posixpath.relpath(PAGES.get(target, target), posixpath.dirname(page) or ".")}'

    source[0] = re.sub(r'\]\(((?![a-z]+:)[^#()\s]+)(?=[#)])', on_the_site, source[0])


def no_arguments(app: Sphinx, what: str, *rest: object) -> tuple | None:
    """A class without arguments of its own has none, not those of ``torch.nn.Module``."""
    *_, signature, result = rest
    return ('()', result) if what == 'class' and signature == '(*args, **kwargs)' else None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect('source-read', read_page)
    app.connect('autodoc-process-signature', no_arguments)
