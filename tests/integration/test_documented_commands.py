"""Every command that the documentation and the configs' headers give: its configs and overlays load and are right."""

import functools
import itertools
import re
from collections.abc import Iterator

import pytest
from documented import MADE, PAGES, REPOSITORY, configs_of, expand

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import is_staged, resolve_stages

HEADERS = 'headers of configs'
SHIPPED = {str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob('configs/[!_]*/*.py')}


def text_of(document: str) -> str:
    if document != HEADERS:
        return (REPOSITORY / document).read_text()
    comments = [
        line.lstrip('# ')
        for path in sorted((REPOSITORY / 'configs').rglob('*.py'))
        for line in path.read_text().splitlines()
        if line.startswith('#')
    ]
    return '\n'.join(comments)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each line of shell that names a config, and of what stands in a table or a sentence in its place."""
    variables: dict[str, str] = {}
    for line in re.sub(r'\\\n\s*', ' ', text).splitlines():
        for part in re.findall(r'`([^`]+)`', line) or [line]:
            variables |= dict(re.findall(r'\b([A-Z])=(configs/[^\s;]+)', part))
            for name, value in variables.items():
                part = part.replace(f'${name}', value)
            words = list(itertools.chain.from_iterable(expand(word.rstrip(',.:;')) for word in part.split()))
            if any(word.startswith('tools/') and len(words) > 1 for word in words):
                yield words


@functools.cache
def check(path: str, *overlays: str) -> None:
    if path in SHIPPED and not overlays:  # test_tools.py looks at all of these
        return
    config = load_config(REPOSITORY / path, overlays=[str(REPOSITORY / name) for name in overlays])
    stages = resolve_stages(config, 'work') if is_staged(config) else ()
    for run in [stage_config(config, stage) for stage in stages] or [config]:
        if run.get('train_dataloader'):
            check_config(run)


# test_reproduction.py looks at the other pages.
@pytest.mark.parametrize('document', [*(page for page in PAGES if '/reproduction/' not in page), HEADERS])
def test_commands(document: str) -> None:
    for words in commands(text_of(document)):
        for path, *overlays in configs_of(words):
            check(path, *overlays)


@pytest.mark.parametrize('document', [*PAGES, HEADERS])
def test_files_that_are_named_exist(document: str) -> None:
    # A comment before a block names the file that the block is: test_documented_blocks.py looks at these.
    text = re.sub(r'<!-- file: .*? -->', '', text_of(document))
    names = set(itertools.chain.from_iterable(map(expand, re.findall(r'configs/[\w/{},*]+\.py', text))))
    missing = {name for name in names - MADE.keys() if not list(REPOSITORY.glob(name))}
    assert missing == ({'configs/_base_/edges/found_dogs.py'} if document == 'docs/new_dataset.md' else set())


def test_the_commands_are_found() -> None:
    """Else the tests above would say little."""
    pages = ['docs/configs.md', *(page for page in PAGES if page.startswith('docs/reproduction/'))]
    text = '\n'.join(map(text_of, pages))
    found = [config for words in commands(text) for config in configs_of(words)]
    rows, with_overlays = text.count('| `tools/'), len(re.findall(r'\| `tools/[^|]* --with ', text))
    assert rows > 60 and len(found) >= rows and sum(len(config) > 1 for config in found) >= with_overlays > 60
    results = {config for words in commands(text_of('docs/results.md')) for config in configs_of(words)}
    fashion, labels = 'configs/semi/dash_fashion_mnist_250.py', 'configs/_base_/labels/40_labels.py'
    assert {(fashion, labels), ('configs/semi/fixmatch_fashion_mnist_250.py', labels)} <= results


def test_published_accuracies_have_their_deviations() -> None:
    found = []
    for folder in ('single', 'dml', 'kd', 'ktg', 'multi_branch'):
        for path in sorted((REPOSITORY / 'configs' / folder).glob('*.py')):
            text = ' '.join(line.lstrip('# ') for line in path.read_text().splitlines() if line.startswith('#'))
            found += [(path.stem, *match) for match in re.findall(r'Published accuracy.*?: (\d\d\.\d\d)( \+- )?', text)]
    assert len(found) >= 10 and [entry for entry in found if not entry[2]] == []


def differences(first: object, second: object, path: str = '') -> dict[str, object]:
    """What a second config has in another way or beyond a first one, by its path."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return {} if first == second else {path: second}
    found = {}
    for key in first.keys() | second.keys():
        found |= differences(first.get(key), second.get(key), f'{path}.{key}' if path else key)
    return found


WRN28_2 = {
    f'model.nodes.{node}.network.{key}': value
    for node in ('net1', 'ema')
    for key, value in (('backbone.widen_factor', 2), ('head.in_channels', 128))
}

ALONE = {  # net1, without net2
    'model.nodes.net2': None,
    **{f'model.edges.{edge}': None for edge in ('label->net2', 'net1->net2', 'net2->net1', 'net2->net2')},
}


