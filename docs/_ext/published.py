"""Tables of published and measured numbers, out of the configs' metafiles."""

from collections import defaultdict
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
KINDS = ('published', 'measured here')


def tables() -> str:
    """A table for each family of configs, in Markdown."""
    lines = []
    for imported in yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']:
        metafile = yaml.safe_load((ROOT / imported).read_text())
        if rows := [row(model) for model in metafile['Models'] if 'Results' in model]:
            (collection,) = metafile['Collections']
            lines += [f'### {collection["Name"]}', '', f'{"; ".join(collection["Metadata"]["Papers"])}.', '']
            lines += [f'| data | {" | ".join(KINDS)} | command |', '| --- | --- | --- | --- |', *rows, '']
    return '\n'.join(lines)


def row(model: dict) -> str:
    """One config: its data, what was published and what was measured, and the command."""
    numbers = defaultdict(list)
    for metric, value in (entry for result in model['Results'] for entry in result['Metrics'].items()):
        name, _, kind = metric.rstrip(')').rpartition(' (')
        name = (
            name.removeprefix('Top 1 Accuracy, ').removeprefix('Top 1 ').replace('Error', 'error').replace('*', r'\*')
        )
        numbers[kind].append(f'{name} {value:.2f}')
    assert set(numbers) <= set(KINDS), f'{model["Name"]}: a metric ends in {KINDS}'
    cells = [model['Results'][0]['Dataset'], *('<br>'.join(numbers[kind]) for kind in KINDS)]
    return f'| {" | ".join(cells)} | `python tools/train.py {model["Config"]}` |'
