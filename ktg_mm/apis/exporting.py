"""Takes a trained network out of its graph, for mmpretrain alone."""

from __future__ import annotations

import copy
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from ktg_mm.config.config_text import Reference, write_value
from ktg_mm.errors import UserError
from ktg_mm.files import atomic_file
from ktg_mm.models.nodes.build_network import build_network
from ktg_mm.models.nodes.probe import made_up_images

from .check_config import check_config
from .config import config_name
from .plain_config import LIBRARIES, PlainData
from .plain_ensemble import package_of, plain_classifier
from .plain_source import own_classes, source_of
from .prediction import load_graph
from .traced_network import TracedNetwork, check_onnx_packages, input_shape

_CHANNELS = {1: 'grey', 3: 'BGR'}
_INSIDE = ('mean', 'std', 'to_rgb', 'pad_size_divisor', 'pad_value')


def export_node(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path,
    node: str | None = None,
    onnx: bool = False,
    torch_export: bool = False,
) -> Path:
    """Writes a node as a plain config and checkpoint of mmpretrain, which need no ktg_mm.

    Parts of ktg_mm come along as a module beside the config, which imports it, and imports what ``custom_imports``
    names if the network has parts of that: such a module must be there where the export is used. The config has the
    network, the preprocessing and the test data; the checkpoint the network's weights under its own names, those of a
    shared trunk and averaged ones included, and the names of the classes. An ensemble is one network that has its
    members in it.

    Args:
        cfg: The config that the graph was trained with, of one run; it stays as it is.
        checkpoint: The graph's checkpoint, loaded safely; every weight must be in it.
        out: A new folder; it is there when it is whole.
        node: The node's name. Defaults to the graph's target.
        onnx: Whether to write the network as ONNX, too, ``.onnx``; see
            :class:`~ktg_mm.apis.traced_network.TracedNetwork`. Defaults to False.
        torch_export: Whether to write it as torch.export does, too, ``.pt2``. Defaults to False.

    Returns:
        The exported config; its checkpoint has the same name, with ``.pth``, and so have other files.

    Raises:
        UserError: If there is no such node, it has parts of a package that ``custom_imports`` does not name, the
            checkpoint is of another graph, the folder exists, or the network cannot be written in one of these ways;
            one line.
    """
    out = Path(out)
    if os.path.lexists(out):
        raise UserError(f'--out {out}: is there already; give the name of a new folder')
    if onnx:
        check_onnx_packages()
    cfg = Config(cfg.to_dict(), filename=cfg.filename, cfg_text=' ', format_python_code=False)
    check_config(cfg)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')), own_classes():
        graph, meta = load_graph(cfg, checkpoint)
        graph.to('cpu')
        name = graph.target if node is None else node
        imports = _modules_of_others(cfg)
        packages = {module.partition('.')[0] for module in imports}
        config, weights = plain_classifier(graph, cfg.model.to_dict()['nodes'], name, packages)
        network = build_network(copy.deepcopy(config))
        network.load_state_dict(weights)  # as whoever takes it will
        data = PlainData(cfg, next(made_up_images(network)).shape[1])
        entries: dict[str, Any] = dict(
            default_scope='mmpretrain',
            classes=data.classes(meta.get('dataset_meta') or {}, graph.num_classes),
            data_preprocessor=data.preprocessor(),
            model=dict(config, data_preprocessor=Reference('data_preprocessor')),
            test_pipeline=data.pipeline(),
            test_dataloader=data.loader(),
            test_evaluator=data.evaluators(),
            test_cfg={},
        )
        kinds = dict.fromkeys(type(module) for module in network.modules())
        own = [kind for kind in kinds if package_of(kind) == 'ktg_mm']
        needed = {package_of(kind) for kind in kinds}
        imports = [module for module in imports if module.partition('.')[0] in needed]
        more: dict[str, Callable[[Path], Any]] = {}
        if onnx or torch_export:
            network.data_preprocessor = MODELS.build(entries['data_preprocessor'])
            shape = input_shape(entries['test_pipeline'], f'{data.key}.pipeline')
            traced = TracedNetwork(network, shape, '--torch-export' if torch_export else '--onnx')
            about = _about(shape, entries)
            more['.json'] = lambda path: path.write_text(json.dumps(about, indent=1) + '\n', encoding='utf-8')
            more |= {'.pt2': lambda path: traced.save(path, about)} if torch_export else {}
            more |= {'.onnx': lambda path: traced.save_onnx(path, about)} if onnx else {}
    title = f'# Node {name} of {config_name(cfg)}: its weights are in the file of the same name, with .pth.'
    if imports:
        title += f'\n# Needs {", ".join(imports)}, beside this file or installed, wherever it is used.'
    whole = dict(state_dict=weights, meta=dict(dataset_meta=dict(classes=entries['classes'])))
    return _write(
        out,
        f'{config_name(cfg)}_{name}'.translate(str.maketrans('+-. ', '____')),
        title,
        entries,
        whole,
        source_of(own) if own else '',
        imports,
        more,
    )


def _modules_of_others(cfg: Config) -> list[str]:
    """The modules of the user that the config imports."""
    known = ('ktg_mm', *LIBRARIES)
    names = (cfg.get('custom_imports') or {}).get('imports') or []
    return [name for name in ([names] if isinstance(names, str) else names) if name.partition('.')[0] not in known]


def _about(shape: tuple[int, int, int], entries: dict[str, Any]) -> dict[str, Any]:
    """What whoever runs a file without its config must know, as plain values."""
    inside = {key: value for key, value in entries['data_preprocessor'].items() if key in _INSIDE}
    return dict(
        images=dict(shape=['batch', *shape], dtype='float32', range=[0, 255], channels=_CHANNELS.get(shape[0], '')),
        logits=dict(shape=['batch', len(entries['classes'])], dtype='float32'),
        classes=list(entries['classes']),
        before=entries['test_pipeline'],
        inside=inside,
    )


def _write(
    out: Path,
    name: str,
    title: str,
    entries: dict[str, Any],
    checkpoint: dict[str, Any],
    source: str,
    imports: list[str],
    more: Mapping[str, Callable[[Path], Any]],
) -> Path:
    lines = [
        f'{key} = {write_value(value, used=len(key) + 3, broken=key == "model")}' for key, value in entries.items()
    ]
    if source:
        imports = [*imports, f'{name}_parts']
    if imports:  # modules are beside the config, wherever that is moved to
        lines = [f'custom_imports = dict(imports={imports!r}, allow_failed_imports=False)', *lines]
        lines = ['import sys\n', "sys.path.append('{{ fileDirname }}')", *lines]
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
        for ending, write in more.items():
            with atomic_file(folder / f'{name}{ending}') as part:
                write(part)
        os.rename(folder, out)
    except OSError as error:
        raise UserError(f'--out {out}: cannot be written: {error.strerror or error}') from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return out / f'{name}.py'
