"""The end of a text's pipeline."""

import numpy as np
import torch

from ktg_mm.datasets import PackTokens


def test_batch_of_chunks():
    results = dict(
        tokens=np.arange(6, dtype=np.int32).reshape(3, 2), gt_label=np.array([4, -1], np.int32), sample_idx=7
    )
    packed = PackTokens()(results)
    assert packed.keys() == {'inputs', 'data_samples'}
    assert torch.equal(packed['inputs'], torch.arange(6).view(3, 2))
    assert torch.equal(packed['data_samples'].gt_label, torch.tensor([4, -1]))
    assert 'sample_idx' not in packed['data_samples']
