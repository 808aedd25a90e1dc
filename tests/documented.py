"""What the documentation's pages say: their blocks of code, and the commands in them."""

import argparse
import functools
import importlib.util
import itertools
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.config import Config

from ktg_mm.command import commands as tools

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    str(path.relative_to(REPOSITORY))
    for pattern in ('README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'configs/*/README.md')
    for path in sorted(REPOSITORY.glob(pattern))
    if not {'_build', 'reference'} & set(path.parts)
]
# Configs that a reader makes: each by tools/export_graph.py, out of a search, and what its graph is laid over.
MADE = {
    **{f'configs/{name}.py': None for name in ('ktg/found', 'ktg/first', 'ktg/second', 'ktg/third', 'semi/found')},
    **{
        f'configs/ktg/found_{space}{size}node.py': f'configs/dml/dml_{size}node_cifar100.py'
        for space, sizes in {
            '': (5, 6, 7),
            **dict.fromkeys(('sine_', 'cifar10_', 'tiny_imagenet_'), (2, 3, 4, 5, 6)),
            **dict.fromkeys(('through_', 'through_cutoff_', 'through_cutoff_correct_'), (3,)),
        }.items()
        for size in sizes
    },
}
BLOCK = re.compile(r'^(?:<!-- (not run|file|over|run)(?:: (.+?))? -->\n\n?)?```(\w+)\n(.*?)^```$', flags=re.M | re.S)

HEADER = ['row', 'published', 'command', 'measured']  # of the tables of docs/reproduction


@dataclass
class Block:
    """A block of a page.

    Args:
        kind: What the comment before it says, or ''.
        about: What follows the colon there.
        language: As in the page.
        text: What stands in it.
    """

    kind: str
    about: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    found = [Block(*groups) for groups in BLOCK.findall((REPOSITORY / page).read_text())]
    return [block for block in found if block.language in ('python', 'shell') and block.kind != 'not run']


def as_a_script(words: list[str]) -> list[str]:
    """``ktg train ...`` as ``python tools/train.py ...``."""
    if words[0] != 'ktg':
        return words
    return ['python', str(tools()[words[1]].relative_to(REPOSITORY)), *words[2:]]


@functools.cache
def main_of(tool: str) -> Callable[[], None]:
    """A tool's main function."""
    path = REPOSITORY / tool
    spec = importlib.util.spec_from_file_location(f'documented_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # as that of a script
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module.main


def commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command of a script, without its assignments, with braces and variables expanded."""
    text = re.sub(r'(^|\s)#[^\n]*', r'\1', re.sub(r'\\\n\s*', ' ', text), flags=re.M)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=';&|\n')
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ' \t', True, ''
    variables: dict[str, str] = {}
    for is_end, words in itertools.groupby(lexer, key=lambda word: set(word) <= set(';&|\n')):
        words = list(words)
        words = words[words[0] == 'do' :]
        if words[:1] == ['for']:
            variables[words[1]] = words[3]
        if is_end or words[:1] in (['for'], ['done']):
            continue
        words = [re.sub(r'\$(\w+)', lambda match: variables.get(match[1], match[0]), word) for word in words]
        while words and (assigned := re.fullmatch(r'(\w+)=(.*)', words[0])):
            variables[assigned[1]] = assigned[2]
            words = words[1:]
        if words:
            words[0] = re.sub(r'^\.venv/bin/', '', words[0])
            yield list(itertools.chain.from_iterable(map(expand, words)))


def expand(word: str) -> list[str]:
    """What a shell makes of braces."""
    match = re.search(r'\{([^{}]*,[^{}]*)\}', word)
    if not match:
        return [word]
    before, after = word[: match.start()], word[match.end() :]
    return [one for option in match[1].split(',') for one in expand(before + option + after)]


class Parsed(BaseException):
    """A command line has been read; past what a tool catches."""


def only_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes tools stop when they have read their command line."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, *args: object, **kwargs: object) -> None:
        raise Parsed(parse(parser, *args, **kwargs))

    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', parsed)


def name_checkpoints(text: str) -> None:
    """Gives the checkpoint of a shortened run also the names of those that a text speaks of."""
    for folder, kind, number in set(re.findall(r'\b(work_dirs/[\w+/.?*\[\]]+)/(epoch|iter)_(\d+)\.pth', text)):
        for trained in Path().glob(f'{folder}/{kind}_1.pth'):
            if not trained.with_name(named := f'{kind}_{number}.pth').exists():
                for path in [trained, *trained.parent.glob(f'{trained.name}.*')]:
                    shutil.copy(path, path.with_name(path.name.replace(trained.name, named)))


def inline_commands(page: str) -> Iterator[list[str]]:
    """The commands of tables and sentences that name a file."""
    text = re.sub(r'^```\w*\n.*?^```$', '', (REPOSITORY / page).read_text(), flags=re.M | re.S)
    for command in re.findall(r'`((?:python tools/|tools/|ktg )[^`]+)`', text):
        if re.search(r'\.(py|json) .*\.(py|json)\b|^ktg .*\.py', command):
            yield from commands(
                command if not command.startswith('tools/') or '.sh' in command else f'python {command}'
            )


def configs_of(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Each config that a command names, with its overlays: those of the first one, or what it is joined to by ``+``.

    One that a reader makes is what its graph is laid over.
    """
    named = [word for word in words if re.match(r'configs/\S+\.py', word)]
    overlays = (
        list(itertools.takewhile(named.__contains__, words[words.index('--with') + 1 :])) if '--with' in words else []
    )
    for number, word in enumerate(word for word in named if word not in overlays or '+' in word):
        path, *own = word.split('+')
        if path := MADE.get(path, path):
            yield (path, *own, *([] if number else overlays))


def small_pictures(config: Config) -> dict[str, Any]:
    """Options by which a config's photographs are a quarter as wide."""
    options: dict[str, Any] = {}
    for kind in ('train', 'val', 'test'):
        dataset = (config.get(f'{kind}_dataloader') or {}).get('dataset') or {}
        if dataset.get('type') != 'ImageNet':  # whose configs know the size of the last map
            for i, step in enumerate(dataset.get('pipeline') or ()):
                for key in ('scale', 'crop_size'):
                    if isinstance(step.get(key), int) and step[key] > 100:
                        options[f'{kind}_dataloader.dataset.pipeline.{i}.{key}'] = step[key] // 4
    return options


class Row(NamedTuple):
    """A row of a page of docs/reproduction, under its heading."""

    table: str
    name: str
    published: str
    command: str
    measured: str

    @property
    def commands(self) -> list[str]:
        return re.findall(r'`([^`]+)`', self.command)


def rows(page: str) -> Iterator[Row]:
    """The rows of a page, such as ``'reproduction/ktg.md'``."""
    table, header = '', None
    for line in (REPOSITORY / 'docs' / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')] if line.startswith('|') else None
        if line.startswith('## '):
            table = line.removeprefix('## ')
        if cells is None:
            header = None
        elif header is None:
            header = cells
        elif header == HEADER and not set(line) <= set('|- '):  # below the line of dashes
            assert len(cells) == len(HEADER), line
            yield Row(table, *cells)
