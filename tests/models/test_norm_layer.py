import pytest
from torch import nn

from ktg_mm.models.norm_layer import norm_layer


def test_kinds():
    assert isinstance(norm_layer(dict(type='BN'), 6), nn.BatchNorm2d)
    assert norm_layer(dict(type='GN', num_groups=4), 6).num_groups == 2
    config = dict(type='BN', requires_grad=False, eps=1e-3)
    norm = norm_layer(config, 6)
    assert not norm.weight.requires_grad and norm.eps == 1e-3
    assert config == dict(type='BN', requires_grad=False, eps=1e-3)


@pytest.mark.parametrize(
    'wrong', [dict(type='NoSuchNorm'), dict(type='GN'), dict(type='GN', num_groups=2.5), dict(type='BN', momentun=1)]
)
def test_what_mmcv_does_not_take(wrong):
    with pytest.raises(ValueError, match=r'^norm_cfg: [^\n]+$'):
        norm_layer(wrong, 4)
