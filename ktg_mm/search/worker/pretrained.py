"""The weights of frozen teachers: each network trained once on the labels alone, shared by all workers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from ktg_mm.checkpoints import is_whole
from ktg_mm.config import LABEL, GraphConfig, without_absent
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.made_views import sources_of
from ktg_mm.config.phases import without_phases
from ktg_mm.config.stages import STAGES
from ktg_mm.files import atomic_file
from ktg_mm.search.space.candidates import PRETRAINED
from ktg_mm.search.study.study import recipe

from .run_trial import remove_checkpoints, run_trial
from .shared_lock import shared_lock
from .trial_config import trial_config


def fill_in_pretrained(config: dict[str, Any], base: Mapping[str, Any], folder: Path, launcher: str = 'none') -> None:
    """Gives a candidate's frozen teachers their weights, training them if no worker has done so yet.

    A worker that finds a network being trained waits for it. If that worker dies the lock falls, and the next goes on
    from the checkpoint.

    Args:
        config: A candidate's config, changed in place.
        base: The search's config, whose recipe the teachers are trained with.
        folder: Where the weights are kept; all workers must see it.
        launcher: As for :func:`ktg_mm.apis.build_runner`.
    """
    for node in config['model']['nodes'].values():
        if node.get('checkpoint') == PRETRAINED:
            path = weights_path(node['network'], base, folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            with shared_lock(f'{path}.lock'):
                missing = [not is_whole(path)]  # damaged weights are trained again
                broadcast_object_list(missing)
                if missing[0]:
                    _train(node['network'], base, path, launcher)
            node['checkpoint'] = str(path)


def weights_path(network: Mapping[str, Any], base: Mapping[str, Any], folder: Path) -> Path:
    """Where in a folder the weights of a network are kept that was trained on the labels by a search's recipe."""
    kept = without_phases({**recipe(base), 'model': base['model']}, {}, ())
    how = [network, _label_edge(base), {key: value for key, value in kept.items() if key != 'model'}]
    return folder / f'{fingerprint(how)[:16]}.pth'


def _label_edge(base: Mapping[str, Any]) -> dict[str, Any]:
    """The first edge from the label that passes anything, else the first, without its gate.

    It also says which view of the images a label is learnt from, where the data pipeline makes several.
    """
    graph = GraphConfig(base['model'])  # whose views are not there when a network learns alone
    about_labeled = [edge for edge in graph.outgoing(LABEL) if edge.samples == 'labeled']
    edges = sorted(about_labeled, key=lambda edge: (edge.view('target') in graph.made_views, edge.is_cut))
    cfg = edges[0].cfg if edges else dict(loss=dict(type='CrossEntropy'))
    if edges and (made := graph.made_views.get(edges[0].view('target') or '')):
        cfg = {**cfg, 'views': dict(target=sources_of(made)[0])}
    return {key: value for key, value in cfg.items() if key != 'gate'}


def _train(network: Mapping[str, Any], base: Mapping[str, Any], path: Path, launcher: str) -> None:
    model = dict(
        type='KnowledgeTransferGraph',
        target='teacher',
        nodes=dict(teacher=dict(type='NetworkNode', network=network)),
        edges={'label->teacher': _label_edge(base)},
    )
    run_dir = path.with_suffix('')
    run = {key: value for key, value in base.items() if key != STAGES}
    # The base's graph says which phase's optimiser a network that learns labels alone has.
    cfg = trial_config({**without_absent(run, model), 'model': model}, None, run_dir)

    def keep(trained: Any) -> None:
        if is_main_process():
            weights = trained.nodes['teacher'].network.state_dict()
            with atomic_file(path) as part:
                torch.save({name: value.cpu() for name, value in weights.items()}, part)

    run_trial(cfg, bind=lambda hook: None, launcher=launcher, keep=keep)
    barrier()
    remove_checkpoints(run_dir)
