import csv
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmpretrain import ImageClassificationInferencer
from mmpretrain.datasets import CIFAR10
from mmpretrain.registry import MODELS, TRANSFORMS

from ktg_mm.apis import build_runner, load_config, predict
from ktg_mm.apis.prediction import find_images
from ktg_mm.errors import ConfigError, DataError, UserError

REPOSITORY = Path(__file__).parents[2]
CLASSES = ('ant', 'bee', 'cat')
CONFIG = """
_base_ = [
    '{base}/default_runtime.py',
    '{base}/datasets/stanford_dogs.py',
    '{base}/schedules/sgd_30e_digits.py',
]
network = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=16, loss=dict(type='CrossEntropyLoss')),
)
label = dict(loss=dict(type='CrossEntropy'))
model = dict(
    type='KnowledgeTransferGraph',
    target='net2',
    nodes=dict(
        net1=dict(type='NetworkNode', network=network),
        net2=dict(type='NetworkNode', network=network),
        ensemble=dict(type='EnsembleNode', members=['net1', 'net2']),
    ),
    edges={{'label->net1': label, 'label->net2': label}},
)
data_preprocessor = dict(num_classes=3)
test_pipeline = [dict(type='LoadImage'), dict(type='Resize', scale=(16, 16)), dict(type='PackInputs')]
pipeline = [dict(type='SeedRandom'), *test_pipeline]
data = dict(_delete_=True, type='CustomDataset', data_root={root!r})
workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=6, dataset=dict(data, data_prefix='train', pipeline=pipeline), **workers)
val_dataloader = dict(
    batch_size=2, dataset=dict(data, data_prefix='train', test_mode=True, pipeline=test_pipeline), **workers
)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=1)
param_scheduler = dict(end=1)
optim_wrapper = dict(optimizer=dict(lr=1.0))
"""


@pytest.fixture(scope='module')
def trained(tmp_path_factory, miniatures):
    """The config and checkpoint of a graph that has had one iteration on a folder of images."""
    folder = tmp_path_factory.mktemp('folder')
    for label, name in enumerate(CLASSES):
        (folder / 'train' / name).mkdir(parents=True)
        for variant in range(2):
            path = folder / 'train' / name / f'{variant}.png'
            cv2.imwrite(str(path), miniatures.class_image(label, variant, (20 + 4 * label, 24)))
    config = folder / 'config.py'
    config.write_text(CONFIG.format(base=REPOSITORY / 'configs/_base_', root=str(folder)))
    cfg = load_config(config)
    cfg.__dict__['_format_python_code'] = False
    with torch.random.fork_rng():
        build_runner(cfg, folder / 'work', rehearsal=False).train()
    return config, folder / 'work' / 'epoch_1.pth', folder


@pytest.fixture(scope='module')
def own(trained):
    """The probabilities of the nodes for an image (H, W, 3), BGR, by hand."""
    config, checkpoint, _ = trained
    cfg = Config.fromfile(config)
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    graph.load_state_dict(torch.load(checkpoint, weights_only=True)['state_dict'])

    def probabilities(image, node):
        resized = cv2.resize(image, (16, 16), interpolation=cv2.INTER_LINEAR)[..., ::-1]
        mean, std = (np.array(cfg.data_preprocessor[key]) for key in ('mean', 'std'))
        inputs = torch.from_numpy(((resized - mean) / std).transpose(2, 0, 1)).float()[None]
        with torch.no_grad():
            logits = {name: graph.nodes[name].network(inputs, mode='tensor') for name in ('net1', 'net2')}
        logits['ensemble'] = (logits['net1'] + logits['net2']) / 2
        return logits[node].softmax(dim=1)[0].numpy()

    return probabilities


def test_mmpretrains_inferencer(trained, own):
    config, checkpoint, folder = trained
    inferencer = ImageClassificationInferencer(str(config), str(checkpoint), device='cpu')
    path = str(folder / 'train' / 'cat' / '0.png')
    image = cv2.imread(path)
    of_file, of_array = inferencer([path, image])
    np.testing.assert_allclose(of_file['pred_scores'], own(image, 'net2'), atol=1e-6)
    assert np.abs(of_file['pred_scores'] - own(image, 'net1')).max() > 1e-3
    assert of_file['pred_class'] == CLASSES[own(image, 'net2').argmax()]
    np.testing.assert_array_equal(of_array['pred_scores'], of_file['pred_scores'])
    (grey,) = inferencer(image[..., 0])
    np.testing.assert_allclose(grey['pred_scores'], own(np.repeat(image[..., :1], 3, axis=2), 'net2'), atol=1e-6)


