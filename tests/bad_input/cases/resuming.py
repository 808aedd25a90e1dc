"""Mistakes in what a run goes on from, and where it works."""

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Any

import torch

FOLDER = '{folder}/work'
ARGS = ['{config}', '--work-dir', FOLDER]


def train(folder: Path) -> None:
    """Leaves the folder of a run of one epoch, in a process of its own."""
    child = os.fork()
    if not child:
        with open(os.devnull, 'w') as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        try:
            from ktg_mm.apis import build_runner, load_config
            from ktg_mm.apis.training import train_runner

            train_runner(build_runner(load_config(folder / 'short.py'), folder / 'work'))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def trained(change: Any = None):
    """The folder of a run, with something done to its checkpoint."""

    def setup(folder: Path) -> None:
        train(folder)
        path = folder / 'work/epoch_1.pth'
        checkpoint = torch.load(path, weights_only=True)
        if change is not None:
            change(checkpoint)
            torch.save(checkpoint, path)

    return setup


def damaged(names: list[str]):
    """The folder of a run whose checkpoint is also there under other names, those given being damaged."""

    def setup(folder: Path) -> None:
        train(folder)
        content = (folder / 'work/epoch_1.pth').read_bytes()
        for name in ('epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth'):
            (folder / 'work' / name).write_bytes(content[:-500] if name in names else content)

    return setup


def in_use(folder: Path) -> None:
    """A folder that another process, which ends with this one, works in."""
    (folder / 'work').mkdir()
    path, parent = folder / 'work/.training.lock', os.getpid()
    ready, done = os.pipe()
    if not os.fork():
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, f'process {os.getpid()} on {socket.gethostname()}\n'.encode())
        os.write(done, b'1')
        while folder.exists() and os.getppid() == parent:
            time.sleep(0.2)
        os._exit(0)
    os.read(ready, 1)


def loader_of(change: str) -> list[str]:
    """The options that resume with a change."""
    return [*ARGS, '--resume', '--cfg-options', change]


def without(key: str):
    """Takes an entry out of a checkpoint."""
    return lambda checkpoint: checkpoint.pop(key)


CHANGES = [
    ('optim_wrapper.optimizer.lr=0.3', 'optim_wrapper.optimizer.lr'),
    ('optim_wrapper.optimizer.weight_decay=0.3', 'optim_wrapper.optimizer.weight_decay'),
    ('optim_wrapper.accumulative_counts=2', 'optim_wrapper.accumulative_counts'),
    ('optim_wrapper.clip_grad.max_norm=1', 'optim_wrapper.clip_grad'),
    ('param_scheduler.end=4', 'param_scheduler.end'),
    ('param_scheduler.eta_min=0.01', 'param_scheduler.eta_min'),
    ('train_cfg.max_epochs=3', 'train_cfg.max_epochs'),
    ('train_dataloader.batch_size=32', 'train_dataloader.batch_size'),
    ('train_dataloader.dataset.indices=96', 'train_dataloader.dataset.indices'),
    ('train_dataloader.dataset.type=FashionMNIST', 'train_dataloader.dataset.type'),
    ('train_dataloader.drop_last=True', 'train_dataloader.drop_last'),
    ('model.target=net1', 'model.target'),
    ('model.edges.net2->net1.gate.type=CutoffGate', 'model.edges.net2->net1.gate.type'),
    ('model.edges.net2->net1.loss.temperature=3.0', 'model.edges.net2->net1.loss.temperature'),
    ('model.edges.net2->net1.weight=0.5', 'model.edges.net2->net1.weight'),
    ('model.edges.label->net1.gate.type=LinearGate', 'model.edges.label->net1.gate'),
    ('model.nodes.net3.network.backbone.base_channels=32', 'model.nodes.net3.network'),
]
DAMAGES = [
    (without('optimizer'), 'holds weights alone'),
    (without('meta'), 'meta.epoch'),
    (without('message_hub'), 'message_hub'),
    (without('param_schedulers'), 'param_schedulers'),
    (lambda c: c.update(meta=[1, 2]), 'meta.epoch'),
    (lambda c: c.update(meta={}), 'meta.epoch'),
    (lambda c: c['meta'].update(epoch='one'), 'meta.epoch'),
    (lambda c: c.update(optimizer=[0.1]), 'optimizer'),
    (lambda c: c.update(message_hub='text'), 'message_hub'),
    (lambda c: c.update(state_dict=[torch.ones(1)]), 'state_dict'),
    (lambda c: c.update(state_dict={}), 'state_dict'),
    (lambda c: c['state_dict'].popitem(), 'lacks 1 of'),
    (lambda c: c.update(state_dict={f'a.{name}': value for name, value in c['state_dict'].items()}), 'another graph'),
    (lambda c: c.update(state_dict={name: torch.ones(2, 2, 2) for name in c['state_dict']}), 'another graph'),
    (lambda c: c['optimizer']['param_groups'].pop(), 'trained the nodes'),
    (lambda c: c['meta'].update(recipe='{'), 'meta.recipe'),
]

CASES = [
    *(dict(setup=trained(), args=loader_of(change), says=says) for change, says in CHANGES),
    dict(setup=trained(), args=[*ARGS, '--resume', '--amp'], says='optim_wrapper.type'),
    dict(setup=trained(), args=[*ARGS, '--resume', '{folder}/work/epoch_1.pth', '--amp'], says='optim_wrapper.type'),
    *(dict(setup=trained(change), args=[*ARGS, '--resume'], says=says) for change, says in DAMAGES),
    dict(setup=damaged(['epoch_3.pth']), args=[*ARGS, '--resume'], says='epoch_2.pth: --resume'),
    dict(setup=damaged(['epoch_3.pth', 'epoch_2.pth']), args=[*ARGS, '--resume'], says='epoch_1.pth: --resume'),
    dict(setup=damaged(['epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth']), args=[*ARGS, '--resume'], says='no other'),
    dict(setup=damaged(['epoch_2.pth']), args=[*ARGS, '--resume', '{folder}/work/epoch_2.pth'], says='epoch_2.pth'),
    dict(args=[*ARGS, '--resume', 'epoch_9.pth'], says='epoch_9.pth: no such file'),
    dict(args=[*ARGS, '--resume', '{folder}'], says='is a folder'),
    dict(args=[*ARGS, '--resume', 'torchvision://resnet18x'], says='torchvision://resnet18x'),
    dict(args=[*ARGS, '--resume', 'http://localhost:1/x.pth'], says='http://localhost:1/x.pth'),
    dict(args=[*ARGS, '--resume', 's3://bucket/x.pth'], says='s3://bucket/x.pth'),
    dict(config='resume = 3', says='resume'),
    dict(config='resume = dict(path=1)', says='resume'),
    dict(config="resume = 'yes'", says='resume'),
    dict(args=[*ARGS, '--resumed'], says='--resumed'),
    dict(setup=in_use, says='is in use by process'),
    dict(setup=in_use, args=[*ARGS, '--resume'], says='is in use by process'),
]
