import pickle

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.analysis import predict_dataset
from ktg_mm.apis import load_config
from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError, UserError


@pytest.fixture
def loaded(tiny):
    """The config, a checkpoint of it, and the graph with its weights."""
    config, checkpoints = tiny
    cfg = load_config(config)
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor)).eval()
    graph.load_state_dict(torch.load(checkpoints[0], weights_only=True)['state_dict'])
    return cfg, checkpoints[0], graph


def images_of(split, cfg):
    """Images as the networks take them, (N, 1, 8, 8), and the labels, by hand."""
    digits = Digits(split=split, indices=32)
    pixels = np.stack([digits[i]['img'] for i in range(32)])[:, None].astype(np.float32)
    labels = [digits[i]['gt_label'] for i in range(32)]
    return torch.from_numpy((pixels - cfg.data_preprocessor['mean'][0]) / cfg.data_preprocessor['std'][0]), labels


@pytest.mark.parametrize('split', ['val', 'test'])
def test_predictions_are_the_networks_own(loaded, split):
    cfg, checkpoint, graph = loaded
    cfg[f'{split}_dataloader'].in_memory = True  # each image is read once in any case
    before = cfg.to_dict()
    predictions = predict_dataset(cfg, checkpoint, split, attention=True)
    assert cfg.to_dict() == before

    images, labels = images_of(split, cfg)
    with torch.no_grad():
        features = [graph.nodes[name].network.backbone(images)[-1] for name in ('net1', 'net2')]
        logits = [
            graph.nodes[name].network.head.fc(feature.mean(dim=(2, 3)))
            for name, feature in zip(('net1', 'net2'), features, strict=True)
        ]
    expected = torch.stack([*logits, (logits[0] + logits[1]) / 2]).numpy()
    assert predictions.names == ('net1', 'net2', 'ensemble')
    assert predictions.logits.dtype == np.float32
    np.testing.assert_allclose(predictions.logits, expected, rtol=1e-4, atol=1e-4)
    assert predictions.labels.tolist() == labels
    assert predictions.classes == tuple('0123456789')
    assert predictions.members == {'ensemble': ('net1', 'net2')}
    number = sum(parameter.numel() for parameter in graph.nodes['net1'].parameters())
    assert predictions.parameters == (number, number, 0)
    assert predictions.attention.keys() == {'net1', 'net2'}
    for name, feature in zip(('net1', 'net2'), features, strict=True):
        np.testing.assert_allclose(
            predictions.attention[name], feature.square().sum(dim=1).numpy(), rtol=1e-3, atol=1e-4
        )


def test_images_come_in_the_data_sets_order_and_none_is_left_out(loaded):
    cfg, checkpoint, _ = loaded
    whole = predict_dataset(cfg, checkpoint)
    cfg.test_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    cfg.test_dataloader.update(batch_size=5, drop_last=True, persistent_workers=False)
    shuffled = predict_dataset(cfg, checkpoint)
    assert shuffled.labels.tolist() == whole.labels.tolist() == images_of('test', cfg)[1]
    np.testing.assert_allclose(shuffled.logits, whole.logits, rtol=1e-4, atol=1e-4)


def test_limit(loaded):
    cfg, checkpoint, _ = loaded
    cfg.test_dataloader.batch_size = 5
    whole = predict_dataset(cfg, checkpoint)
    for limit in (1, 5, 7, 100):
        part = predict_dataset(cfg, checkpoint, attention=True, limit=limit)
        count = min(limit, 32)
        assert part.logits.shape == (3, count, 10)
        np.testing.assert_allclose(part.logits, whole.logits[:, :count], rtol=1e-4, atol=1e-4)
        assert part.labels.tolist() == whole.labels[:count].tolist()
        assert part.attention['net1'].shape[0] == count
    assert whole.attention == {}


def test_wrong_configs(loaded):
    cfg, checkpoint, _ = loaded

    def fails(message, **changes):
        changed = cfg.copy()
        changed.merge_from_dict(changes)
        with pytest.raises(ConfigError) as caught:
            predict_dataset(changed, checkpoint)
        assert str(caught.value).startswith(message)

    fails('test_dataloader: is missing; the config has no such data', test_dataloader=None)
    dataset = 'test_dataloader.dataset'
    fails(f'{dataset}.data_root: no such folder: nowhere', **{f'{dataset}.data_root': 'nowhere'})
    none = {f'{dataset}.indices': 0, f'{dataset}.serialize_data': False}
    fails(f'{dataset}.indices: leaves no sample', **none)
    fails(f"{dataset}.type: unknown data set 'Digit'", **{f'{dataset}.type': 'Digit'})
    fails(f'{dataset}.pipeline: must end with a step that packs', **{f'{dataset}.pipeline': []})
    network = cfg.model.nodes.net1.network
    fails('model.type: must be KnowledgeTransferGraph, got ImageClassifier', model=dict(_delete_=True, **network))


def test_wrong_checkpoints(loaded, tmp_path):
    cfg, _, graph = loaded
    with pytest.raises(UserError, match=r'^checkpoint .*none\.pth: no such file$'):
        predict_dataset(cfg, tmp_path / 'none.pth')
    weights = graph.state_dict()
    del weights['nodes.net2.network.head.fc.bias']
    torch.save(dict(state_dict=weights), tmp_path / 'part.pth')
    with pytest.raises(UserError, match=r"part\.pth: lacks 1 of the network's weights, such as 'nodes.net2"):
        predict_dataset(cfg, tmp_path / 'part.pth')
    weights = graph.state_dict()
    weights['nodes.net2.network.head.fc.bias'] = torch.full_like(weights['nodes.net2.network.head.fc.bias'], torch.nan)
    torch.save(dict(state_dict=weights), tmp_path / 'nan.pth')
    with pytest.raises(UserError, match=r'nan\.pth: the logits of net2 are not finite; the run has diverged$'):
        predict_dataset(cfg, tmp_path / 'nan.pth')
    (tmp_path / 'unsafe.pth').write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(UserError, match='which is not safe to load'):
        predict_dataset(cfg, tmp_path / 'unsafe.pth')


def test_wrong_arguments(loaded):
    cfg, checkpoint, _ = loaded
    with pytest.raises(ValueError, match=r"split must be one of \('val', 'test'\), got 'train'"):
        predict_dataset(cfg, checkpoint, split='train')
    with pytest.raises(ValueError, match='limit must be at least 1, got 0'):
        predict_dataset(cfg, checkpoint, limit=0)
