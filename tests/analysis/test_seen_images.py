import cv2
import numpy as np
import pytest

from ktg_mm.analysis.seen_images import SeenImages
from ktg_mm.apis import load_config, predict


@pytest.mark.parametrize(('node', 'networks'), [('ensemble', ['net1', 'net2']), ('net2', ['net2'])])
def test_what_the_networks_of_a_node_see(tiny, tmp_path, node, networks):
    config, (checkpoint, _) = tiny
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f'{number}.png'), image)
    cfg = load_config(config)
    cfg.test_dataloader.batch_size = 2
    seen = SeenImages()
    assert predict(cfg, checkpoint, tmp_path, node, watch=seen) == predict(cfg, checkpoint, tmp_path, node)
    expected = np.repeat(images[..., None], 3, axis=3)
    np.testing.assert_allclose(np.stack(seen.pixels), expected, atol=1e-3)
    assert [list(maps) for maps in seen.attention] == [networks] * 3
    assert seen.sizes == dict.fromkeys(networks, (2, 2))
    assert {name: layer.name for name, layer in seen.larger.items()} == dict.fromkeys(networks, 'backbone.layer1')
    again = SeenImages()
    predict(cfg, checkpoint, tmp_path / '2.png', node, watch=again)
    for name in networks:
        np.testing.assert_allclose(again.attention[0][name], seen.attention[2][name], rtol=1e-4)
