"""A GPU does what a CPU does; where there is none, what can be is run on the CPU."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.optim import AmpOptimWrapper

from ktg_mm.engine.optimizers import AutocastOptimWrapper

HIDDEN = pytest.mark.skipif(not torch.cuda.is_available(), reason='hidden here; test_gpu.py runs it')
REPOSITORY = Path(__file__).parents[2]
EXACT = {'randomness.deterministic': True, 'env_cfg.cudnn_benchmark': False}


def everything(toys, **arguments):
    """Distillation, mutual learning, four gates, attention, an ensemble, a moving average."""
    nodes = {name: toys.node('abn', allow_random=True) for name in ('net1', 'net2', 'teacher', 'mean')}
    both = dict(loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='CorrectGate'))
    apart = dict(loss=[dict(type='ProbabilityCosine'), dict(type='AttentionCosine')])
    return toys.build(
        nodes | dict(vote=dict(type='EnsembleNode', members=['net1', 'net2'])),
        {
            'label->net1': toys.label(dict(type='CorrectGate')),
            'label->net2': toys.label(dict(type='LinearGate')),
            'teacher->net1': toys.kl(temperature=4.0),
            'net2->net1': both,
            'net1->net2': apart | dict(gate=dict(type='SineGate', frequency=0.5, phase=1.0)),
            'vote->net2': toys.kl(dict(type='NegativeLinearGate')),
            'mean->net1': toys.kl(),
            'net1->mean': dict(type='EMAEdge', decay=0.9),
        },
        **arguments,
    )


def test_steps_as_on_the_cpu(toys, device):
    logs, states = [], []
    for place in ('cpu', device):
        graph = everything(toys).to(place)
        graph.progress = 0.3
        wrapper = toys.sgd(graph)
        steps = [graph.train_step(toys.batch(seed=seed), wrapper) for seed in range(3)]
        logs.append([{name: float(value) for name, value in step.items()} for step in steps])
        states.append({name: value.cpu() for name, value in graph.state_dict().items()})
        assert {value.device.type for value in graph.state_dict().values()} == {place}
    assert logs[1] == [pytest.approx(step, rel=1e-6) for step in logs[0]]
    torch.testing.assert_close(states[1], states[0], rtol=1e-6, atol=1e-8)


def test_predictions_as_on_the_cpu(toys, device):
    scores = []
    for place in ('cpu', device):
        graph = everything(toys).eval().to(place)
        with torch.no_grad():
            samples = graph.test_step(toys.batch())
        scores.append(torch.stack([sample.node_scores for sample in samples]))
        assert scores[-1].device.type == 'cpu'
    torch.testing.assert_close(scores[1], scores[0], rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
@HIDDEN
def test_a_step_does_not_wait_for_the_gpu(toys):
    graph = everything(toys, double=False, data_preprocessor=dict(type='GraphDataPreprocessor')).to('cuda')
    wrapper = toys.sgd(graph)
    # The loader's images go to the GPU before the step, and waiting for that copy is no part of it.
    batch = graph.data_preprocessor(toys.batch(double=False), training=True)
    for mode in ('default', 'error'):  # the first step makes what the optimiser keeps
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode(mode)
        try:
            values = graph.update(graph, graph, batch, wrapper)
            for average in graph.averages:
                average.step()
        finally:
            torch.cuda.set_sync_debug_mode('default')
    assert all(value.loss.isfinite() for value in values.values())


def trained(runner):
    """The weights after a run, on the CPU, with what must hold of any."""
    runner.train()
    weights = {name: value.cpu() for name, value in runner.model.state_dict().items()}
    assert all(value.isfinite().all() for value in weights.values() if value.is_floating_point())
    assert {value.dtype for value in weights.values()} == {torch.float32, torch.int64}
    return weights


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def is_on(runner, device):
    return {weight.device.type for weight in runner.model.parameters()} == {device}


@pytest.mark.slow
def test_mixed_precision(tiny_runner, device):
    plain, amp = trained(tiny_runner(work_dir='plain')), tiny_runner(amp=True, work_dir='amp')
    weights = trained(amp)
    assert is_on(amp, device) and type(amp.optim_wrapper) is AutocastOptimWrapper
    assert not same(plain, weights)
    worst = max(float((plain[name] - weights[name]).abs().max()) for name in plain if 'fc.weight' in name)
    assert worst < 0.1


@pytest.mark.gpu
@HIDDEN
@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_mixed_precision_of_mmengine(tiny_runner, dtype):
    wrapper = {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': dtype}
    wrapper |= {'default_hooks.checkpoint.max_keep_ckpts': -1}
    runner = tiny_runner(wrapper)
    trained(runner)
    assert is_on(runner, 'cuda') and type(runner.optim_wrapper) is AmpOptimWrapper
    resumed = tiny_runner(wrapper, work_dir='resumed', resume=str(Path(runner.work_dir) / 'epoch_1.pth'))
    trained(resumed)
    assert resumed.epoch == 2 and resumed.optim_wrapper.loss_scaler.state_dict()['scale'] > 0


@pytest.fixture
def exact():
    """Torch's settings, as a run with the same bits each time leaves others."""
    yield EXACT
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False


