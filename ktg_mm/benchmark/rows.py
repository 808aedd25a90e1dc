"""What is compared: rows of a config file, each a graph that is laid over the recipe of a data set."""

from __future__ import annotations

import copy
import pprint
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ktg_mm.apis.checks.names import KNOWN
from ktg_mm.apis.config import load_config
from ktg_mm.apis.training import has_test_of_its_own
from ktg_mm.config.stages import STAGES, as_last_stage
from ktg_mm.errors import ConfigError, UserError, did_you_mean, first_line
from ktg_mm.shipped import shipped

SUPERVISED = 'supervised'  # the group whose recipe has the data set's own name
TEACHER = 'teacher'
PLACEHOLDER = 'teacher.pth'  # stands for the teacher's checkpoint, which each seed has its own of
_FAMILIES = 'families.py'
_ENTRIES = ('files', 'config', 'group', 'networks', 'taught_by', 'choices')


@dataclass(frozen=True)
class Row:
    """A method on a data set.

    Args:
        name: Its name.
        group: Rows are compared within their group.
        config: Its config, plain dicts, with the recipe's epochs; ``teacher.pth`` stands for the teacher's weights.
        epochs: The budget: forward passes of the target for each training image.
        taught_by: Nodes that are the benchmark's teacher.
        choices: What may be chosen on validation images: other values by their key.
    """

    name: str
    group: str
    config: dict[str, Any] = field(repr=False)
    epochs: int
    taught_by: Sequence[str] = ()
    choices: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def candidates(self) -> list[dict[str, Any]]:
        """What is tried with a choice: nothing changed, then each other value on its own.

        Example:
            >>> Row('kd', 'supervised', {}, 1, choices={'weight': [0.1, 10.0]}).candidates()
            [{}, {'weight': 0.1}, {'weight': 10.0}]
        """
        return [{}, *({key: value} for key, values in self.choices.items() for value in values)]


