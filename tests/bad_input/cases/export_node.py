"""Mistakes with tools/export_node.py."""

import torch

PLAIN = """
network = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=32, loss=dict(type='CrossEntropyLoss')),
)
model = dict(nodes=dict(net1=dict(_delete_=True, type='NetworkNode', network=network)))
"""

# Leaks of random slopes, which ONNX does not have; and images of files that keep their size.
RANDOM = """
model['nodes']['net1']['network']['head'] = dict(
    type='StackedLinearClsHead', num_classes=10, in_channels=32, mid_channels=[16], act_cfg=dict(type='RReLU')
)
"""
SIZES = """
pipeline = [dict(type='LoadImage', color_type='grayscale'), dict(type='PackInputs')]
test_dataloader = dict(
    dataset=dict(_delete_=True, type='CustomDataset', data_root='.', metainfo=dict(classes=list('0123456789')),
                 pipeline=pipeline)
)
"""


def checkpoint(folder, change=lambda name, value: value):
    """The weights of the config's graph as they are before training, or what ``change`` makes of them."""
    from mmpretrain.registry import MODELS

    from ktg_mm.apis import load_config

    cfg = load_config(folder / 'config.py')
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.get('data_preprocessor')))
    weights = {name: change(name, value) for name, value in graph.state_dict().items()}
    torch.save(
        dict(state_dict={name: value for name, value in weights.items() if value is not None}), folder / 'run.pth'
    )


def without_heads(folder):
    """Weights of backbones alone."""
    checkpoint(folder, lambda name, value: None if 'head' in name else value)


def of_other_shapes(folder):
    """Weights of narrower networks."""
    checkpoint(folder, lambda name, value: value[:1] if value.dim() else value)


def a_folder(folder):
    """The folder to write is there, with something in it."""
    checkpoint(folder)
    (folder / 'out').mkdir()
    (folder / 'out' / 'notes.txt').write_text('mine')


def a_file(folder):
    """A file is where the folder is to be."""
    checkpoint(folder)
    (folder / 'out').write_text('mine')


def nothing(folder):
    """No checkpoint."""


def case(*arguments, says, out='{folder}/out', **more):
    """The tool on a graph whose first network is mmpretrain's."""
    args = ['{config}', 'run.pth', '--out', out, *arguments]
    return dict(dict(tool='export_node', config=PLAIN, args=args, says=says, setup=checkpoint), **more)


CASES = [
    case('--node', 'net9', says='--node net9'),
    case('--node', 'ensembl', says="--node ensembl: the graph has no such node; did you mean 'ensemble'?"),
    case('--node', '', says='--node'),
    case('--node', 'net1', says='checkpoint run.pth: no such file', setup=nothing),
    case('--node', 'net1', says='checkpoint run.pth: lacks', setup=without_heads),
    case('--node', 'net1', says='checkpoint run.pth:', setup=of_other_shapes),
    case('--node', 'net1', says='--out', setup=a_folder),
    case('--node', 'net1', says='--out', setup=a_file),
    case('--node', 'net1', says='--out', setup=a_file, out='{folder}/out/below'),
    case('--node', 'net1', '--stage', 'gen0', says='--stage'),
    case('--node', 'net1', says='model.type', config='model = dict(_delete_=True, **_base_.resnet8)'),
    case(
        '--node', 'net1', says='test_dataloader.dataset.pipeline[0].type',
        config=PLAIN + "crop = dict(type='PadRandomCrop', crop_size=8, padding=1)\n"
        "test_dataloader = dict(dataset=dict(pipeline=[crop, dict(type='PackInputs')]))",
    ),
    case(
        '--node', 'net1', '--onnx', config=PLAIN + RANDOM,
        says='--onnx: ONNX lacks the operation aten.rrelu_with_noise_functional, which the network takes; leave --onnx '
        'out, or take --torch-export',
    ),
    case(
        '--node', 'net1', '--onnx', config=PLAIN + "import sys\nsys.modules['onnxruntime'] = None\n",
        says="--onnx: onnxruntime: not installed; pip install 'ktg_mm[onnx]'",
    ),
    case(
        '--node', 'net1', '--torch-export', config=PLAIN + SIZES,
        says='test_dataloader.dataset.pipeline: makes images of several sizes; --onnx and --torch-export need one',
    ),
    dict(tool='export_node', args=['{config}', 'run.pth'], says='--out'),
    dict(tool='export_node', args=['{config}', '--out', 'out'], says='checkpoint'),
]  # fmt: skip
