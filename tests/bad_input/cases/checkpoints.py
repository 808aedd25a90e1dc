"""Mistakes in the checkpoints that a run begins with, that a network begins with, and that are tested."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch


def file(name: str, content: Any):
    """Writes a file: bytes or text as they are, anything else as torch saves it."""

    def write(folder: Path) -> None:
        path = folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        else:
            torch.save(content, path)

    return write


def zipped(change: Any):
    """Writes ``a.pth``: a checkpoint of torch's, whose bytes are then changed."""

    def write(folder: Path) -> None:
        torch.save(dict(state_dict=dict(weight=torch.arange(2000.0)), meta=dict(epoch=1)), folder / 'a.pth')
        content = bytearray((folder / 'a.pth').read_bytes())
        (folder / 'a.pth').write_bytes(change(content) or content)

    return write


def flip(place: float):
    """Changes one bit of a file, at a share of its length."""

    def change(content: bytearray) -> None:
        content[int(place * len(content))] ^= 1

    return change


class _RunsCode:
    def __reduce__(self):
        return os.system, ('touch harm',)


OWN = {f'nodes.net{i}.network.head.fc.bias': torch.zeros(10) for i in (1, 2, 3)}
WEIGHTS = dict(state_dict=OWN, meta=dict(epoch=1, iter=1))

# The name of a file, what makes it, what is said.
FILES = [
    ('missing.pth', None, 'missing.pth: no such file'),
    ('work_dirs/ens_3node_digits/epoch_300.pth', None, 'epoch_300.pth: no such file'),
    ('folder', lambda folder: (folder / 'folder').mkdir(), 'folder: is a folder'),
    ('a.pth', lambda folder: (folder / 'a.pth').symlink_to('gone.pth'), 'a.pth: no such file'),
    ('empty.pth', file('empty.pth', b''), 'empty.pth: cannot be read'),
    ('zeros.pth', file('zeros.pth', bytes(5000)), 'zeros.pth: cannot be read'),
    ('notes.txt', file('notes.txt', 'epoch 3: 97 %\n'), 'notes.txt: cannot be read'),
    ('results.json', file('results.json', json.dumps(dict(epoch=1))), 'results.json: corrupt'),
    ('page.pth', file('page.pth', '<!DOCTYPE html><html>404</html>'), 'page.pth: corrupt'),
    ('pointer.pth', file('pointer.pth', 'version https://git-lfs.github.com/spec/v1\n'), 'pointer.pth: corrupt'),
    ('a.pth', zipped(lambda content: content[: len(content) // 2]), 'a.pth: cannot be read'),
    ('a.pth', zipped(lambda content: content[:-1]), 'a.pth: cannot be read'),
    ('a.pth', zipped(flip(0.5)), 'a.pth: cannot be read, the file is truncated or corrupt'),
    ('a.pth', zipped(flip(0.3)), 'a.pth: cannot be read, the file is truncated or corrupt'),
    ('a.pth', file('a.pth', pickle.dumps(dict(state_dict={}, run=_RunsCode()))), 'not safe to load'),
    ('a.pth', file('a.pth', dict(state_dict={}, run=_RunsCode())), 'not safe to load'),
    ('a.pth', file('a.pth', torch.nn.Linear(2, 2)), 'not safe to load'),
    ('a.pth', file('a.pth', [torch.ones(2)]), 'a.pth: holds a list'),
    ('a.pth', file('a.pth', torch.ones(2)), 'a.pth: holds a Tensor'),
    ('a.pth', file('a.pth', {}), 'a.pth: it holds no weights'),
    ('a.pth', file('a.pth', dict(epoch=3, accuracy=97.5)), 'a.pth: it holds no weights'),
    ('a.pth', file('a.pth', dict(state_dict=[torch.ones(2)])), 'a.pth: its state_dict holds no weights'),
    ('a.pth', file('a.pth', dict(state_dict={})), 'a.pth: its state_dict holds no weights'),
    ('a.pth', file('a.pth', dict(state_dict=None)), 'a.pth: its state_dict holds no weights'),
    ('a.pth', file('a.pth', dict(state_dict={'conv1.weight': torch.ones(3)})), 'it is of another graph'),
    ('a.pth', file('a.pth', {'backbone.conv1.weight': torch.ones(3)}), 'it is of another graph'),
    ('a.pth', file('a.pth', {name: value[:7] for name, value in OWN.items()}), 'it is of another graph'),
    ('s3://bucket/a.pth', None, 's3://bucket/a.pth: cannot be loaded'),
    ('gs://bucket/a.pth', None, 'bucket/a.pth: no such file'),
    ('torchvision://resnet1', None, 'torchvision://resnet1: no model of this name'),
    ('open-mmlab://resnet', None, 'open-mmlab://resnet: no model of this name'),
    ('mmcls://resnet', None, 'mmcls://resnet: no model of this name'),
    ('http://localhost:1/x.pth', None, 'http://localhost:1/x.pth: cannot be loaded'),
    ('https://', None, 'https://: cannot be loaded'),
]
OPTIONS = ['{config}', '--work-dir', '{folder}/work']

# What one node begins with.
NET1 = 'model.nodes.net1'
NODES = [
    (dict(checkpoint='missing.pth'), None, f'{NET1}.checkpoint'),
    (dict(checkpoint='folder'), lambda folder: (folder / 'folder').mkdir(), f'{NET1}.checkpoint'),
    (dict(checkpoint='a.pth'), zipped(flip(0.5)), f'{NET1}.checkpoint'),
    (dict(checkpoint='a.pth'), file('a.pth', dict(state_dict=3)), f'{NET1}.checkpoint'),
    (dict(checkpoint='a.pth'), file('a.pth', WEIGHTS), f'{NET1}.checkpoint'),
    (dict(checkpoint='a.pth', prefix='nodes.net1.network.'), file('a.pth', WEIGHTS), f'{NET1}.checkpoint'),
    (dict(checkpoint='a.pth', prefix='nodes.nett1.'), file('a.pth', WEIGHTS), f'{NET1}.checkpoint'),
    (dict(checkpoint='torchvision://resnet8'), None, f'{NET1}.checkpoint'),
    (dict(checkpoint='http://localhost:1/x.pth'), None, f'{NET1}.checkpoint'),
    (dict(checkpoint='s3://bucket/x.pth'), None, f'{NET1}.checkpoint'),
    (dict(network=dict(pretrained='missing.pth')), None, f'{NET1}.network.pretrained'),
    (
        dict(network=dict(init_cfg=dict(type='Pretrained', checkpoint='missing.pth'))),
        None,
        f'{NET1}.network.init_cfg.checkpoint',
    ),
    (
        dict(network=dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='missing.pth')))),
        None,
        f'{NET1}.network.backbone.init_cfg.checkpoint',
    ),
    (
        dict(network=dict(backbone=dict(init_cfg=[dict(type='Pretrained', checkpoint='open-mmlab://none')]))),
        None,
        f'{NET1}.network.backbone.init_cfg.checkpoint',
    ),
    (
        dict(network=dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='a.pth', prefix='backbone')))),
        file('a.pth', WEIGHTS),
        f'{NET1}.network.backbone.init_cfg.checkpoint',
    ),
]

