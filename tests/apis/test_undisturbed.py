import logging
import random
import warnings

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from ktg_mm.apis.undisturbed import undisturbed


def draw():
    return random.random(), np.random.rand(), float(torch.rand(1))


@pytest.mark.parametrize('error', [None, ValueError])
def test_generators_go_on_as_if_nothing_had_been(error):
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = [draw(), draw()]
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    found = [draw()]
    try:
        with undisturbed():
            assert draw() == expected[1]
            torch.manual_seed(5)
            if error:
                raise error
    except ValueError:
        pass
    assert [*found, draw()] == expected


def test_nothing_is_said(caplog, recwarn):
    logger = logging.getLogger('test_undisturbed')
    with undisturbed():
        logger.error('within')
        warnings.warn('within', stacklevel=1)
    logger.error('after')
    assert caplog.messages == ['after']
    assert not recwarn.list


def test_the_message_hub_is_left_alone():
    hub = MessageHub.get_instance('test_undisturbed')
    with undisturbed():
        MessageHub.get_current_instance().update_scalar('train/grad_norm', 1.0)
    assert MessageHub.get_current_instance() is hub
    assert not hub.log_scalars
