"""Every block of code in the documentation: run, loaded or parsed, or marked as not run and why.

A comment before a block says what it is:

- ``<!-- not run: WHY -->``: nothing is done with it.
- ``<!-- file: PATH -->``: a config of this place, which loads; where the repository has the file, they are alike. With
  a class it is a module that a config imports.
- ``<!-- over: CONFIG -->``: an overlay, with which that config is right; ``nodes`` and so on are entries of its model.
- ``<!-- run -->``: commands, which are run, but trained for one epoch; ``test_documented_runs.py`` runs the others, on
  miniatures, when it is asked to.

Without a comment Python is a script, which is run, and commands are parsed by their tools; whether their configs are
right, ``test_documented_commands.py`` looks. What is run of a page runs in one folder, in the page's order.
"""

import itertools
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documented import (
    BLOCK,
    PAGES,
    REPOSITORY,
    Parsed,
    as_a_script,
    blocks,
    commands,
    main_of,
    name_checkpoints,
    only_parse,
)
from mmpretrain.registry import DATASETS

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import is_staged, resolve_stages
from ktg_mm.registry import GATES, LOSSES

# Programs of others, and scripts that are no tools: it is enough that they exist.
OTHERS = {'pip', 'tensorboard', 'source', 'optuna-dashboard', 'sphinx-build', 'python3', 'pre-commit'}
# Pages that take long; test_documented_runs.py has their commands, too.
LONG = [f'docs/tasks/{name}.md' for name in ('deploying', 'other_networks', 'own_csv', 'pretrained', 'tracking')]
PARTS_OF_A_MODEL = ('nodes', 'edges', 'views', 'update', 'target')
# What makes a command short.
SHORT = {
    'tools/train.py': ['--cfg-options', 'train_cfg.max_epochs=1'],
    'tools/retrain.py': ['--seeds', '1', '--cfg-options', 'train_cfg.max_epochs=1'],
}


@pytest.mark.parametrize('page', PAGES)
def test_comments(page: str) -> None:
    """Each is before a block, of a language that it can be about, and says what it must."""
    text = (REPOSITORY / page).read_text()
    found = BLOCK.findall(text)
    assert len(re.findall(r'^<!-- (?:not run|file|over|run)\b', text, flags=re.M)) == sum(
        bool(kind) for kind, *_ in found
    )
    for kind, about, language, code in found:
        assert bool(about) == (kind in ('not run', 'file', 'over')), code
        assert language == dict(file='python', over='python', run='shell').get(kind, language), code


@pytest.fixture
def parse_only(monkeypatch: pytest.MonkeyPatch) -> None:
    only_parse(monkeypatch)


@pytest.mark.parametrize('page', [page for page in PAGES if any(one.language == 'shell' for one in blocks(page))])
def test_commands_are_parsed(page: str, parse_only: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in itertools.chain.from_iterable(commands(one.text) for one in blocks(page) if one.language == 'shell'):
        if '...' in words:  # what the command before it says
            continue
        words = as_a_script(words)
        if words[0] == 'python' and words[1].startswith('tools/'):
            monkeypatch.setattr(sys, 'argv', words[1:])
            with pytest.raises(Parsed):
                main_of(words[1])()
        elif words[0] == 'python':
            assert words[1] in ('-c', '-m') or (REPOSITORY / words[1]).exists(), words
        else:
            assert words[0] in OTHERS or (REPOSITORY / words[0]).exists(), words


@pytest.fixture
def own_parts_forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forgets what a page's own modules have registered, and where they were."""
    monkeypatch.setattr(sys, 'path', [*sys.path])
    registries = (DATASETS, LOSSES, GATES)
    before = [dict(registry.module_dict) for registry in registries]
    modules = set(sys.modules)
    yield
    own = set()
    for registry, known in zip(registries, before, strict=True):
        for name in registry.module_dict.keys() - known:
            own.add(registry.module_dict.pop(name).__module__)
    for name in own - modules:
        sys.modules.pop(name)


@pytest.mark.parametrize(
    'page',
    [
        pytest.param(page, marks=[pytest.mark.long] * (page in LONG) + [pytest.mark.slow] * ('docs/tasks/' in page))
        for page in PAGES
        if any(one.language == 'python' or one.kind == 'run' for one in blocks(page))
        and page != 'CONTRIBUTING.md'  # whose examples tests/test_contributing.py runs
    ],
)
@pytest.mark.usefixtures('own_parts_forgotten', 'capsys')
def test_what_is_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs load and are right; scripts are run, and so are the commands that the page says are."""
    shutil.copytree(REPOSITORY / 'configs', tmp_path / 'configs', ignore=shutil.ignore_patterns('__pycache__'))
    (tmp_path / 'docs').mkdir()
    monkeypatch.chdir(tmp_path)
    for number, block in enumerate(blocks(page)):
        if block.kind == 'run':
            for words in commands(block.text):
                run(words, (REPOSITORY / page).read_text(), monkeypatch)
        elif block.kind == 'file':
            if (REPOSITORY / block.about).exists():
                assert (REPOSITORY / block.about).read_text().endswith(block.text)
            (tmp_path / block.about).write_text(block.text)
            if not re.search(r'^class ', block.text, flags=re.M):  # a module that a config imports
                check(block.about)
        elif block.kind == 'over':
            (tmp_path / f'over_{number}.py').write_text(as_overlay(block.text))
            check(block.about, f'over_{number}.py')
        elif block.language == 'python':
            exec(compile(block.text, f'{page}, block {number}', 'exec'), dict(__name__='__main__'))


def check(path: str, *overlays: str) -> None:
    """A config that trains something must be right; others must load."""
    config = load_config(path, overlays=overlays)
    stages = resolve_stages(config, 'work') if is_staged(config) else ()
    for one in [stage_config(config, stage) for stage in stages] or [config]:
        if one.get('train_dataloader') and one.get('train_cfg') and one.get('model'):
            check_config(one)


def as_overlay(text: str) -> str:
    """A block whose names are parts of a model, such as ``nodes = ...``, as an overlay of one."""
    parts = [name for name in PARTS_OF_A_MODEL if re.search(rf'^{name} = ', text, flags=re.M)]
    if not parts:
        return text
    return f'{text}\nmodel = dict({", ".join(f"{name}={name}" for name in parts)})\ndel {", ".join(parts)}\n'


def run(words: list[str], page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a tool; the checkpoint of one epoch goes by the names of those that the page speaks of."""
    words = as_a_script(words)
    assert words[:1] == ['python'], words
    monkeypatch.setattr(sys, 'argv', [*words[1:], *SHORT.get(words[1], [])])
    main_of(words[1])()
    name_checkpoints(page)
