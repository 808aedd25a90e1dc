"""metafile.yml and README.md of each family of configs: all configs are there, and no number without a source."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
FAMILIES = sorted(path.name for path in (REPOSITORY / 'configs').iterdir() if path.is_dir() and path.name[0] != '_')


def metafile(family: str) -> dict:
    return yaml.safe_load((REPOSITORY / 'configs' / family / 'metafile.yml').read_text())


def numbers(text: str) -> set[str]:
    return set(re.findall(r'(?<![\d.])\d+\.\d+(?![\d.]*\d)', text))


def test_the_index_has_every_family() -> None:
    index = yaml.safe_load((REPOSITORY / 'model-index.yml').read_text())
    assert index == dict(Import=[f'configs/{family}/metafile.yml' for family in FAMILIES])


@pytest.mark.parametrize('family', FAMILIES)
def test_every_config_is_a_model(family: str) -> None:
    (collection,) = metafile(family)['Collections']
    assert collection['README'] == f'configs/{family}/README.md' and (REPOSITORY / collection['README']).exists()
    models = metafile(family)['Models']
    assert {model['In Collection'] for model in models} == {collection['Name']}
    files = sorted((REPOSITORY / 'configs' / family).glob('*.py'))
    assert [model['Config'] for model in models] == [str(path.relative_to(REPOSITORY)) for path in files]
    assert [model['Name'] for model in models] == [path.stem for path in files]


@pytest.mark.parametrize('family', FAMILIES)
def test_numbers_are_those_of_headers_and_results(family: str) -> None:
    measured = numbers((REPOSITORY / 'docs/results.md').read_text())
    for model in metafile(family)['Models']:
        lines = (REPOSITORY / model['Config']).read_text().splitlines()
        published = numbers('\n'.join(line for line in lines if line.startswith('#')))
        for metric, value in itertools.chain(*(result['Metrics'].items() for result in model.get('Results', ()))):
            sources = {'(published)': published, '(measured here)': measured}
            assert f'{value:.2f}' in sources[metric[metric.index('(') :]], f'{model["Name"]}: {metric}'


def test_methods_name_every_config() -> None:
    """The table docs/methods.md: each config is of one of its rows, and each of its names is one of a file."""
    text = (REPOSITORY / 'docs/methods.md').read_text()
    named = {
        name: set(REPOSITORY.glob(name)) for pattern in re.findall(r'`(configs/\S+)`', text) for name in expand(pattern)
    }
    assert [name for name, files in named.items() if not files] == []
    configs = {path for family in FAMILIES for path in (REPOSITORY / 'configs' / family).glob('*.py')}
    assert sorted(map(str, configs - set().union(*named.values()))) == []


def expand(pattern: str) -> list[str]:
    match = re.search(r'\{([^{}]*)\}', pattern)
    if not match:
        return [pattern]
    return [
        name
        for part in match[1].split(',')
        for name in expand(pattern[: match.start()] + part + pattern[match.end() :])
    ]
