"""Takes a trained network out of its graph, for mmpretrain alone."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from ktg_mm.config.config_text import Reference, write_value
from ktg_mm.errors import UserError, did_you_mean
from ktg_mm.files import atomic_file
from ktg_mm.models import KnowledgeTransferGraph
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.nodes.build_network import build_network
from ktg_mm.models.nodes.probe import made_up_images

from .check_config import check_config
from .config import config_name
from .plain_config import PlainData, is_plain, plain_network
from .plain_source import source_of
from .prediction import load_graph


def export_node(cfg: Config, checkpoint: str | Path, out: str | Path, node: str | None = None) -> Path:
    """Writes a node as a plain config and checkpoint of mmpretrain, which need no ktg_mm.

    Parts of ktg_mm come along as a module beside the config, which imports it. The config has the network, the
    preprocessing and the test data; the checkpoint the network's weights under its own names, those of a shared trunk
    and averaged ones included, and the names of the classes.

    Args:
        cfg: The config that the graph was trained with, of one run; it stays as it is.
        checkpoint: The graph's checkpoint, loaded safely; every weight must be in it.
        out: A new folder; it is there when it is whole.
        node: The node's name. Defaults to the graph's target.

    Returns:
        The exported config; its checkpoint has the same name, with ``.pth``.

    Raises:
        UserError: If there is no such node, it is no network or has parts of another package, the checkpoint is of
            another graph, or the folder exists; one line.
    """
    out = Path(out)
    if os.path.lexists(out):
        raise UserError(f'--out {out}: is there already; give the name of a new folder')
    cfg = Config(cfg.to_dict(), filename=cfg.filename, cfg_text=' ', format_python_code=False)
    check_config(cfg)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        graph, meta = load_graph(cfg, checkpoint)
        graph.to('cpu')
        name = graph.target if node is None else node
        network = _plain_network_of(graph, name)
        data = PlainData(cfg, next(made_up_images(network)).shape[1])
        classes = data.classes(meta.get('dataset_meta') or {}, graph.num_classes)
        config = plain_network(cfg.model.to_dict()['nodes'][name]['network'])
        entries = dict(
            default_scope='mmpretrain',
            classes=classes,
            data_preprocessor=data.preprocessor(),
            model=dict(config, data_preprocessor=Reference('data_preprocessor')),
            test_pipeline=data.pipeline(),
            test_dataloader=data.loader(),
            test_evaluator=data.evaluators(),
            test_cfg={},
        )
        own = list(dict.fromkeys(type(module) for module in network.modules() if not is_plain(type(module))))
        build_network(config).load_state_dict(network.state_dict())  # as whoever takes it will
    title = f'# Node {name} of {config_name(cfg)}: its weights are in the file of the same name, with .pth.'
    whole = dict(state_dict=network.state_dict(), meta=dict(dataset_meta=dict(classes=classes)))
    return _write(
        out,
        f'{config_name(cfg)}_{name}'.translate(str.maketrans('+-. ', '____')),
        title,
        entries,
        whole,
        source_of(own) if own else '',
    )


def _plain_network_of(graph: KnowledgeTransferGraph, name: str) -> nn.Module:
    """The network of a node, if its parts are of a library, or ktg_mm's own."""
    if name not in graph.nodes:
        raise UserError(f'--node {name}: the graph has no such node; {did_you_mean(name, graph.nodes)}')
    node = graph.nodes[name]
    if not isinstance(node, NetworkNode):
        networks = ', '.join(key for key, one in graph.nodes.items() if isinstance(one, NetworkNode))
        raise UserError(
            f'--node {name}: is of type {type(node).__name__}, which has no network of its own; networks: {networks}'
        )
    for module in node.network.modules():
        kind = type(module)
        if not is_plain(kind) and kind.__module__.partition('.')[0] != 'ktg_mm':
            raise UserError(
                f'--node {name}: its network has a {kind.__name__}, which needs the module {kind.__module__}; only '
                "networks of mmpretrain's, timm's, torchvision's and ktg_mm's parts are exported"
            )
    return node.network


def _write(out: Path, name: str, title: str, entries: dict[str, Any], checkpoint: dict[str, Any], source: str) -> Path:
    lines = [
        f'{key} = {write_value(value, used=len(key) + 3, broken=key == "model")}' for key, value in entries.items()
    ]
    if source:  # the module is beside the config, wherever that is moved to
        imports = f"custom_imports = dict(imports=['{name}_parts'], allow_failed_imports=False)"
        lines = ['import sys\n', "sys.path.append('{{ fileDirname }}')", imports, *lines]
    folder = out.with_name(f'.{out.name}.{secrets.token_hex(8)}.tmp')
    try:
        folder.mkdir(parents=True)
        with atomic_file(folder / f'{name}.py') as part:
            part.write_text('\n'.join([title, *lines, '']), encoding='utf-8')
            written = Config.fromfile(part, lazy_import=False, import_custom_modules=False).to_dict()
            for key in ('classes', 'data_preprocessor', 'test_pipeline'):
                if written[key] != entries[key]:
                    raise UserError(f'{key}: holds values that a config cannot, such as functions')
            if written['model'] != entries['model'] | dict(data_preprocessor=entries['data_preprocessor']):
                raise UserError('model: the network holds values that a config cannot, such as functions')
        if source:
            with atomic_file(folder / f'{name}_parts.py') as part:
                part.write_text(source, encoding='utf-8')
        with atomic_file(folder / f'{name}.pth') as part, part.open('wb') as file:
            torch.save(checkpoint, file)
        os.rename(folder, out)
    except OSError as error:
        raise UserError(f'--out {out}: cannot be written: {error.strerror or error}') from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out / f'{name}.py'
