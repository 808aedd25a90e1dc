import importlib.util
import io
import json

import onnxruntime
import pytest
import torch
from torch import nn

from ktg_mm.apis import traced_network
from ktg_mm.apis.traced_network import TracedNetwork, check_onnx_packages, input_shape
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.nodes.build_network import build_network

NETWORK = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0], to_rgb=True, pad_size_divisor=4),
    backbone=dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=1),
    neck=dict(type='GlobalAveragePooling'),
)
HEAD = dict(type='LinearClsHead', num_classes=3, in_channels=8)
ABOUT = dict(classes=['a', 'b', 'ü'], inside=dict(mean=[1.0]))
PACK = dict(type='PackInputs')


def traced(head=HEAD, option='--torch-export'):
    torch.manual_seed(0)
    network = build_network(dict(NETWORK, head=head))
    return network.eval(), TracedNetwork(network, (3, 6, 7), option)


@pytest.fixture(scope='module')
def resnet(mmpretrain_scope_of_module):
    return traced()


@pytest.fixture(scope='module')
def mmpretrain_scope_of_module():
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def images(number):
    return torch.randint(0, 256, (number, 3, 6, 7), generator=torch.Generator().manual_seed(9)).float()


@torch.no_grad()
def logits_of(network, number):
    return network(network.data_preprocessor(dict(inputs=images(number)))['inputs'], mode='tensor')


@pytest.mark.slow
def test_onnx_is_the_network_with_its_preprocessing(resnet, tmp_path):
    network, program = resnet
    program.save_onnx(tmp_path / 'a.onnx', ABOUT)
    session = onnxruntime.InferenceSession(str(tmp_path / 'a.onnx'), providers=['CPUExecutionProvider'])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ('images', 'tensor(float)', ['batch', 3, 6, 7])
    assert (made.name, made.type, made.shape) == ('logits', 'tensor(float)', ['batch', 3])
    said = session.get_modelmeta().custom_metadata_map
    assert {key: json.loads(value) for key, value in said.items()} == ABOUT
    for number in (1, 5):
        found = torch.from_numpy(session.run(None, dict(images=images(number).numpy()))[0])
        assert float((found - logits_of(network, number)).abs().max()) <= 1e-4


def test_torch_export_likewise(resnet, tmp_path):
    network, program = resnet
    program.save(tmp_path / 'a.pt2', ABOUT)
    extra = {'about.json': ''}
    module = torch.export.load(io.BytesIO((tmp_path / 'a.pt2').read_bytes()), extra_files=extra).module()
    assert json.loads(extra['about.json']) == ABOUT
    for number in (1, 5):
        assert float((module(images(number)) - logits_of(network, number)).abs().max()) <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize('save, option', [('save', '--torch-export'), ('save_onnx', '--onnx')])
def test_a_file_that_gives_something_else_is_refused(resnet, tmp_path, monkeypatch, save, option):
    program = resnet[1]
    monkeypatch.setattr(program, 'whole', lambda images: torch.full((len(images), 3), 0.7))
    with pytest.raises(UserError, match=rf'^{option}: a batch of 1 gives other logits than the network, [^\n]*0e-04;'):
        getattr(program, save)(tmp_path / 'a', ABOUT)


@pytest.mark.parametrize('found, says', [((1, 3), 'nan beside them'), ((1, 2), r'shape \(1, 2\) for \(1, 3\)')])
def test_neither_are_others_it(resnet, found, says):
    with pytest.raises(UserError, match=f'gives other logits than the network, {says}'):
        resnet[1]._check('--onnx', lambda images: torch.full(found, torch.nan))


@pytest.mark.slow
def test_an_operation_that_onnx_lacks(mmpretrain_scope, tmp_path):
    head = dict(type='StackedLinearClsHead', num_classes=3, in_channels=8, mid_channels=[4], act_cfg=dict(type='RReLU'))
    _, program = traced(head)
    says = (
        r'^--onnx: ONNX lacks the operation aten\.rrelu\w+, which the network takes; leave --onnx out, or take --torch-'
    )
    with pytest.raises(UserError, match=says):
        program.save_onnx(tmp_path / 'a.onnx', ABOUT)
    program.save(tmp_path / 'a.pt2', ABOUT)  # which has it


class Looks(nn.Module):
    """A classifier that looks at the values."""

    data_preprocessor = staticmethod(dict)

    def forward(self, inputs, mode):
        return inputs.mean(dim=(2, 3)) if inputs.sum() > 0 else inputs.amax(dim=(2, 3))


def test_a_network_that_looks_at_values_cannot_be_traced():
    with pytest.raises(UserError, match=r'^--onnx: the network cannot be traced: [^\n]+; leave --onnx out$'):
        TracedNetwork(Looks(), (3, 6, 7), '--onnx')


def test_a_fixed_batch_cannot_be_traced():
    class Fixed(Looks):
        def forward(self, inputs, mode):
            return inputs.reshape(2, -1)

    with pytest.raises(UserError, match=r'^--torch-export: the network cannot be traced: [^\n]+$'):
        TracedNetwork(Fixed(), (3, 6, 7))


def test_missing_packages(monkeypatch):
    check_onnx_packages()
    find = importlib.util.find_spec
    missing = {'onnx', 'onnxscript'}
    monkeypatch.setattr(
        traced_network.importlib.util, 'find_spec', lambda name: None if name in missing else find(name)
    )
    with pytest.raises(UserError, match=r"^--onnx: onnx, onnxscript: not installed; pip install 'ktg_mm\[onnx\]'$"):
        check_onnx_packages()


def test_shapes_of_pipelines(mmpretrain_scope):
    load = dict(type='LoadImageFromFile')
    crop = [load, dict(type='ResizeEdge', scale=256, edge='short'), dict(type='CenterCrop', crop_size=224), PACK]
    assert input_shape(crop, 'key') == (3, 224, 224)
    grey = dict(type='RandomGrayscale', prob=1.0, channel_weights=(29, 150, 77))
    assert input_shape([load, grey, dict(type='Resize', scale=(8, 9)), PACK], 'key') == (1, 9, 8)
    with pytest.raises(ConfigError, match=r'^test_dataloader\.dataset\.pipeline: makes images of several sizes'):
        input_shape([load, PACK], 'test_dataloader.dataset.pipeline')
