"""Mistakes in predicting images."""

import cv2
import numpy as np
import torch


def prepare(change=dict):
    """A function that writes ``run.pth``, what ``change`` makes of untrained weights, and images."""

    def write(folder):
        from mmpretrain.registry import MODELS

        from ktg_mm.apis import load_config

        cfg = load_config(folder / 'config.py')
        graph = MODELS.build(dict(cfg.model, data_preprocessor=cfg.get('data_preprocessor')))
        torch.save(dict(state_dict=change(graph.state_dict())), folder / 'run.pth')
        write_images(folder)

    return write


def write_images(folder):
    """An image, one that is none, and a folder without images."""
    cv2.imwrite(str(folder / 'a.png'), np.zeros((8, 8), np.uint8))
    (folder / 'none.png').write_bytes(b'no image')
    (folder / 'empty').mkdir()
    (folder / 'empty' / 'notes.txt').touch()


def of_another_graph(weights):
    """The weights of a graph without net2."""
    return {name: value for name, value in weights.items() if not name.startswith('nodes.net2.')}


def of_other_classes(weights):
    """The weights of a graph of seven classes."""
    return {name: value[:7] if '.head.' in name else value for name, value in weights.items()}


def case(*arguments, says, **more):
    """The tool with a checkpoint and more arguments."""
    given = dict(tool='predict', args=['{config}', 'run.pth', *arguments], says=says, setup=prepare())
    return given | more


DIVERGED = prepare(lambda weights: {name: value * float('nan') for name, value in weights.items()})

CASES = [
    case('a.png', '--node', 'net9', says="node: no node is named 'net9'"),
    case('a.png', '--node', '', says='--node'),
    case('a.png', says='it is of another graph', setup=prepare(of_another_graph)),
    case('a.png', says='checkpoint run.pth', setup=prepare(of_other_classes)),
    case('a.png', says='checkpoint run.pth: no such file', setup=write_images),
    case('a.png', says='checkpoint run.pth: the logits of ensemble are not finite', setup=DIVERGED),
    case('none.png', says='none.png: cannot be read as an image'),
    case('a.png', 'none.png', says='none.png: cannot be read as an image'),
    case('config.py', says='config.py: cannot be read as an image'),
    case('empty', says='images empty: the folder holds no images'),
    case('a.png', 'nowhere', says='images nowhere: no such file or folder'),
    case(says='images'),
    case('a.png', '--top', '0', says='--top'),
    case('a.png', '--top', 'all', says='--top'),
    case('a.png', '--out', '/proc/none.csv', says='/proc/none.csv: cannot be written'),
    case('a.png', '--out', 'empty', says='empty: cannot be written'),
    case('a.png', '--stage', 'gen0', says='--stage'),
    case('a.png', '--picture', 'a.png', says='--picture a.png: would replace the image'),
    case('a.png', '--picture', '.', says='--picture .: would replace the image'),
    case('a.png', '--picture', 'a.jpg', says='--picture a.jpg'),
    case('a.png', '--picture', '', says='--picture'),
    case('a.png', '--picture', '/proc/none/a.png', says='/proc/none/a.png: cannot be written'),
    case('a.png', '--picture', 'config.py/a.png', says='config.py/a.png: cannot be written'),
    case('nowhere', '--picture', 'b.png', says='images nowhere: no such file or folder'),
    case('a.png', '--layer', 'backbone.layer1', says='--layer: is for --picture alone'),
    case('a.png', '--picture', 'b.png', '--layer', 'net9=backbone', says='--layer'),
    case('a.png', '--picture', 'b.png', '--layer', 'backbone.layer9', says='--layer'),
    case('a.png', says='test_dataloader.dataset.pipeline', options=['test_dataloader.dataset.pipeline=[]']),
    case('a.png', says='model', options=['model=None'], setup=write_images),
    case('a.png', says='test_dataloader', config='test_dataloader = None\nval_dataloader = None'),
]
