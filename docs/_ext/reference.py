"""Pages about every class that a config can name, written out of the classes before Sphinx reads its sources."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import gate_curves
import mmpretrain.registry
import published
from mmengine.registry import Registry

import ktg_mm
import ktg_mm.apis
import ktg_mm.registry

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What a page is about: its title, the key of a config that names such a class, and a sentence. A kind of class that has
# no entry gets the registry's own name as its title.
PAGES = {
    'node': ('Nodes', 'model.nodes.NAME', 'Networks, and what is made of several of them.'),
    'edge loss': ('Losses', 'loss', 'What an edge minimises, sample by sample.'),
    'gate': ('Gates', 'gate', "How much of an edge's loss passes, sample by sample."),
    'alignment': ('Alignments', 'align', "How a source's probabilities are aligned before losses and gate see them."),
    'made view': ('Made views', 'model.views.NAME', 'Views of the images that a graph makes itself.'),
    'update': ('Updates', 'model.update', "How the edges' losses become steps of optimisers."),
    'model': ('Models', 'model', 'The graph itself, backbones, and what prepares batches.'),
    'dataset': ('Data sets', 'train_dataloader.dataset', 'What mmpretrain has not, or reads in another way.'),
    'transform': ('Transforms', 'train_dataloader.dataset.pipeline[]', 'Steps of a data pipeline.'),
    'data sampler': ('Samplers of batches', 'train_dataloader.sampler', 'Which samples make a batch.'),
    'metric': ('Metrics', 'val_evaluator', 'What is measured of every node.'),
    'hook': ('Hooks', 'custom_hooks[]', 'What the Runner does around the graph; it adds those that a graph needs.'),
    'sampler': ('Samplers of graphs', 'search.sampler', 'Who draws the graphs of a search.'),
}
PAPER = re.compile(
    r'\b[A-Z][\w-]+(?: et al\.| and [A-Z][\w-]+)?,(?: [^,.();]+,)? [^.,();]*?(?:19|20)\d\d\b|[Dd]ocument 00\d|[Tt]hesis'
)


def setup(app: 'Sphinx') -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect('builder-inited', lambda app: write(Path(app.srcdir) / 'reference'))
    return dict(parallel_read_safe=True)


def write(folder: Path) -> None:
    """Writes all pages.

    Args:
        folder: Where to; what differs there is replaced, what no class has any more is removed.
    """
    pages = dict(page(registry, classes) for registry, classes in kinds())
    index = ['Reference', '=========', '', 'Every class that a config can name, out of its docstring.', '']
    index += ['.. toctree::', '   :maxdepth: 1', '', *(f'   {name}' for name in pages), '']
    files = {f'{name}.rst': text for name, text in pages.items()}
    files |= {'index.rst': '\n'.join(index), '_functions.txt': functions(), '_published.md': published.tables()}
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.suffix != '.svg' and path.name not in files:
            path.unlink()
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text() != text:  # else Sphinx would read it anew
            (folder / name).write_text(text)
    gate_curves.draw_all(folder)


def kinds() -> list[tuple[Registry, list[type]]]:
    """Each registry that holds classes of ktg_mm, and these: graphs' own registries first."""
    for module in pkgutil.walk_packages(ktg_mm.__path__, 'ktg_mm.'):
        importlib.import_module(module.name)
    known = [value for module in (ktg_mm.registry, mmpretrain.registry) for value in vars(module).values()]
    registries = {id(one): one for one in known if isinstance(one, Registry)}.values()
    order = [*PAGES]
    found = [(one, own(one.module_dict.values())) for one in registries]
    return sorted(
        [(registry, classes) for registry, classes in found if classes],
        key=lambda entry: order.index(entry[0].name) if entry[0].name in order else len(order),
    )


def own(classes: Iterable[type]) -> list[type]:
    """Those of ktg_mm, by name; a function may stand for a class."""
    mine = {one for one in classes if one.__module__.startswith('ktg_mm.')}
    return sorted(mine, key=lambda one: one.__name__.lower())


def page(registry: Registry, classes: list[type]) -> tuple[str, str]:
    """A page's file name and text: a table of its classes, and then each class."""
    plain = registry.name.replace('_', ' ')
    title, key, sentence = PAGES.get(registry.name, (plain.capitalize() + 's', '', ''))
    lines = [title, '=' * len(title), '', sentence, '']
    lines += ['.. list-table::', '   :header-rows: 1', '   :widths: 25 55 20', '']
    lines += ['   * - type', '     - what', '     - paper']
    for one in classes:
        lines += [f'   * - :py:obj:`{type_of(one, registry)} <{place(one)}>`']
        lines += [f'     - {first_sentence(one)}', f'     - {papers(one)}']
    for one in classes:
        lines += ['', type_of(one, registry), '-' * len(type_of(one, registry)), '']
        lines += [f'In a config, ``{key}``:' if key else 'In a config:', '', '.. code-block:: python', '']
        lines += [f'   {config_line(one, registry)}', '']
        if registry is ktg_mm.registry.GATES:
            lines += [f'.. image:: {one.__name__}.svg', f'   :alt: Weight of {one.__name__} over a run', '']
        lines += [f'.. auto{"class" if inspect.isclass(one) else "function"}:: {place(one)}', '']
    if registry is ktg_mm.registry.GATES:
        lines[4:4] = [gate_curves.CAPTION, '']
    return title.lower().replace(' ', '_'), '\n'.join(lines) + '\n'


def place(one: type) -> str:
    """A class's full name."""
    return f'{one.__module__}.{one.__qualname__}'


def type_of(one: type, registry: Registry) -> str:
    """What a config calls a class."""
    return next(name for name, known in registry.module_dict.items() if known is one)


def first_sentence(one: type) -> str:
    """What the docstring begins with, up to the end of its first paragraph's first sentence."""
    paragraph = ' '.join(inspect.getdoc(one).split('\n\n')[0].split())
    return re.split(r'(?<=[a-z0-9)\]`])\. (?=[A-Z])', paragraph)[0].rstrip('.:')


def papers(one: type) -> str:
    """The sources that the docstring names."""
    return '; '.join(dict.fromkeys(PAPER.findall(' '.join(inspect.getdoc(one).split()))))


def config_line(one: type, registry: Registry) -> str:
    """The dict that builds a class: what must be given as ``...``, all else with its default."""
    parameters = inspect.signature(one).parameters.values()
    given = [
        f'{parameter.name}={"..." if parameter.default is parameter.empty else repr(parameter.default)}'
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    return f'dict({", ".join([f"type={type_of(one, registry)!r}", *given])})'


def functions() -> str:
    """All that ``ktg_mm.apis`` offers, for autodoc."""
    lines = []
    for name in getattr(ktg_mm.apis, '__all__', None) or sorted(dir(ktg_mm.apis)):
        value = getattr(ktg_mm.apis, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            kind = 'autofunction' if inspect.isfunction(value) else 'autoclass'
            lines += [f'.. {kind}:: ktg_mm.apis.{name}', *(['   :members:'] if kind == 'autoclass' else []), '']
    return '\n'.join(lines)
