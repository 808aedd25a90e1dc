import torch
from torch import nn

from ktg_mm.engine.optimizers import AutocastOptimWrapper


def test_forward_runs_in_bfloat16_and_weights_stay_float32():
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(network.parameters(), lr=0.1))
    before = network.weight.detach().clone()
    images = torch.rand(4, 3)
    with wrapper.optim_context(network):
        output = network(images)
    wrapper.update_params(output.float().square().sum())
    assert output.dtype == torch.bfloat16
    assert network(images).dtype == torch.float32
    assert network.weight.dtype == torch.float32
    assert not torch.equal(network.weight, before)


def test_accumulation_of_gradients_still_works():
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(network.parameters(), lr=1.0), accumulative_counts=2)
    wrapper.initialize_count_status(network, 0, 4)
    weights = []
    for _ in range(2):
        with wrapper.optim_context(network):
            loss = network(torch.ones(1, 1)).sum()
        wrapper.update_params(loss)
        weights.append(network.weight.item())
    assert weights == [1.0, 0.0]  # two gradients of 1, each divided by 2


def test_a_graph_trains_in_it(tiny_runner):
    runner = tiny_runner({'train_cfg.max_epochs': 4, 'optim_wrapper.type': 'AutocastOptimWrapper'})
    dtypes = set()
    runner.model.nodes['net1'].network.head.fc.register_forward_hook(
        lambda module, args, output: dtypes.add((module.training, output.dtype))
    )
    losses = []
    train_step = runner.model.train_step
    runner.model.train_step = lambda *args, **kwargs: losses.append(log := train_step(*args, **kwargs)) or log
    runner.train()
    losses = torch.stack([log['loss'] for log in losses])
    assert type(runner.optim_wrapper) is AutocastOptimWrapper
    assert (True, torch.bfloat16) in dtypes
    assert all(parameter.dtype == torch.float32 for parameter in runner.model.parameters())
    assert losses.isfinite().all()
    assert losses[-4:].mean() < losses[:4].mean()
