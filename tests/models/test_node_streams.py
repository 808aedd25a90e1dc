"""Streams that are made up, whose waits are looked at: who reads what has been written must have waited for it."""

from contextlib import contextmanager

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ktg_mm.models.node_streams import NodeStreams


class RaceError(Exception):
    """A stream that reads what another one may still be writing."""


class Stream:
    """Knows the calls that are done for sure when its next one begins."""

    def __init__(self):
        self.done = set()

    def wait_stream(self, other):
        self.done |= other.done


class Device(TorchDispatchMode):
    """Runs each call on the present one of several streams, and finds races between them."""

    def __init__(self):
        super().__init__()
        self.present = self.main = Stream()
        self.used = set()
        self._writers, self._kept = {}, []

    def current(self):
        return self.present

    @contextmanager
    def on(self, stream):
        before, self.present = self.present, stream
        yield
        self.present = before

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.is_view:  # reads and writes no memory
            return func(*args, **(kwargs or {}))
        call = len(self._kept)
        self.used.add(self.present)
        for tensor in tree_leaves((args, kwargs or {})):
            if isinstance(tensor, Tensor):
                writer = self._writers.get(tensor.untyped_storage()._cdata)
                if writer is not None and writer not in self.present.done:
                    raise RaceError(str(func))
        out = func(*args, **(kwargs or {}))
        self._kept.append((args, kwargs, out))  # else their memory would be another tensor's
        for tensor in [*tree_leaves(out), *(tree_leaves(args) if func._schema.is_mutable else ())]:
            if isinstance(tensor, Tensor):
                self._writers[tensor.untyped_storage()._cdata] = call
        self.present.done.add(call)
        return out


def graph_of(toys, joint):
    nodes = {name: toys.node('abn', allow_random=True) for name in ('net1', 'net2', 'teacher')}
    nodes['vote'] = dict(type='EnsembleNode', members=['net1', 'net2'])
    nodes['late'] = toys.node()
    views = dict(source='weak', target='strong')
    edges = {
        'label->net1': toys.label(views=dict(target='weak'), samples='labeled'),
        'label->net2': toys.label(views=dict(target='weak'), samples='labeled'),
        'label->late': toys.label(views=dict(target='strong'), samples='labeled'),
        'teacher->net1': toys.kl(views=views, samples='unlabeled'),
        'vote->net2': toys.kl(views=views, samples='unlabeled'),
        'net2->late': toys.kl(views=views),
    }
    return toys.build(nodes, edges, joint_views=joint)


def values_of(graph, batch):
    samples = graph.samples_of(batch['data_samples'])
    return {key: value.loss for key, value in graph.edge_values(batch['inputs'], samples, list(graph.nodes)).items()}


@pytest.fixture
def batch(toys):
    batch = toys.batch()
    batch['inputs'] = dict(weak=batch['inputs'], strong=1 - batch['inputs'])
    for sample in batch['data_samples'][2:]:
        sample.set_gt_label(-1)
    return batch


@pytest.mark.parametrize('joint', [False, True])
def test_nodes_run_side_by_side_and_are_waited_for(toys, batch, joint):
    graph, device = graph_of(toys, joint), Device()
    with torch.no_grad():
        expected = values_of(graph_of(toys, joint), batch)
        streams = {name: Stream() for name in graph.nodes}
        graph.streams = NodeStreams(streams, device.current, device.on)
        with device:
            found = values_of(graph, batch)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert {name for name, stream in streams.items() if stream in device.used} == {'net1', 'net2', 'teacher', 'late'}
    net1, net2 = (streams[name].done for name in ('net1', 'net2'))
    assert not (net1 <= net2 or net2 <= net1)  # none waits for the other


@pytest.mark.parametrize('missing', ['fork', 'join'])
def test_a_wait_that_is_missing_is_found(toys, batch, monkeypatch, missing):
    graph, device = graph_of(toys, True), Device()
    streams = {name: Stream() for name in graph.nodes}
    of_nodes = set(streams.values())
    graph.streams = NodeStreams(streams, device.current, device.on)
    wait = Stream.wait_stream

    def wait_for_some(self, other):
        if (self in of_nodes) != (missing == 'fork'):
            wait(self, other)

    monkeypatch.setattr(Stream, 'wait_stream', wait_for_some)
    with torch.no_grad(), pytest.raises(RaceError), device:
        values_of(graph, batch)


def test_modules_that_are_shared_run_on_one_stream(toys):
    """What one node has made of them another one reads."""
    nodes = dict(net1=toys.node(), net2=toys.node(share=dict(node='net1', modules=['backbone.conv1'])))
    graph, device = toys.build(nodes, {f'label->{name}': toys.label() for name in nodes}), Device()
    graph.streams = NodeStreams({name: Stream() for name in nodes}, device.current, device.on)
    batch = toys.batch()
    with torch.no_grad(), device:
        values_of(graph, batch)
    assert device.used == {device.main}