@pytest.mark.parametrize('node', [None, 'net1', 'ensemble'])
def test_predictions_are_the_nodes_own(trained, own, node):
    config, checkpoint, folder = trained
    predictions = predict(config, checkpoint, folder / 'train', node)
    assert [Path(image).parent.name for image, _, _ in predictions] == [name for name in CLASSES for _ in range(2)]
    for path, classes, scores in predictions:
        expected = own(cv2.imread(path), node or 'net2')
        order = np.argsort(-expected)
        assert classes == tuple(CLASSES[i] for i in order)
        np.testing.assert_allclose(scores, expected[order], atol=1e-6)


def test_grey_images_and_arrays(trained, own, tmp_path):
    config, checkpoint, _ = trained
    image = np.random.default_rng(0).integers(0, 256, (30, 20), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'grey.PNG'), image)
    colour = np.repeat(image[..., None], 3, axis=2)
    of_file, grey, of_array = predict(load_config(config), checkpoint, [tmp_path, image, colour], 'net1', top=1)
    assert of_file.image == str(tmp_path / 'grey.PNG') and (grey.image, of_array.image) == ('1', '2')
    for found in (of_file, grey, of_array):
        assert found.classes == (CLASSES[own(colour, 'net1').argmax()],)
        np.testing.assert_allclose(found.scores, [own(colour, 'net1').max()], atol=1e-6)


def digits_graph(folder, tiny_config):
    cfg = tiny_config()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    torch.save(dict(state_dict=graph.state_dict()), folder / 'digits.pth')
    return cfg, graph


def test_a_data_set_of_arrays_gives_size_and_channels(tiny_config, tmp_path):
    cfg, graph = digits_graph(tmp_path, tiny_config)
    before = cfg.to_dict()
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'small.png'), pixels)
    cv2.imwrite(str(tmp_path / 'large.png'), np.repeat(np.repeat(pixels, 4, axis=0), 4, axis=1))
    paths = [tmp_path / 'small.png', tmp_path / 'large.png']
    small, large = predict(cfg, tmp_path / 'digits.pth', paths, top=99)
    assert cfg.to_dict() == before
    inputs = torch.from_numpy(pixels)[None, None].float()
    with torch.no_grad():
        expected = graph((inputs - cfg.data_preprocessor.mean[0]) / cfg.data_preprocessor.std[0]).softmax(dim=1)[0]
    assert sorted(small.classes) == list('0123456789')  # the data set's own names
    np.testing.assert_allclose(small.scores, expected.sort(descending=True).values, atol=1e-6)
    assert large.classes == small.classes
    np.testing.assert_allclose(large.scores, small.scores, atol=1e-6)


def test_arrays_of_colour_are_rgb(tiny_config, tmp_path):
    cfg = tiny_config()
    for node in cfg.model.nodes.values():
        node.network.backbone.in_channels = 3
    cfg.data_preprocessor = dict(num_classes=10, mean=[9.0, 8.0, 7.0], std=[2.0, 3.0, 4.0])
    cfg.test_dataloader.dataset = dict(
        type='CIFAR10', data_root='nowhere', test_mode=True, pipeline=[dict(type='PackInputs')]
    )
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    torch.save(dict(state_dict=graph.state_dict()), tmp_path / 'a.pth')
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    (found,) = predict(cfg, tmp_path / 'a.pth', tmp_path / 'a.png', top=1)
    rgb = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1).float()
    inputs = (rgb - torch.tensor([9.0, 8, 7]).view(3, 1, 1)) / torch.tensor([2.0, 3, 4]).view(3, 1, 1)
    with torch.no_grad():
        expected = graph(inputs[None]).softmax(dim=1).max()
    np.testing.assert_allclose(found.scores, [expected], atol=1e-6)
    assert found.classes[0] in CIFAR10.METAINFO['classes']


def test_images_are_found(tmp_path):
    (tmp_path / 'b').mkdir()
    for name in ('c.jpg', 'b/a.TIF', 'b/notes.txt', 'b/._a.jpg'):
        (tmp_path / name).touch()
    assert [Path(name).name for name, _ in find_images(tmp_path)] == ['a.TIF', 'c.jpg']
    assert find_images([tmp_path / 'c.jpg', str(tmp_path / 'b')])[0][0] == str(tmp_path / 'c.jpg')


