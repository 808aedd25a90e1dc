import numpy as np
import pytest

from ktg_mm.config.check_seed import check_seed
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize('seed', [0, 7, 2**32 - 1, np.int64(3)])
def test_seeds(seed):
    check_seed(seed, 'dataset.seed')


@pytest.mark.parametrize('seed', [-1, 2**32, 0.0, True, '0', None])
def test_others(seed):
    with pytest.raises(ConfigError) as caught:
        check_seed(seed, 'dataset.seed')
    assert str(caught.value) == f'dataset.seed: must be a whole number from 0 to 4294967295, got {seed!r}'
