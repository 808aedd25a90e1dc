"""The published tables and figures, row by row: each row has a command that parses and whose networks build."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from documented import REPOSITORY, Parsed, as_a_script, commands, configs_of, main_of, only_parse, rows
from mmpretrain.registry import MODELS

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import is_staged, resolve_stages

SUMMARY = REPOSITORY / 'docs' / 'reproduction.md'
DOCUMENTS = {
    path: document
    for document, path in re.findall(r'^\| \[(.+?)\]\((reproduction/\w+\.md)\)', SUMMARY.read_text(), flags=re.M)
}


def test_every_page_is_counted():
    assert {f'reproduction/{path.name}' for path in (REPOSITORY / 'docs/reproduction').glob('*.md')} == set(DOCUMENTS)
    assert len(DOCUMENTS) == 7


def test_counts():
    """What the summary says of each document."""
    counts = {}
    for page, document in DOCUMENTS.items():
        found = [*rows(page)]
        counts[document] = (
            len(found),
            sum(bool(row.commands) for row in found),
            sum(row.measured[0].isdigit() for row in found if row.commands),
        )
    counts['all'] = tuple(map(sum, zip(*counts.values(), strict=True)))
    stated = re.findall(
        r'^\| (?:\[(.+?)\]\(.*?\)|(all)) \| (\d+) \| (\d+) \| (\d+) \|$', SUMMARY.read_text(), flags=re.M
    )
    assert {name or last: tuple(map(int, numbers)) for name, last, *numbers in stated} == counts


@pytest.mark.parametrize('page', DOCUMENTS)
def test_rows(page):
    found = [*rows(page)]
    for row in found:
        assert re.match(r'(Table|Figure|Section) ', row.table), row
        assert row.name and re.search(r'\d|drawing|curve|picture', row.published), row
        assert row.commands or re.match(r'none: \w', row.command), row
        assert re.match(r'not run: needs \w|\d|none: \w', row.measured), row
    names = [(row.table, row.name) for row in found]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('page', DOCUMENTS)
def test_commands_parse(page, monkeypatch):
    only_parse(monkeypatch)
    monkeypatch.chdir(REPOSITORY)
    for line in sorted({command for row in rows(page) for command in row.commands}):
        for words in commands(line):
            words = as_a_script(words)
            if words[0].endswith('.sh'):
                script, config, _, *others = words
                assert Path(script).is_file()
                words = [f'tools/{Path(script).stem.removeprefix("dist_")}.py', config, *others]
            words = words[1:] if words[0] == 'python' else words
            monkeypatch.setattr('sys.argv', words)
            with pytest.raises(Parsed):
                main_of(words[0])()


def configs(page: str) -> Iterator[tuple[str, ...]]:
    """Each config of a page's commands with its overlays, once."""
    lines = {line: None for row in rows(page) for line in row.commands}
    yield from {config: None for line in lines for words in commands(line) for config in configs_of(words)}


@pytest.mark.parametrize('page', DOCUMENTS)
def test_networks_build(page, monkeypatch):
    """And all else of their configs is right."""
    for name in ('kaiming_normal_', 'kaiming_uniform_', 'normal_', 'uniform_', 'trunc_normal_', 'xavier_uniform_'):
        monkeypatch.setattr(torch.nn.init, name, lambda tensor, *args, **kwargs: tensor)  # takes most of the time
    built = set()
    for path, *overlays in configs(page):
        config = load_config(REPOSITORY / path, overlays=[str(REPOSITORY / name) for name in overlays])
        stages = resolve_stages(config, 'work') if is_staged(config) else ()
        for run in [stage_config(config, stage) for stage in stages] or [config]:
            check_config(run)
            if (text := repr(run.model)) not in built:
                built.add(text)
                assert any(weight.requires_grad for weight in MODELS.build(run.model).parameters())