def test_mistakes_are_one_line(trained, tiny_config, tmp_path):
    config, checkpoint, folder = trained
    image = folder / 'train/ant/0.png'
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'none.png').write_bytes(b'no image')
    with pytest.raises(ConfigError, match=r"^node: no node is named 'net9'; did you mean 'net"):
        predict(config, checkpoint, image, 'net9')
    with pytest.raises(UserError, match=rf'^images {tmp_path}/empty: the folder holds no images; known endings: \.jpg'):
        predict(config, checkpoint, [image, tmp_path / 'empty'])
    with pytest.raises(UserError, match=r'^images nowhere: no such file or folder$'):
        predict(config, checkpoint, 'nowhere')
    with pytest.raises(UserError, match=r'^images: none are given$'):
        predict(config, checkpoint, [])
    with pytest.raises(DataError, match=rf'^{tmp_path}/none.png: cannot be read as an image \('):
        predict(config, checkpoint, [image, tmp_path / 'none.png'])
    with pytest.raises(ValueError, match=r'^top must be at least 1, got 0$'):
        predict(config, checkpoint, image, top=0)

    other = torch.load(checkpoint, weights_only=True)['state_dict']
    torch.save(dict(state_dict={key: value for key, value in other.items() if 'net1' not in key}), tmp_path / 'a.pth')
    with pytest.raises(UserError, match=r"/a.pth: lacks \d+ of the network's weights, .*; it is of another graph$"):
        predict(config, tmp_path / 'a.pth', image)
    torch.save(dict(state_dict={key: value * torch.nan for key, value in other.items()}), tmp_path / 'a.pth')
    with pytest.raises(UserError, match=r'/a.pth: the logits of net2 are not finite; the run has diverged$'):
        predict(config, tmp_path / 'a.pth', image)

    cfg, key = load_config(config), 'test_dataloader.dataset.pipeline'
    cfg.test_dataloader.dataset.pipeline[0].on_error = 'skip'  # which is for training
    with pytest.raises(DataError, match=r'/none.png: cannot be read as an image \('):
        predict(cfg, checkpoint, [image, tmp_path / 'none.png'])
    cfg.test_dataloader.dataset.pipeline = cfg.test_dataloader.dataset.pipeline[1:]
    with pytest.raises(ConfigError, match=f'^{key}: has no step that loads an image file, such as LoadImage$'):
        predict(cfg, checkpoint, image)
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImage')]
    with pytest.raises(ConfigError, match=f'^{key}: must end with a step that packs one image, such as PackInputs$'):
        predict(cfg, checkpoint, image)


def test_an_image_that_the_network_cannot_take(trained):
    config, checkpoint, folder = trained
    cfg = load_config(config)
    cfg.test_dataloader.dataset.pipeline[0].color_type = 'grayscale'
    cfg.data_preprocessor.update(mean=[0.0], std=[1.0], to_rgb=False)
    with pytest.raises(
        ConfigError, match=r'^images \S+/0\.png: \(1, 16, 16\) as channels, height and width: .+$'
    ) as caught:
        predict(cfg, checkpoint, folder / 'train')
    assert '\n' not in str(caught.value)


def test_a_loading_step_of_ones_own_is_kept(trained, own, mmpretrain_scope):
    @TRANSFORMS.register_module(force=True)
    class LoadTurned(BaseTransform):
        def transform(self, results):
            return dict(results, img=cv2.imread(results['img_path'])[::-1].copy())

    config, checkpoint, folder = trained
    cfg = load_config(config)
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadTurned')
    path = folder / 'train/cat/1.png'
    (found,) = predict(cfg, checkpoint, path, 'net1', top=1)
    np.testing.assert_allclose(found.scores, [own(cv2.imread(str(path))[::-1].copy(), 'net1').max()], atol=1e-6)


def test_a_wrapped_data_set_and_the_validation_data(trained):
    config, checkpoint, folder = trained
    cfg = load_config(config)
    expected = predict(cfg, checkpoint, folder / 'train/ant')
    cfg.test_dataloader.dataset = dict(type='RepeatDataset', dataset=cfg.test_dataloader.dataset, times=2)
    assert predict(cfg, checkpoint, folder / 'train/ant') == expected
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    assert predict(cfg, checkpoint, folder / 'train/ant') == expected


def run_tool(monkeypatch, *args):
    monkeypatch.setattr(sys, 'argv', ['predict.py', *map(str, args)])
    try:
        runpy.run_path(str(REPOSITORY / 'tools/predict.py'), run_name='__main__')
    except SystemExit as end:
        return end.code
    return 0


def test_tool(trained, monkeypatch, capsys, tmp_path):
    config, checkpoint, folder = trained
    out = tmp_path / 'found.csv'
    args = (config, checkpoint, folder / 'train', '--node', 'ensemble', '--top', '2', '--out', out)
    assert run_tool(monkeypatch, *args) == 0
    with out.open(newline='') as file:
        rows = list(csv.DictReader(file))
    predictions = predict(config, checkpoint, folder / 'train', 'ensemble', top=2)
    assert [row['image'] for row in rows] == [prediction.image for prediction in predictions]
    assert list(rows[0]) == ['image', 'class1', 'score1', 'class2', 'score2']
    assert [row['score2'] for row in rows] == [f'{prediction.scores[1]:.4f}' for prediction in predictions]
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == str(out)
    table = [line for line in printed if line.startswith('|')][2:]
    assert [line.split() for line in table] == [' '.join(['|', ' | '.join(row.values()), '|']).split() for row in rows]

    assert run_tool(monkeypatch, config, checkpoint, folder, '--node', 'nett') == 2
    assert capsys.readouterr().err.startswith("error: node: no node is named 'nett'; did you mean 'net")
