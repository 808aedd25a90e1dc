"""Training by several processes, in processes of their own."""

import subprocess
import sys

import pytest
import torch

SCRIPT = """
import sys
import warnings
from datetime import timedelta

warnings.simplefilter('ignore')
import torch
import torch.distributed as dist
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph


def train(update):
    torch.manual_seed(0)
    network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead'))
    graph = KnowledgeTransferGraph(
        nodes={name: dict(type='NetworkNode', network=network, allow_random=True)
               for name in ('net1', 'net2', 'teacher', 'mean')},
        edges={
            'label->net1': dict(loss=dict(type='CrossEntropy')),
            'label->net2': dict(loss=dict(type='CrossEntropy')),
            'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net1->net2': dict(loss=dict(type='KLDivergence')),
            'teacher->net1': dict(loss=dict(type='KLDivergence', temperature=2.0)),
            'net1->mean': dict(type='EMAEdge', decay=0.5),
        },
        target='net1', update=dict(type=update), data_preprocessor=dict(type='BaseDataPreprocessor')).double()
    model = graph
    if world_size > 1:
        if rank:  # another start, which the wrapper must replace by the first process's
            for parameter in graph.parameters():
                parameter.data.add_(1.0)
        model = GraphDistributedDataParallel(graph, device_ids=None, broadcast_buffers=False)
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-3))
    generator = torch.Generator().manual_seed(1)
    for step in range(3):
        images = torch.rand(8, 1, 32, 32, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (8,), generator=generator)
        part = slice(rank, None, world_size)
        samples = [DataSample().set_gt_label(int(label)) for label in labels[part]]
        model.train_step(dict(inputs=images[part], data_samples=samples), wrapper)
    return graph.state_dict()


torch.set_num_threads(1)
rank, world_size, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if world_size > 1:
    store = dist.FileStore(f'{folder}/store', world_size)
    dist.init_process_group('gloo', store=store, rank=rank, world_size=world_size, timeout=timedelta(seconds=60))
states = {update: train(update) for update in ('SimultaneousUpdate', 'SequentialUpdate')}
torch.save(states, f'{folder}/{rank}_of_{world_size}.pth')
if world_size > 1:
    dist.destroy_process_group()
"""


@pytest.fixture(scope='module')
def states(tmp_path_factory):
    """Weights after training alone, and those of two processes, each with half of every batch; by update."""
    folder = tmp_path_factory.mktemp('processes')
    (folder / 'script.py').write_text(SCRIPT)
    jobs = [('0', '1'), ('0', '2'), ('1', '2')]
    processes = [
        subprocess.Popen([sys.executable, folder / 'script.py', *job, folder], stderr=subprocess.PIPE, text=True)
        for job in jobs
    ]
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    return [torch.load(folder / f'{rank}_of_{world_size}.pth') for rank, world_size in jobs]


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate'])
def test_two_processes_equal_one_with_the_whole_batch(update, states):
    alone, first, second = (state[update] for state in states)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-9, atol=1e-9)


def test_the_updates_differ(states):
    one, other = states[0].values()
    assert not torch.allclose(
        one['nodes.net2.network.backbone.classifier.0.weight'],
        other['nodes.net2.network.backbone.classifier.0.weight'],
        rtol=1e-6,
    )