def read_rows(
    data: str,
    names: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    epochs: int | None = None,
    options: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> tuple[dict[str, Row], dict[str, str]]:
    """Reads the rows for a data set; with them comes the teacher, if one of them has it.

    Args:
        data: The name of a recipe, such as ``fashion_mnist_3000``.
        names: Which rows. Defaults to None: all that the data set has.
        groups: Which groups. Defaults to None: all that the data set has.
        epochs: The budget of each run, in passes of the target for each training image. Defaults to the recipe's.
        options: Values by their path in every config, as ``--cfg-options``. Defaults to none.
        folder: Of the recipes and ``families.py``. Defaults to ``configs/_base_/benchmarks``.

    Returns:
        The rows by name, and by group the row that the others are compared with.

    Raises:
        UserError: If there is no such recipe or row, or one of the files is wrong; one line.

    Example:
        >>> rows, references = read_rows('digits', ['independent', 'kd'])
        >>> list(rows), rows['kd'].epochs, references['supervised']
        (['teacher', 'independent', 'kd'], 30, 'independent')
    """
    folder = folder or shipped('configs') / '_base_/benchmarks'
    families = load_config(folder / _FAMILIES)
    known, references = families.rows.to_dict(), families.references.to_dict()
    recipes = {SUPERVISED: folder / f'{data}.py'}
    recipes |= {group: folder / f'{data}_{group}.py' for group in references if group != SUPERVISED}
    if data not in (there := _recipes(folder, references)):
        raise UserError(f'--data {data}: there is no such recipe; {did_you_mean(data, there)}')
    recipes = {group: path for group, path in recipes.items() if path.is_file()}
    for group in groups or ():
        if group not in recipes:
            raise UserError(f'--groups {group}: {data} has no such group; {did_you_mean(group, recipes)}')
    for name in names or ():
        if name not in known:
            raise UserError(f'--rows {name}: there is no such row; {did_you_mean(name, known)}')
    rows: dict[str, Row] = {}
    readers = {group: _Reader(folder, path, epochs, options or {}) for group, path in recipes.items()}
    for name, row in known.items():
        for entry in row:
            if entry not in _ENTRIES:
                raise ConfigError(f'rows.{name}.{entry}', f'nothing reads it; {did_you_mean(entry, _ENTRIES)}')
        group = row.get('group', SUPERVISED)
        if group not in references:
            raise ConfigError(f'rows.{name}.group', f'has no reference; {did_you_mean(group, references)}')
        if (names and name not in names) or (groups and group not in groups) or group not in recipes:
            continue
        rows[name] = readers[group].row(name, row, group)
    if not rows:
        raise UserError(f'--rows {" ".join(names or ())}: {data} has none of them in these groups; name others')
    if any(row.taught_by for row in rows.values()):
        single = dict(files=['graphs/single'], networks=dict(net1=TEACHER))
        rows = {TEACHER: readers[SUPERVISED].row(TEACHER, single, 'teachers'), **rows}
    return rows, references


def _recipes(folder: Path, references: Mapping[str, str]) -> list[str]:
    """The names of the data sets that there are recipes of."""
    names = [path.stem for path in sorted(folder.glob('*.py'))]
    ends = tuple(f'_{group}' for group in references)
    recipes = [name for name in names if not name.endswith(ends)]
    return [
        name for name in recipes if re.search('^benchmark = ', (folder / f'{name}.py').read_text('utf-8'), re.MULTILINE)
    ]


class _Reader:
    """Reads rows of one recipe."""

    def __init__(self, folder: Path, recipe: Path, epochs: int | None, options: Mapping[str, Any]) -> None:
        self.base, self.recipe, self.options = folder.parent, recipe, dict(options)
        config = load_config(recipe)
        self.spec: dict[str, Any] = config.benchmark.to_dict()
        loop: dict[str, Any] = dict(config.get('train_cfg') or {})
        self.epochs = epochs or self.spec.get('epochs') or loop['max_epochs']
        self.whole = config.to_dict()
        if loop:
            self.whole['train_cfg'] = dict(loop, max_epochs=self.epochs, val_interval=self.epochs)
            self.whole['param_scheduler'] = scaled(self.whole['param_scheduler'], self.epochs / loop['max_epochs'])

    def row(self, name: str, row: Mapping[str, Any], group: str) -> Row:
        files = [self.base / f'{file}.py' for file in [*row.get('files', ()), *self.spec.get('files', ())]]
        with tempfile.TemporaryDirectory() as folder:
            if 'config' in row:
                if 'configs' not in self.spec:
                    what = f'the recipe {self.recipe.stem} has no entry configs; give the row files'
                    raise ConfigError(f'rows.{name}.config', what)
                recipe = self.base.parent / f'{row["config"]}_{self.spec["configs"]}.py'
            else:  # as one file, since each that is laid over it reads it anew
                recipe = Path(folder) / self.recipe.name
                recipe.write_text('\n'.join(f'{key} = {pprint.pformat(entry)}' for key, entry in self.whole.items()))
            cfg = load_config(recipe, None, files)
        config = {key: value for key, value in cfg.to_dict().items() if key in KNOWN}
        taught_by = row.get('taught_by', ())
        self._give_networks(name, config, {**dict.fromkeys(taught_by, TEACHER), **row.get('networks', {})})
        for node in taught_by:
            config['model']['nodes'][node].update(checkpoint=PLACEHOLDER, prefix='nodes.net1.network.')
        config = self._with_options(config)
        hooks = dict(config.get('default_hooks') or {})
        # The last epoch's weights are what counts.
        hooks['checkpoint'] = dict(hooks.get('checkpoint') or dict(type='SafeCheckpointHook'), save_best=None)
        config['default_hooks'] = hooks
        if not has_test_of_its_own(as_last_stage(config)) and not config.get('val_dataloader'):
            raise ConfigError('test_dataloader', f'is missing; there are no data to measure {name} on')
        return Row(name, group, config, self.epochs, taught_by, row.get('choices', {}))

    def _with_options(self, config: dict[str, Any]) -> dict[str, Any]:
        changed = Config(config)
        for key, value in self.options.items():
            try:
                changed.merge_from_dict({key: value})
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                what = f'does not fit into the config: {first_line(error)}'
                raise ConfigError(f'--cfg-options {key}', what) from error
        return dict(changed.to_dict())

    def _give_networks(self, row: str, config: dict[str, Any], named: Mapping[str, str]) -> None:
        """Gives each node that is to have a network and has none the one that the row names, else the target's."""
        left = set(named)
        # Those of the stages first: what is at the top goes into all of them, but that is the target's.
        places = [(f'{stage["name"]}.', stage.get('model') or {}) for stage in config.get(STAGES, ())]
        for prefix, model in [*places, ('', config['model'])]:
            nodes = model.get('nodes') or {}
            for key in [name for name in named if prefix and name.startswith(prefix)]:
                node = key.removeprefix(prefix)
                nodes[node] = dict(nodes.get(node) or {}, network=self._network(row, key, named, delete=True))
                model['nodes'] = nodes
            for node, entries in nodes.items():
                left.discard(f'{prefix}{node}')
                if entries.get('type') == 'NetworkNode' and not {'network', 'stage'} & set(entries):
                    entries['network'] = self._network(row, f'{prefix}{node}', named)
        for stage, (_, model) in zip(config.get(STAGES, ()), places, strict=True):
            if model:
                stage['model'] = model
        if left:
            raise ConfigError(f'rows.{row}.networks.{min(left)}', 'names no node of the graph')

    def _network(self, row: str, key: str, named: Mapping[str, str], delete: bool = False) -> dict[str, Any]:
        name = named.get(key, 'target')
        if not isinstance(network := self.spec.get(name), Mapping):
            networks = [name for name, value in self.spec.items() if isinstance(value, Mapping)]
            raise ConfigError(f'rows.{row}.networks.{key}', f'{name!r} is not there; {did_you_mean(name, networks)}')
        return dict(copy.deepcopy(dict(network)), **(dict(_delete_=True) if delete else {}))


def scaled(schedule: Any, factor: float) -> Any:
    """A schedule whose milestones and ends are those of a run that is so many times as long.

    Args:
        schedule: ``param_scheduler`` of a config.
        factor: How many times.

    Example:
        >>> scaled(dict(type='MultiStepLR', milestones=[60, 120], gamma=0.1), 0.5)
        {'type': 'MultiStepLR', 'milestones': [30, 60], 'gamma': 0.1}
    """
    if isinstance(schedule, (list, tuple)):
        return [scaled(entry, factor) for entry in schedule]
    if not isinstance(schedule, Mapping):
        return schedule
    changed = {key: scaled(value, factor) for key, value in schedule.items()}
    for key in ('begin', 'end'):
        if isinstance(schedule.get(key), int):
            changed[key] = round(schedule[key] * factor)
    if 'milestones' in schedule:
        changed['milestones'] = [max(1, round(milestone * factor)) for milestone in schedule['milestones']]
    return changed