@pytest.mark.slow
def test_pinned_loading(tiny_runner, device, exact):
    loader = {'train_dataloader.num_workers': 1, 'val_dataloader.num_workers': 1}
    pinned = {'train_dataloader.pin_memory': device == 'cuda', 'val_dataloader.pin_memory': device == 'cuda'}
    runner = tiny_runner(exact | loader | pinned, work_dir='pinned')
    assert same(trained(runner), trained(tiny_runner(exact, work_dir='plain')))
    assert is_on(runner, device)


@pytest.mark.slow
@pytest.mark.parametrize('by_iterations', [False, True])
def test_resuming_gives_the_same_bits(tiny_runner, iteration_config, device, exact, by_iterations):
    def run(work_dir, **options):
        changes = copy.deepcopy(iteration_config) if by_iterations else {}
        return tiny_runner(exact | changes | {'default_hooks.checkpoint.max_keep_ckpts': -1}, work_dir, **options)

    whole = trained(runner := run('whole'))
    first = Path(runner.work_dir) / ('iter_3.pth' if by_iterations else 'epoch_1.pth')
    resumed = run('resumed', resume=str(first))
    assert same(trained(resumed), whole)
    assert is_on(resumed, device)


@pytest.mark.gpu
@HIDDEN
@pytest.mark.parametrize('processes', [1, 2])
def test_nccl(tmp_path, processes):
    if processes > torch.cuda.device_count():
        pytest.skip('there are fewer GPUs')
    config = REPOSITORY / 'configs/ktg/ens_3node_digits.py'
    options = ['train_cfg.max_epochs=2', 'param_scheduler.end=2', 'train_dataloader.dataset.indices=512']
    command = ['bash', REPOSITORY / 'tools/dist_train.sh', config, str(processes), '--work-dir', tmp_path]
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get('PYTHONPATH')]))
    environment = {**os.environ, 'PYTHON': sys.executable, 'PYTHONPATH': path, 'PORT': '29611'}
    process = subprocess.run([*command, '--cfg-options', *options], env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-4000:]
    assert 'destroy_process_group' not in process.stderr
    assert (tmp_path / 'epoch_2.pth').exists() and 'test:\n| node' in process.stdout + process.stderr


@pytest.mark.gpu
@HIDDEN
def test_more_processes_than_gpus(tmp_path):
    processes = torch.cuda.device_count() + 1
    command = ['bash', REPOSITORY / 'tools/dist_train.sh', 'config.py', str(processes)]
    process = subprocess.run(command, env={**os.environ, 'PYTHON': sys.executable}, capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stderr.startswith(f'error: PROCESSES {processes}: more than the number of GPUs, {processes - 1};')
