import torch

from ktg_mm.datasets.in_memory.places import Places


def test_each_image_has_its_own_places():
    images = torch.arange(2 * 3 * 2 * 4, dtype=torch.uint8).view(2, 3, 2, 4)
    rows, cols = torch.tensor([[1], [0]]), torch.tensor([[3, 0], [2, 2]])
    looked_up = Places(rows, cols).look_up(images)
    assert torch.equal(looked_up[0], images[0][:, [1]][:, :, [3, 0]])
    assert torch.equal(looked_up[1], images[1][:, [0]][:, :, [2, 2]])


def test_the_border_has_its_colour():
    images = torch.full((1, 2, 2, 2), 9, dtype=torch.uint8)
    places = Places(torch.tensor([[-1, 0]]), torch.tensor([[1, -1]]))
    assert places.look_up(images, torch.tensor([1, 2], dtype=torch.uint8)).tolist() == [
        [[[1, 1], [9, 1]], [[2, 2], [9, 2]]]
    ]
