"""A small search over the gates of a graph in which everybody hears everybody, and its candidates."""

import functools
import itertools

import optuna
from mmengine.config import Config

import ktg_mm.models  # noqa: F401  registers

GATES = {name.lower(): dict(type=f'{name}Gate') for name in ('Through', 'Cutoff', 'Linear', 'Correct')}
NETWORK = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10), head=dict(type='ClsHead'))


def config(names='abc', space=None, model=None, whole=None, **search):
    """A config of a graph in which everybody hears everybody, and of a search over its gates."""
    edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in names}
    edges |= {f'{s}->{t}': dict(loss=dict(type='KLDivergence')) for s, t in itertools.permutations(names, 2)}
    nodes = {name: dict(type='NetworkNode', network=NETWORK) for name in names}
    graph = dict(type='KnowledgeTransferGraph', target=names[0], nodes=nodes, edges=edges)
    for key, value in (model or {}).items():
        graph[key] = {**graph[key], **value} if isinstance(value, dict) else value
    search = dict(dict(trials=10, space=space or {'model.edges.*.gate': GATES}), **search)
    return Config(dict(model=graph, search=search, **(whole or {})))


@functools.cache
def empty_study():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.ask()
    return study


def draw(candidates, index):
    study = empty_study()
    return candidates.draw(index, study, study.get_trials()[0])


def chosen(candidates, **gates):
    """The candidate of named gates, the rest through: ``ba='linear'`` is the edge b->a, ``a`` its label edge."""
    values = {parameter.name: 'through' for parameter in candidates.space.parameters}
    for ends, gate in gates.items():
        source, target = ends if len(ends) == 2 else ('label', ends)
        values[f'model.edges.{source}->{target}.gate'] = gate
    return candidates.make(values)
