"""A mistake in a semi-supervised config ends training with status 2 and one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

MARKED = """
train_dataloader = dict(dataset=dict(dataset=dict(type='MarkedDigits')))
val_dataloader = dict(dataset=dict(type='MarkedDigits'))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=2, val_interval=2)
param_scheduler = dict(end=2)
"""

EDGE = "model.edges['net1->net1']"
LABEL_EDGE = "model.edges['label->net1']"
VIEW = f'{EDGE}.views: asks for the view'
ONE_VIEW = (
    f"{LABEL_EDGE}.views: asks for the view 'weak', but the data pipeline makes one view without a name; "
    "dict(type='Views', weak=[...]) in train_dataloader.dataset.pipeline makes views with names"
)


def edge(**changes: object) -> str:
    """The text of a config that changes the self edge."""
    return f"model = dict(edges={{'net1->net1': {changes}}})"


def gate(type: str, **arguments: object) -> str:
    return edge(gate=dict(_delete_=True, type=type, **arguments))


def teacher(**changes: object) -> str:
    return f"model = dict(edges={{'label->net1': {changes}}})"


# What the config has instead, and the line; found before any data are read.
MISTAKES = {
    'threshold of a gate': (
        gate('ThresholdGate', threshold=1.5),
        f'{EDGE}.gate.threshold: must be in [0, 1], got 1.5',
    ),
    'threshold of a loss': (
        edge(loss=dict(threshold=-0.1)),
        f'{EDGE}.loss.threshold: must be in [0, 1], got -0.1',
    ),
    'gate that needs labels': (
        gate('CorrectGate'),
        f"{EDGE}.samples: must be 'labeled', got 'unlabeled': CorrectGate needs labels",
    ),
    'label of unlabelled samples': (
        teacher(samples='unlabeled'),
        f"{LABEL_EDGE}.samples: must be 'labeled', got 'unlabeled': the label teaches samples that have one",
    ),
    'unknown samples': (
        edge(samples='unlabelled'),
        f"{EDGE}.samples: 'unlabelled' is unknown; did you mean 'unlabeled'?",
    ),
    'one view': (
        "train_dataloader = dict(dataset=dict(pipeline=[dict(type='SeedRandom'), dict(type='PackInputs')]))",
        ONE_VIEW,
    ),
    'missing view': (
        "views = dict(type='Views', weak=[], other=[])\n"
        "pipeline = [dict(type='SeedRandom'), views, dict(type='PackViews')]\n"
        'train_dataloader = dict(dataset=dict(pipeline=pipeline))',
        f"{VIEW} 'strong', but the data pipeline makes other, weak; name one of these",
    ),
    'view without a name': (
        "model = dict(edges={'label->net1': dict(views=None)})",
        f'{LABEL_EDGE}.views: names no view, but the data pipeline makes strong, weak; name one of these',
    ),
    'missing view of a gate': (
        gate('StabilityGate', threshold=0.5, other_view='weaker'),
        f"{EDGE}.gate.other_view: asks for the view 'weaker', but the data pipeline makes strong, weak; name one of "
        'these',
    ),
    'batch of another size': (
        'train_dataloader = dict(batch_size=30)',
        "train_dataloader.batch_size: must be the sampler's labeled + unlabeled = 12 + 20 = 32, got 30",
    ),
    'endless epoch': (
        'train_cfg = dict(_delete_=True, by_epoch=True, max_epochs=1)',
        'train_dataloader.sampler.infinite: must be False in a loop over epochs: none would end',
    ),
    'no unlabelled samples in a batch': (
        'train_dataloader = dict(batch_size=12, sampler=dict(unlabeled=0))',
        f'{EDGE}.samples: the batch has no unlabelled samples, which the edge looks at; give train_dataloader.sampler '
        'some with unlabeled=...',
    ),
    'no labelled samples in a batch': (
        'train_dataloader = dict(batch_size=20, sampler=dict(labeled=0))',
        f'{LABEL_EDGE}.samples: the batch has no labelled samples, which the edge looks at; give '
        'train_dataloader.sampler some with labeled=...',
    ),
    'sampler of other data': (
        "train_dataloader = dict(dataset=dict(_delete_=True, type='MarkedDigits', pipeline=_base_.pipeline))",
        "train_dataloader.sampler: SemiSupervisedSampler needs dict(type='SemiSupervised'), not MarkedDigits",
    ),
}

# The same, of what only the data show.
MISMATCHES = {
    'more labels than data': (
        'train_dataloader = dict(dataset=dict(num_labels=201))',
        'train_dataloader.dataset.num_labels: 201 labels, but MarkedDigits has 200 images',
    ),
    'class without labels': (
        'train_dataloader = dict(dataset=dict(num_labels=9))',
        'train_dataloader.dataset.num_labels: 9 for 10 classes: there would be a class without labels; must be at '
        'least 10',
    ),
    'more labels than a class has': (
        'train_dataloader = dict(dataset=dict(num_labels=190))',
        'train_dataloader.dataset.num_labels: 190 labels are 19 a class, but class ',
    ),
    'larger batch than data': (
        'train_dataloader = dict(batch_size=203, sampler=dict(unlabeled=191))',
        'train_dataloader.sampler.unlabeled: is 191 in each of 1 process(es), but the data set has 190 unlabelled '
        'samples',
    ),
    'gate for fewer images': (
        gate('FlexMatchGate', num_samples=20),
        f'{EDGE}.gate.num_samples: is 20, but train_dataloader.dataset has 190 unlabelled images; must be the same',
    ),
}


@pytest.fixture(scope='module')
def marked(write_config: Callable[..., Path], semi_supervised: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config whose data leave a mark when they are read."""
    path = tmp_path_factory.mktemp('semi_supervised_marked') / 'config.py'
    return write_config(path, semi_supervised, MARKED, plugins=('marked_digits',))


@pytest.fixture
def line(
    fails: Callable[..., str], write_config: Callable[..., Path], marked: Path, tmp_path: Path
) -> Callable[[str], str]:
    """The line by which a run with other settings ends."""

    def run(text: str) -> str:
        config = write_config(tmp_path / 'config.py', str(marked), text)
        return fails('train.py', config, '--work-dir', tmp_path, MARK=str(tmp_path / 'read'))

    return run


def test_a_good_run(tools, marked: Path, tmp_path: Path) -> None:
    # Without this, no test below could tell why a run ends, and that nothing was read.
    tools.run('train.py', marked, '--work-dir', tmp_path, MARK=str(tmp_path / 'read'))
    assert (tmp_path / 'read').exists() and (tmp_path / 'iter_2.pth').exists()


@pytest.mark.parametrize('mistake', MISTAKES)
def test_mistake_in_the_config(line: Callable[[str], str], tmp_path: Path, mistake: str) -> None:
    text, expected = MISTAKES[mistake]
    assert line(text) == expected
    assert not (tmp_path / 'read').exists()


@pytest.mark.parametrize('mismatch', MISMATCHES)
def test_mismatch_with_the_data(line: Callable[[str], str], tmp_path: Path, mismatch: str) -> None:
    text, beginning = MISMATCHES[mismatch]
    assert line(text).startswith(beginning)
    assert (tmp_path / 'read').exists() and not list(tmp_path.glob('*.pth'))
