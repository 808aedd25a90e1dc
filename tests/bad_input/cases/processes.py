"""Mistakes in hooks that a graph needs, in what launchers tell processes, and folders and memory that are refused."""

PLACE = dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0', MASTER_ADDR='127.0.0.1', MASTER_PORT='29511')
LAUNCHED = ['{config}', '--work-dir', '{folder}/work', '--launcher', 'pytorch']


def place(says, *without, **changes):
    """What torchrun would have said, changed."""
    said = {name: value for name, value in {**PLACE, **changes}.items() if name not in without}
    return dict(args=LAUNCHED, environ=said, says=says)


def folder(path, says='--work-dir'):
    """A work folder that cannot be."""
    return dict(args=['{config}', '--work-dir', path], says=says, setup=lambda folder: (folder / 'file').touch())


FAULTY = """
from mmpretrain.registry import DATASETS
from ktg_mm.datasets import Digits
import os, signal, time


@DATASETS.register_module(force=True)
class Faulty(Digits):
    def __init__(self, fault, **options):
        self.fault = fault
        super().__init__(**options)

    def prepare_data(self, idx):
        if self.fault == 'killed':
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == 'ended':
            os._exit(1)
        if self.fault == 'late':
            time.sleep(60)
        if self.fault == 'memory':
            raise MemoryError
        if self.fault == 'files':
            raise OSError(24, 'Too many open files')
        if self.fault == 'unreadable':
            raise PermissionError(13, 'Permission denied', 'x.png')
        return super().prepare_data(idx)
"""


def worker(fault, says, loader='train', **options):
    """A data set whose samples cannot be had; data alone show it."""
    set_up = ''.join(f', {name}={value}' for name, value in options.items())
    config = (
        "custom_imports = dict(imports=_base_.custom_imports.imports + ['faulty_digits'])\n"
        f"{loader}_dataloader = dict(num_workers=1{set_up}, dataset=dict(type='Faulty', fault='{fault}'))\n"
    )

    def write(folder):
        (folder / 'faulty_digits.py').write_text(FAULTY)
        __import__('sys').path.insert(0, str(folder))

    return dict(config=config, says=says, setup=write, data=True)


CASES = [
    dict(config='default_hooks = dict(runtime_info=None)', says='default_hooks.runtime_info'),
    dict(config='default_hooks = dict(sampler_seed=None)', says='default_hooks.sampler_seed'),
    dict(config='default_hooks = dict(param_scheduler=None)', says='default_hooks.param_scheduler'),
    dict(config="default_hooks = dict(runtime_info=dict(type='LoggerHook'))", says='default_hooks.runtime_info'),
    dict(config="default_hooks = dict(sampler_seed=dict(type='SeedHook'))", says='default_hooks.sampler_seed'),
    dict(config="default_hooks = dict(param_scheduler=dict(type='EMAHook'))", says='default_hooks.param_scheduler'),
    dict(config="custom_hooks = dict(type='SeedHook')", says='custom_hooks'),
    dict(config="custom_hooks = ['SeedHook']", says='custom_hooks'),
    dict(config="custom_hooks = [[dict(type='SeedHook')]]", says='custom_hooks'),
    dict(config='custom_hooks = [None]', says='custom_hooks'),
    dict(config='custom_hooks = 3', says='custom_hooks'),
    dict(config="custom_hooks = [dict(type='ProgresHook')]", says='custom_hooks'),
    dict(config='custom_hooks = [dict(priority=3)]', says='custom_hooks'),
    dict(config='default_hooks = []', says='default_hooks'),
    dict(config="default_hooks = ['LoggerHook']", says='default_hooks'),
    place('RANK', RANK='1'),
    place('RANK', RANK='7', WORLD_SIZE='2'),
    place('RANK', RANK='-1'),
    place('RANK', RANK='first'),
    place('RANK', RANK=''),
    place('RANK', 'RANK'),
    place('WORLD_SIZE', WORLD_SIZE='two'),
    place('WORLD_SIZE', WORLD_SIZE='0'),
    place('WORLD_SIZE', 'WORLD_SIZE'),
    place('MASTER_ADDR', MASTER_ADDR=''),
    place('MASTER_ADDR', MASTER_ADDR='http://node1:29500'),
    place('MASTER_ADDR', MASTER_ADDR='two words'),
    place('MASTER_ADDR', MASTER_ADDR='node.of.no.name.invalid'),
    place('MASTER_ADDR', 'MASTER_ADDR'),
    place('MASTER_PORT', MASTER_PORT='ssh'),
    place('MASTER_PORT', MASTER_PORT='0'),
    place('MASTER_PORT', MASTER_PORT='65536'),
    place('MASTER_PORT', 'MASTER_PORT'),
    dict(args=LAUNCHED, says='torchrun'),
    dict(args=[*LAUNCHED[:-1], 'slurm'], says='slurm'),
    dict(args=[*LAUNCHED[:-1], 'mpi'], says='mpi'),
    folder('{folder}/file'),
    folder('{folder}/file/below'),
    folder('{folder}/config.py'),
    folder('/proc/run'),
    folder('/sys/run'),
    folder('/dev/null'),
    folder('/dev/full/run'),
    folder('{folder}/' + 'a' * 300),
    folder('{folder}/' + 'deep/' * 2000),
    worker('killed', 'train_dataloader.num_workers'),
    worker('killed', 'val_dataloader.num_workers', 'val'),
    worker('ended', 'train_dataloader.num_workers'),
    worker('late', 'train_dataloader.timeout', timeout=1),
    worker('memory', 'train_dataloader.batch_size'),
    worker('memory', 'val_dataloader.batch_size', 'val'),
    worker('files', 'train_dataloader.num_workers'),
    worker('unreadable', 'x.png'),
]
