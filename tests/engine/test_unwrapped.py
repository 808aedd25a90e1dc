from torch import nn

from ktg_mm.engine.unwrapped import unwrapped


def test_a_wrapper_gives_its_model_and_a_model_itself():
    model = nn.Linear(1, 1)
    assert unwrapped(nn.DataParallel(model)) is model
    assert unwrapped(model) is model
