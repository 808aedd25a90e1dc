import pytest
from mmengine.config import Config

from ktg_mm.apis.checks.loaders import check_loader
from ktg_mm.errors import ConfigError

LOADER = dict(batch_size=8, dataset=dict(type='Digits'), sampler=dict(type='DefaultSampler'))
IN_MEMORY = dict(in_memory=True, num_workers=0, collate_fn=dict(type='default_collate'))
PARTS = dict(type='SemiSupervisedSampler', labeled=2, unlabeled=6)


@pytest.mark.parametrize(
    'changes',
    [
        {},
        dict(num_workers=2, persistent_workers=True, prefetch_factor=4, timeout=60),
        dict(num_workers=0, persistent_workers=False, prefetch_factor=None, timeout=0),
        dict(shuffle=False, drop_last=True, collate_fn=dict(type='default_collate')),
        dict(num_workers=1, prefetch_to_device=True, collate_fn=dict(type='default_collate')),
        dict(num_workers=0, prefetch_to_device=False),
        dict(collate_fn=list),
        dict(sampler=PARTS),
        dict(in_memory=False, num_workers=2, batch_sampler=None),
        IN_MEMORY,
        dict(dataset=dict(type='Digits', indices=5)),
    ],
)
def test_what_is_right(changes):
    check_loader(Config(dict(train_dataloader=LOADER | changes, train_cfg=dict(max_epochs=1))), 'train_dataloader')


def test_none():
    check_loader(Config(dict(train_dataloader=None)), 'train_dataloader')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(batch=8), "unknown entry 'batch'; did you mean"),
        (dict(batch_size=None), '.batch_size: is missing; must be a whole number above 0'),
        (dict(batch_size='8'), ".batch_size: must be a whole number above 0, got '8'"),
        (dict(pin_memory=1), '.pin_memory: must be True or False, got 1'),
        (dict(prefetch_factor=2), '.prefetch_factor: needs train_dataloader.num_workers above 0, which is 0; got 2'),
        (dict(prefetch_to_device=True), '.prefetch_to_device: needs train_dataloader.num_workers above 0, which is 0'),
        (dict(prefetch_to_device=True, num_workers=1), '.prefetch_to_device: needs train_dataloader.collate_fn=dict('),
        (dict(prefetch_to_device=1, num_workers=1), '.prefetch_to_device: must be True or False, got 1'),
        (dict(batch_sampler=dict(type='x'), drop_last=True), '.drop_last: is not read beside a batch_sampler'),
        (dict(dataset='Digits'), ".dataset: must be a dict with a 'type', got 'Digits'"),
        (dict(dataset=dict(dataset=dict(indices=[]))), '.dataset.dataset.indices: leaves no sample; got []'),
        (dict(collate_fn=dict(type='stack')), ".collate_fn.type: unknown function 'stack'"),
        (dict(in_memory=1), '.in_memory: must be True or False, got 1'),
        (IN_MEMORY | dict(num_workers=2), '.in_memory: needs train_dataloader.num_workers=0, which is 2: no worker'),
        (
            IN_MEMORY | dict(num_batch_per_epoch=5),
            '.num_batch_per_epoch: is not read beside train_dataloader.in_memory',
        ),
        (IN_MEMORY | dict(batch_sampler=dict(type='BatchSampler')), '.batch_sampler: is not read beside'),
        (IN_MEMORY | dict(worker_init_fn=dict(type=list)), '.worker_init_fn: is not read beside'),
        (dict(in_memory=True), ".in_memory: needs train_dataloader.collate_fn=dict(type='default_collate')"),
        (IN_MEMORY | dict(collate_fn=dict(type='pseudo_collate')), '.in_memory: needs train_dataloader.collate_fn='),
        (
            dict(sampler=PARTS, batch_size=9),
            "must be the sampler's labeled + unlabeled = 2 + 6 = 8, got 9",
        ),
        (dict(sampler=PARTS | dict(infinite=True)), '.sampler.infinite: must be False in a loop over epochs'),
    ],
)
def test_mistakes(changes, message):
    cfg = Config(dict(train_dataloader=LOADER | changes, train_cfg=dict(max_epochs=1)))
    with pytest.raises(ConfigError) as caught:
        check_loader(cfg, 'train_dataloader')
    assert message in str(caught.value) and str(caught.value).startswith('train_dataloader')


@pytest.mark.parametrize('key', ['dataset', 'sampler'])
def test_what_is_missing(key):
    loader = {name: value for name, value in LOADER.items() if name != key}
    with pytest.raises(ConfigError, match=rf'^val_dataloader\.{key}: is missing$'):
        check_loader(Config(dict(val_dataloader=loader)), 'val_dataloader')
