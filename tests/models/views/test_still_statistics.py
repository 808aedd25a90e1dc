import pytest
import torch
from torch import nn

from ktg_mm.models.views import still_statistics

NORMS = {
    'batch norm': nn.BatchNorm2d(3),
    'with a cumulative average': nn.BatchNorm2d(3, momentum=None),
    'of no memory': nn.BatchNorm2d(3, track_running_stats=False),
    'instance norm': nn.InstanceNorm2d(3, track_running_stats=True),
    'group norm': nn.GroupNorm(3, 3),
}
every_norm = pytest.mark.parametrize('name', NORMS)


def images(seed=0):
    return torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(seed)) + 2


@every_norm
def test_it_does_what_it_does_and_nothing_moves(name):
    norm = NORMS[name].train()
    norm(images(1))  # moved before
    kept = dict(norm.named_buffers())
    before = {key: buffer.clone() for key, buffer in kept.items()}
    versions = {key: buffer._version for key, buffer in kept.items()}
    with still_statistics([norm, nn.Sequential(norm)]):
        found = norm(images())
    assert dict(norm.named_buffers()).keys() == kept.keys()
    for key, buffer in norm.named_buffers():
        assert buffer is kept[key] and buffer._version == versions[key] and torch.equal(buffer, before[key])
    torch.testing.assert_close(found, norm(images()), rtol=0, atol=0)
    assert all(not torch.equal(buffer, before[key]) for key, buffer in norm.named_buffers() if 'running' in key)


def test_in_eval_mode_what_is_remembered_is_used():
    norm = nn.BatchNorm2d(3).train()
    norm(images(1))
    norm.eval()
    with still_statistics([norm]):
        found = norm(images())
    torch.testing.assert_close(found, norm(images()), rtol=0, atol=0)


def test_a_backward_pass_of_an_earlier_run_goes_on():
    norm, x = nn.BatchNorm2d(3).train(), images().requires_grad_()
    before = norm(x)
    with still_statistics([norm]):
        after = norm(2 * x)
    (before * after).sum().backward()
    assert x.grad.isfinite().all()


def test_an_error_leaves_it_as_it_was():
    norm = nn.BatchNorm2d(3)
    with pytest.raises(RuntimeError), still_statistics([norm]):
        raise RuntimeError
    assert norm.track_running_stats and norm.running_mean is not None
    assert 'running_var' in norm.state_dict()
