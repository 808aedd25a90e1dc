import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample, MultiTaskDataSample

from ktg_mm.errors import ConfigError
from ktg_mm.models.graph_data_preprocessor import GraphDataPreprocessor

ARGUMENTS = dict(mean=[10.0, 20.0, 30.0], std=[2.0, 4.0, 8.0], to_rgb=True, pad_size_divisor=4, pad_value=7)
MIX = dict(augments=dict(type='Mixup', alpha=1.0))


def samples(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def images(seed, shape=(4, 3, 5, 6)):
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def views():
    return dict(weak=images(0), strong=images(1))


@pytest.mark.parametrize('training', [False, True])
def test_one_view_is_prepared_as_by_the_parent(training):
    data = dict(inputs=images(0), data_samples=samples(1, 2, 3, 4))
    ours = MODELS.build(dict(type='GraphDataPreprocessor', **ARGUMENTS))(data, training)
    theirs = ClsDataPreprocessor(**ARGUMENTS)(data, training)
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert ours['data_samples'] is data['data_samples']
    assert ours.keys() == {'inputs', 'data_samples', 'rows'}


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('as_list', [False, True])
def test_each_view_is_prepared_as_one(training, as_list):
    given = {name: list(view) if as_list else view for name, view in views().items()}
    batch = GraphDataPreprocessor(**ARGUMENTS)(dict(inputs=given, data_samples=samples(1, 2, 3, 4)), training)
    assert list(batch['inputs']) == ['weak', 'strong']
    for name, view in given.items():
        expected = ClsDataPreprocessor(**ARGUMENTS)(dict(inputs=view))['inputs']
        assert expected.shape == (4, 3, 8, 8)
        assert torch.equal(batch['inputs'][name], expected)
    assert [sample.gt_label.item() for sample in batch['data_samples']] == [1, 2, 3, 4]


def test_rows():
    preprocessor = GraphDataPreprocessor()
    rows = preprocessor(dict(inputs=views(), data_samples=samples(3, 0, -1, -1)), training=True)['rows']
    assert (rows.size, rows.num_labeled, rows.labeled, rows.unlabeled) == (4, 2, slice(0, 2), slice(2, 4))
    mixed = preprocessor(dict(inputs=views(), data_samples=samples(-1, 0, -1, 2)), training=True)['rows']
    assert mixed.labeled.tolist() == [1, 3] and mixed.unlabeled.tolist() == [0, 2]
    everything = preprocessor(dict(inputs=images(0), data_samples=samples(3, 0, 1, 1)), training=True)['rows']
    assert everything.num_labeled == 4


@pytest.mark.parametrize(
    'data_samples',
    [
        None,
        [DataSample() for _ in range(4)],
        samples([1, 2], [3], [0], [1, 2]),
        [MultiTaskDataSample() for _ in range(4)],
    ],
)
def test_no_rows_without_labels(data_samples):
    assert GraphDataPreprocessor()(dict(inputs=views(), data_samples=data_samples), training=True)['rows'] is None


def test_no_rows_when_evaluating():
    data = dict(inputs=images(0), data_samples=samples(3, 0, -1, -1))
    assert GraphDataPreprocessor()(data, training=False)['rows'] is None
    assert GraphDataPreprocessor()(dict(inputs=images(0)))['data_samples'] is None


def test_rows_are_found_before_labels_go_to_the_device():
    # Nothing can be read on the meta device, so a look at the labels there would raise.
    preprocessor = GraphDataPreprocessor(mean=[1.0], std=[1.0]).to('meta')
    for inputs in (views(), images(0)):
        batch = preprocessor(dict(inputs=inputs, data_samples=samples(3, 0, -1, -1)), training=True)
        assert batch['rows'].num_labeled == 2
        assert batch['data_samples'][0].gt_label.device.type == 'meta'
        prepared = batch['inputs'].values() if isinstance(inputs, dict) else [batch['inputs']]
        assert {view.device.type for view in prepared} == {'meta'}


@pytest.mark.parametrize(
    ('arguments', 'inputs', 'labels', 'message'),
    [
        (dict(batch_augments=MIX), views(), (1, 2, 3, 0), 'batch_augments: cannot mix several views of an image'),
        (dict(batch_augments=MIX), images(0), (1, 2, -1, -1), 'batch_augments: cannot mix samples without a label'),
        (dict(to_onehot=True), images(0), (1, 2, -1, -1), 'to_onehot: some samples have no label; must be False'),
    ],
)
def test_mistakes_are_one_line(arguments, inputs, labels, message):
    preprocessor = GraphDataPreprocessor(num_classes=5, **arguments)
    with pytest.raises(ConfigError, match=rf'^data_preprocessor\.{message}') as caught:
        preprocessor(dict(inputs=inputs, data_samples=samples(*labels)), training=True)
    assert '\n' not in str(caught.value)


def test_mixing_one_view_of_labelled_samples():
    torch.manual_seed(0)
    preprocessor = GraphDataPreprocessor(num_classes=5, batch_augments=MIX)
    batch = preprocessor(dict(inputs=images(0), data_samples=samples(1, 2, 3, 0)), training=True)
    assert not torch.equal(batch['inputs'], images(0).float())
    assert batch['rows'].num_labeled == 4
    assert torch.allclose(batch['data_samples'][0].gt_score.sum(), torch.tensor(1.0))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(mean=[1.0]), 'std: must be given as well, got mean alone'),
        (dict(std=[1.0]), 'mean: must be given as well, got std alone'),
        (dict(mean=[1.0, 2.0, 3.0], std=[1.0]), 'std: must have as many channels as mean, 3, got [1.0]'),
        (dict(mean=[1.0], std=[0]), 'std: must be above 0, got 0'),
        (dict(mean=[1.0], std=[-1.0]), 'std: must be above 0, got -1.0'),
        (dict(mean=[1.0], std=['1']), "std: must be above 0, got '1'"),
        (dict(mean=[1.0], std=[1.0], to_rgb=True), 'to_rgb: must be False where mean has one channel'),
        (dict(num_classes=0), 'num_classes: must be a whole number, at least 1, got 0'),
        (dict(num_classes=True), 'num_classes: must be a whole number, at least 1, got True'),
        (
            dict(batch_augments=dict(type='Mixup')),
            "batch_augments: must be a dict such as dict(augments=dict(type='Mixup'",
        ),
        (dict(batch_augments=[MIX]), 'batch_augments: must be a dict such as'),
        (dict(batch_augments={}), 'batch_augments: must be a dict such as'),
        (dict(batch_augments=dict(augments=dict(type='MixUp'))), 'batch_augments.augments.type: unknown batch augment'),
        (
            dict(batch_augments=dict(augments=dict(type='Mixup', beta=1.0))),
            'batch_augments.augments: Mixup has no argument',
        ),
        (dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1))), 'batch_augments.augments: alpha must be a'),
        (dict(batch_augments=dict(augments=dict(type='Mixup', alpha=0.0))), 'batch_augments.augments: alpha must be a'),
        (dict(batch_augments=dict(augments=dict(type='Mixup'))), 'batch_augments: Mixup.__init__() missing 1 required'),
        (dict(batch_augments=dict(MIX, probs=[0.5, 0.2])), 'batch_augments: ``augments`` and ``probs`` must have same'),
        (dict(batch_augments=dict(MIX, probs=[-0.5])), 'batch_augments: probs must be in [0, 1], got -0.5'),
        (dict(batch_augments=dict(MIX, probs='half')), "batch_augments: probs must be in [0, 1], got 'half'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ConfigError) as caught:
        GraphDataPreprocessor(**arguments)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


def test_mixing_some_batches():
    preprocessor = GraphDataPreprocessor(num_classes=5, batch_augments=dict(augments=[MIX['augments']], probs=[0.0]))
    batch = preprocessor(dict(inputs=images(0), data_samples=samples(1, 2, 3, 0)), training=True)
    assert torch.equal(batch['inputs'], images(0).float())
    assert (
        torch.stack([sample.gt_score for sample in batch['data_samples']]).tolist()
        == torch.eye(5)[[1, 2, 3, 0]].tolist()
    )