@pytest.mark.parametrize(
    ('path', 'overlay', 'changes'),
    [
        ('semi/fixmatch_fashion_mnist_250', 'labels/40_labels', {'train_dataloader.dataset.num_labels': 40}),
        ('semi/simmatch_cifar100', 'labels/2500_labels', {'train_dataloader.dataset.num_labels': 2500}),
        (
            'semi/graph_diverse_3node_6000_cifar100',
            'edges/net2_agrees_from_the_start',
            {'model.edges.net2->net2.gate.type': 'ThroughGate'},
        ),
        ('semi/consistency_2node_cifar100', 'graphs/diverse_pi_model', ALONE),
        (
            'semi/consistency_2node_cifar10',
            'graphs/diverse_fixmatch',
            {
                **ALONE,
                'model.edges.net1->net1.loss.type': 'PseudoLabel',
                'model.edges.net1->net1.gate': dict(type='ThresholdGate', threshold=0.95),
            },
        ),
        ('dml/dml_2node_cifar100', 'updates/sequential', {'model.update': dict(type='SequentialUpdate')}),
        ('kd/kd_5teachers_dogs', 'updates/pcgrad', {'model.update': dict(type='PCGradUpdate')}),
        (
            'dml/dml_2node_cifar10',
            'edges/temperature_4',
            {f'model.edges.net{i}->net{j}.loss.temperature': 4.0 for i, j in ((1, 2), (2, 1))},
        ),
        (
            'dml/dml_2node_cifar10',
            'edges/temperature_3',
            {f'model.edges.net{i}->net{j}.loss.temperature': 3.0 for i, j in ((1, 2), (2, 1))},
        ),
        (
            'kd/kd_5teachers_attention_dogs',
            'edges/temperature_10',
            {
                f'model.edges.teacher{i}->student.loss': [
                    dict(type='KLDivergence', temperature=10.0),
                    dict(type='AttentionMSE'),
                ]
                for i in range(1, 6)
            },
        ),
        (
            'kd/kd_5teachers_attention_dogs',
            'edges/whole_maps',
            {
                f'model.edges.teacher{i}->student.loss': [
                    dict(type='KLDivergence', temperature=2.0),
                    dict(type='AttentionMSE', whole=True),
                ]
                for i in range(1, 6)
            },
        ),
        *[
            (
                f'ktg/ens_2node_{data}',
                f'datasets/{data}_batch16_search',
                {
                    f'{part}_dataloader.dataset.{key}': value
                    for part, split in (('train', {}), ('val', dict(split='train')))
                    for key, value in dict(type='Split', of=data.upper(), part=part, val_size=10_000, **split).items()
                },
            )
            for data in ('cifar10', 'cifar100')
        ],
        ('single/resnet32_cifar100', 'datasets/cifar100_batch128', {'train_dataloader.batch_size': 128}),
        (
            'single/resnet32_cifar100',
            'schedules/sgd_300e_branches',
            {
                'param_scheduler.milestones': [150, 225],
                'train_cfg.max_epochs': 300,
                'train_cfg.val_interval': 300,
            },
        ),
        (
            'dml/dml_3node_cifar100',
            'graphs/ktg_3node_described',
            {
                'model.edges.net3->net1.gate': dict(type='LinearGate'),
                'model.edges.net3->net2.gate': dict(type='LinearGate'),
                'model.edges.net1->net3.gate': dict(type='CutoffGate'),
            },
        ),
        (
            'dml/dml_4node_cifar100',
            'graphs/ktg_4node_described',
            {
                'model.edges.net1->net3.gate': dict(type='CutoffGate'),
                **{
                    f'model.edges.{edge}.gate': dict(type='LinearGate')
                    for edge in (
                        'label->net3',
                        'net1->net2',
                        'net2->net1',
                        'net3->net1',
                        'net3->net2',
                        'net1->net4',
                        'net3->net4',
                    )
                },
            },
        ),
        (
            'single/resnet32_cifar100',
            'schedules/sgd_80e_tiny_imagenet',
            {
                'param_scheduler.milestones': [40, 60, 70],
                'train_cfg.max_epochs': 80,
                'train_cfg.val_interval': 80,
            },
        ),
        (
            'search/ktg_2node_four_gates_cifar100',
            'spaces/through',
            {f'search.space.model.edges.*.gate.{name}': None for name in ('cutoff', 'linear', 'correct')},
        ),
        (
            'search/ktg_2node_four_gates_cifar100',
            'spaces/through_cutoff',
            {f'search.space.model.edges.*.gate.{name}': None for name in ('linear', 'correct')},
        ),
        (
            'search/ktg_2node_four_gates_cifar100',
            'spaces/through_cutoff_correct',
            {'search.space.model.edges.*.gate.linear': None},
        ),
        ('dml/dml_2node_cifar10', 'graphs/ktg_2node', {'model.edges.net1->net2.gate': dict(type='CorrectGate')}),
        ('single/resnet32_cifar100', 'networks/resnet110', {'model.nodes.net1.network.backbone.depth': 110}),
        ('semi/fixmatch_cifar100', 'networks/wrn28_2', WRN28_2),
        (
            'semi/pi_model_cifar100',
            'edges/consistency_kl',
            {
                'model.edges.net1->net1.loss.type': 'KLDivergence',
                'model.edges.net1->net1.gate.type': 'ThroughGate',
                'model.edges.net1->net1.gate.length': None,
                'model.edges.net1->net1.gate.shape': None,
                'model.edges.net1->net1.weight': 1.0,
            },
        ),
        (
            'search/ens_2node_six_losses_dogs',
            'networks/untaught_random',
            {f'model.nodes.net{i}.allow_random': True for i in (1, 2)},
        ),
        (
            'ktg/ens_2node_cars',
            'edges/independent',
            {'model.edges.net1->net2': None, 'model.edges.net2->net1': None},
        ),
    ],
)
def test_an_overlay_changes_one_thing(path: str, overlay: str, changes: dict) -> None:
    below = REPOSITORY / 'configs' / f'{path}.py'
    config = load_config(f'{below}+{REPOSITORY}/configs/_base_/{overlay}.py')
    assert differences(load_config(below).to_dict(), config.to_dict()) == changes