CASES = [
    *(
        dict(args=[*OPTIONS, '--load-from', name], says=says, **(dict(setup=setup) if setup else {}))
        for name, setup, says in FILES
    ),
    *(
        dict(tool='test', args=['{config}', name], says=says, **(dict(setup=setup) if setup else {}))
        for name, setup, says in FILES
    ),
    dict(tool='test', args=['{config}', 'a.pth'], setup=file('a.pth', WEIGHTS), says='lacks '),
    dict(tool='test', args=['{config}'], says='checkpoint'),
    *(
        dict(config=f'load_from = {name!r}', says=says, **(dict(setup=setup) if setup else {}))
        for name, setup, says in FILES[:3]
    ),
    dict(config='load_from = 3', says='load_from'),
    dict(config="load_from = ['a.pth', 'b.pth']", says='load_from'),
    dict(config='load_from = True', says='load_from'),
    *(
        dict(config=f'model = dict(nodes=dict(net1={node}))', says=says, **(dict(setup=setup) if setup else {}))
        for node, setup, says in NODES
    ),
    *(
        dict(config=f'default_hooks = dict(checkpoint=dict(_delete_=True, {hook}))', says=says)
        for hook, says in (
            ("type='CheckpointHook', intervall=2", 'interval'),
            ("type='CheckpointHok'", 'default_hooks.checkpoint'),
            ("type='CheckpointHook', save_best=3", 'save_best'),
        )
    ),
    dict(config="custom_hooks = [dict(type='CheckpointHook', every=2)]", says='every'),
    dict(config="default_hooks = dict(checkpoint=dict(rule='bigger'))", says='default_hooks.checkpoint'),
    dict(config='default_hooks = dict(checkpoint=dict(save_begin=-3))', says='save_begin'),
]
