"""Mistakes with the tools of tools/analysis/."""

import torch


def checkpoint(folder, change=dict):
    """The weights of the config's graph as they are before training, or what ``change`` makes of them."""
    from mmpretrain.registry import MODELS

    from ktg_mm.apis import load_config

    cfg = load_config(folder / 'config.py')
    graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.get('data_preprocessor')))
    torch.save(dict(state_dict=change(graph.state_dict())), folder / 'run.pth')


def diverged(folder):
    """Weights that are not finite."""
    checkpoint(folder, lambda weights: {name: value * float('nan') for name, value in weights.items()})


def without_heads(folder):
    """Weights of backbones alone."""
    checkpoint(folder, lambda weights: {name: value for name, value in weights.items() if 'head' not in name})


def a_list(folder):
    """A checkpoint of something else."""
    torch.save([1, 2], folder / 'run.pth')


def truncated(folder):
    """Half a checkpoint."""
    checkpoint(folder)
    content = (folder / 'run.pth').read_bytes()
    (folder / 'run.pth').write_bytes(content[: len(content) // 2])


def nothing(folder):
    """No checkpoint."""


def case(tool, *arguments, says, **more):
    """A tool with a checkpoint and more arguments."""
    where = ['{config}', 'run.pth', '--out', '{folder}/out']
    return dict(dict(tool=f'analysis/{tool}', args=[*where, *arguments], says=says, setup=checkpoint), **more)


def args(tool, *arguments, says, **more):
    """A tool with these arguments alone."""
    return dict(dict(tool=f'analysis/{tool}', args=list(arguments), says=says, setup=checkpoint), **more)


SINGLE = 'configs/single/resnet8_digits.py'

CASES = [
    case('subsets', says='checkpoint run.pth', setup=nothing),
    case('subsets', says='checkpoint run.pth', setup=a_list),
    case('subsets', says='checkpoint run.pth', setup=truncated),
    case('subsets', says='checkpoint run.pth', setup=without_heads),
    case('calibration', says='checkpoint run.pth', setup=diverged, data=True),
    case('parameters', '--limit', '0', says='--limit'),
    case('diversity', '--limit', '-5', says='--limit'),
    case('mutual_kl', '--limit', 'all', says='--limit'),
    case('subsets', '--split', 'train', says='--split'),
    case('subsets', '--against', '{config}', says='--against'),
    case('subsets', '--against', 'none.py', 'run.pth', says='none.py'),
    case('subsets', '--against', '{config}', 'run.pth', says='run.pth: is given twice'),
    case('subsets', '--with', 'none.py', says='--with none.py'),
    case('subsets', '--top', '5', says='--top'),
    case('subsets', says='test_dataloader', options=['test_dataloader=None']),
    case('subsets', '--split', 'val', says='val_dataloader', config='val_dataloader = None'),
    case('subsets', says='model', options=['model=None'], setup=nothing),
    case('subsets', says='test_dataloader.dataset.data_root', options=['test_dataloader.dataset.data_root=/nowhere']),
    case('subsets', says='split', options=['test_dataloader.dataset.split=tset']),
    case(
        'subsets', says='test_dataloader.dataset.pipeline', options=['test_dataloader.dataset.pipeline=[]'], data=True
    ),
    case('subsets', says='test_dataloader.batch_size', options=['test_dataloader.batch_size=0']),
    case('subsets', says='model.edges', options=['model.edges.net1->net9.gate=None']),
    case('diversity', says='two networks', base=SINGLE, data=True),
    case('mutual_kl', says='two networks', base=SINGLE, data=True),
    case('attention_maps', '--images', '0', says='--images'),
    case('attention_maps', '--images', '-1', says='--images'),
    case('attention_maps', '--images', '1000', says='--images'),
    case('attention_maps', '--images', 'some', says='--images'),
    case('attention_maps', '--indices', '99999', says='indices', data=True),
    case('attention_maps', '--indices', '-1', says='indices', data=True),
    case('attention_maps', '--indices', says='--indices'),
    case('attention_maps', '--images', '2', '--indices', '1', says='--indices'),
    case('attention_maps', '--seed', '-1', says='--seed'),
    case('attention_maps', says='attention_layer', options=['model.nodes.net1.attention_layer=layer9'], data=True),
    case('attention_maps', '--wrong', 'net9', says='--wrong'),
    case('attention_maps', '--wrong', 'seed0/net9', says='--wrong'),
    case('attention_maps', '--wrong', '', says='--wrong'),
    case('attention_maps', '--wrong', '--indices', '1', says='--wrong'),
    case('attention_maps', '--wrong', '--images', '0', says='--images'),
    case('attention_maps', '--wrong', 'other/net1', says='--wrong', data=True),
    case('attention_maps', '--layer', 'backbone.layer9', says='--layer', data=True),
    case('attention_maps', '--layer', 'embedding', says='--layer', data=True),
    case('attention_maps', '--layer', 'net9=backbone.layer1', says='--layer'),
    case('attention_maps', '--layer', 'ensemble=backbone.layer1', says='--layer'),
    case('attention_maps', '--layer', '=backbone.layer1', says='--layer'),
    case('attention_maps', '--layer', says='--layer'),
    case('diversity', '--layer', 'net9=backbone.layer1', says='--layer'),
    case('embed_attention', '--layer', 'backbone', 'net9=backbone.layer1', says='--layer'),
    case('subsets', '--layer', 'backbone.layer1', says='--layer'),
    case('calibration', '--wrong', 'net1', says='--wrong'),
    case('embed_attention', '--samples', '4', says='--samples'),
    case('embed_attention', '--method', 'pca', says='--method'),
    case('embed_attention', '--method', 'umap', says='--method umap'),
    case('embed_attention', '--seed', '4294967296', says='--seed'),
    case('embed_attention', '--limit', '0', says='--limit'),
    args('subsets', '{config}', says='checkpoint'),
    args('subsets', '{folder}/none.py', 'run.pth', says='none.py', setup=nothing),
    args('subsets', '{config}', '{folder}', says='checkpoint'),
    args('parameters', '{config}', 'run.pth', '--out', '/proc/none', says='/proc/none', data=True),
    args('calibration', '{config}', 'run.pth', '--out', 'config.py', says='config.py', data=True),
]
