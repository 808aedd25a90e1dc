"""What runs set for the whole process comes back as it was."""

import random

import numpy as np
import torch
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope

from ktg_mm.mmengine_private import instances
from ktg_mm.search.worker.process_state import ProcessState


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_each_generator_goes_on_where_it_was() -> None:
    draws()
    state = ProcessState()
    first = [draws() for _ in range(3)]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    state.bring_back()
    assert [draws() for _ in range(3)] == first


def test_the_current_message_hub_and_scope_come_back_if_they_are_still_there() -> None:
    names = [f'process_state_{i}' for i in range(3)]
    scopes = [f'process_state_scope_{i}' for i in range(2)]
    try:
        MessageHub.get_instance(names[0])
        DefaultScope.get_instance(scopes[0], scope_name='mmpretrain')
        state = ProcessState()
        MessageHub.get_instance(names[1])
        DefaultScope.get_instance(scopes[1], scope_name='mmengine')
        state.bring_back()
        assert MessageHub.get_current_instance().instance_name == names[0]
        assert DefaultScope.get_current_instance().scope_name == 'mmpretrain'
        gone = ProcessState()
        instances(MessageHub).pop(names[0])
        MessageHub.get_instance(names[2])
        gone.bring_back()
        assert names[0] not in instances(MessageHub)
        assert MessageHub.get_current_instance().instance_name == names[2]
    finally:
        for name in names:
            instances(MessageHub).pop(name, None)
        for name in scopes:
            instances(DefaultScope).pop(name, None)


def test_whether_computing_is_deterministic() -> None:
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    state = ProcessState()
    torch.use_deterministic_algorithms(not before[0])
    torch.backends.cudnn.benchmark = not before[1]
    state.bring_back()
    assert (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark) == before
