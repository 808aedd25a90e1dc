"""Writes a graph that a search has found as a config."""

from __future__ import annotations

import copy
import keyword
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.config import load_config
from ktg_mm.apis.stages import check_stages
from ktg_mm.config import without_absent
from ktg_mm.config.config_text import Reference, difference, write_value
from ktg_mm.config.named_nodes import existing_metrics
from ktg_mm.config.stages import STAGES, as_last_stage, is_staged, read_stages
from ktg_mm.errors import UserError
from ktg_mm.files import whole_file
from ktg_mm.search.race.race import RaceResult
from ktg_mm.search.space.candidates import KEY, Candidate, Candidates
from ktg_mm.search.space.parameter import ConfigPath, Parameter, at
from ktg_mm.search.space.retrain_base import retrain_base
from ktg_mm.search.space.space import put
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.race_study import Racers, race_result
from ktg_mm.search.study.retries import BEST_NODE, CONTINUES, END, last_of_chains, was_begun
from ktg_mm.search.study.study import check_identity, find_study, identity
from ktg_mm.shipped import OURS, shipped, tool_command

from .teachers import beside_config, take_weights


def export_graph(
    cfg: Config,
    out: str | Path,
    address: StudyAddress,
    rank: int | None = None,
    trial: int | None = None,
    base: str | Path | None = None,
    files: Sequence[str | Path] = (),
) -> Path:
    """Writes the graph of a complete trial as a short config.

    The weights of frozen teachers that the search has trained are copied into a folder beside it.

    Where the score was the best node's (``best/accuracy/top1``), that node becomes the target.

    Args:
        cfg: The config of the search, as it was searched with.
        out: The file to write.
        address: Of the search.
        rank: 1 for the best trial, 2 for the next; with several metrics the trials are those of the Pareto front, in
            the order of the first. Defaults to None: what the race has come to, else 1.
        trial: Number of the trial, in place of a rank.
        base: The config to inherit: data, schedule, hooks. Defaults to ``search.retrain``, else the search's own
            config.
        files: The files that the config was read from, the overlays last: what ``search.retrain`` is relative to is
            the one among them, or among those that they inherit, which says it. Defaults to the config's own.

    Returns:
        The file.

    Raises:
        UserError: If there is no such trial or the config cannot be written; one line.
    """
    out, source = Path(out), Path(os.path.abspath(cfg.filename))
    if out.suffix != '.py':
        raise UserError(f'--out {out}: a config must be named *.py')
    base_path = Path(os.path.abspath(base)) if base is not None else retrain_base(cfg, files or [source]) or source
    if os.path.abspath(out) in (str(source), str(base_path)):
        raise UserError(f'--out {out}: is the config to begin with; give another name')
    whole = load_config(base_path).to_dict()
    candidates = Candidates(cfg)
    found = find_study(address)
    check_identity(found, identity(candidates), 'give the config and the --cfg-options that were searched with')
    result = race_result(candidates, found) if rank is None and trial is None else None
    chosen = find_trial(found, rank, trial) if result is None else winner(result, candidates, found)
    candidate = candidates.make(chosen.params)
    if chosen.user_attrs.get(KEY) != candidate.key:
        raise UserError(
            f'trial {chosen.number} of the study {found.study_name} was of another graph than this config makes of it; '
            'give the config and the --cfg-options that were searched with'
        )
    if best := chosen.user_attrs.get(BEST_NODE):
        if best not in candidate.config['model']['nodes']:
            raise UserError(f'--trial {chosen.number}: its best node, {best!r}, is none of its graph')
        candidate = candidates.with_target(candidate, best)
    teachers = take_weights(candidate.config['model'], candidates.base, address.folder / 'pretrained', out)
    changes = _changes(whole, candidate, candidates.space.parameters)
    text = '\n'.join(
        [
            *_header(found, chosen, [metric.name for metric in candidates.metrics], out, teachers, result),
            f'_base_ = [{_name_of(base_path, out)!r}]',
            '',
            *_body(whole, candidate.config['model'], changes),
            '',
        ]
    )
    _write(out, text, candidate.config['model'], teachers)
    return out


def winner(result: RaceResult | None, candidates: Candidates, study: Study) -> FrozenTrial:
    """The trial of the graph that a race has come to: without an improvement that was shown the baseline's.

    That one may have failed in the search, and has no values then. Without a race it is the best trial.

    Args:
        result: Of the race, None if there is none.
        candidates: Of the search.
        study: The search's.
    """
    return Racers(candidates, study).trial(result.winner) if result else find_trial(study)


def find_trial(study: Study, rank: int | None = None, number: int | None = None) -> FrozenTrial:
    """Finds a complete trial by its rank or its number.

    Args:
        study: The study.
        rank: 1 for the best. With several metrics, place on the Pareto front in the order of the first.
        number: The trial's number, in place of a rank.

    Raises:
        UserError: If there is none; one line.
    """
    complete = {trial.number: trial for trial in last_of_chains(study) if trial.state == TrialState.COMPLETE}
    if number is not None:
        if number not in complete:
            raise UserError(f'--trial {number}: {_why_not(study, number)}')
        return complete[number]
    if not complete:
        states = Counter(trial.state.name.lower() for trial in study.get_trials(deepcopy=False))
        there = ', '.join(f'{count} {state}' for state, count in states.items()) or 'none at all'
        raise UserError(f'--study {study.study_name}: has no complete trial yet; its trials: {there}')
    what = 'complete trials'
    if len(study.directions) > 1:
        complete = {trial.number: complete[trial.number] for trial in study.best_trials if trial.number in complete}
        what = 'trials on the Pareto front'
    sign = -1 if study.directions[0] == StudyDirection.MAXIMIZE else 1
    ordered = sorted(complete.values(), key=lambda trial: (sign * trial.values[0], trial.number))
    rank = 1 if rank is None else rank
    if not 1 <= rank <= len(ordered):
        raise UserError(f'--rank {rank}: the study {study.study_name} has {len(ordered)} {what}')
    return ordered[rank - 1]


def _why_not(study: Study, number: int) -> str:
    trials = study.get_trials(deepcopy=False)
    if not 0 <= number < len(trials):
        return f'the study {study.study_name} has {len(trials)} trials, numbered from 0'
    trial = trials[number]
    followers = [t.number for t in trials if t.user_attrs.get(CONTINUES) == number and was_begun(t)]
    if followers:
        return f'was cut short; trial {followers[-1]} goes on with it'
    if not trial.state.is_finished():
        return f'is {trial.state.name.lower()}; only a complete trial can be exported'
    end = trial.user_attrs.get(END, trial.state.name.lower())
    return f'is not complete ({end}); only a complete trial can be exported'


def _identifier(key: str) -> str:
    """An entry's name, which is written as one."""
    if not key.isidentifier() or keyword.iskeyword(key):
        raise UserError(f'--base: an entry is named {key!r}, which no config in Python can be told to change')
    return key


def _changes(whole: Mapping[str, Any], candidate: Candidate, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """What the config says beside the model: what else was drawn, and hooks that name nodes.

    Of a base of stages it is what the last one says.
    """
    model = candidate.config['model']
    kept = {key: value for key, value in as_last_stage(whole).items() if key not in ('model', 'search', STAGES)}
    if is_staged(whole):  # each stage has its own
        kept['randomness'] = read_stages(whole)[-1].own.get('randomness', whole.get('randomness'))
    wanted = copy.deepcopy(without_absent(kept, model))
    for parameter in parameters:
        if parameter.name in candidate.values and parameter.path[0] != 'model':
            _copy(candidate.config, wanted, parameter.path)
    checkpoint = (wanted.get('default_hooks') or {}).get('checkpoint') or {}
    if checkpoint.get('save_best'):
        checkpoint['save_best'] = existing_metrics(checkpoint['save_best'], model)
    # A search goes with the base's graph; a stage has none.
    without = ('model', STAGES, 'search') if is_staged(whole) else ('model',)
    return difference({key: value for key, value in whole.items() if key not in without}, wanted)


def _copy(config: Mapping[str, Any], wanted: dict[str, Any], path: ConfigPath) -> None:
    """Copies what stands at a path of one config into another."""
    for depth, key in enumerate(path[:-1], start=1):
        if at(wanted, path[:depth]) is None:
            name = '.'.join(path)
            raise UserError(f'--base: has no place for {name!r}, which was searched; it lacks {key!r}')
    put(wanted, path, copy.deepcopy(at(config, path)))


def _name_of(base: Path, out: Path) -> str:
    """What the config is to inherit: a path from its folder, or the name of a config that a wheel has installed."""
    configs = shipped('configs')
    if configs.parent.name == '.mim' and base.is_relative_to(configs):  # wherever that is: it is there, too, elsewhere
        return f'{OURS}{base.relative_to(configs).as_posix()}'
    return Path(os.path.relpath(base, os.path.abspath(out.parent))).as_posix()


def _header(
    study: Study,
    trial: FrozenTrial,
    metrics: list[str],
    out: Path,
    teachers: Mapping[str, Path],
    result: RaceResult | None,
) -> list[str]:
    values = trial.values or [math.nan] * len(metrics)  # the baseline of a race, which failed in the search
    found = ', '.join(f'{name} {value:.6g}' for name, value in zip(metrics, values, strict=True))
    lines = [
        f'# Trial {trial.number} of the study {study.study_name}.',
        f'# On the validation data of the search: {found}; one seed, so partly luck.',
        *([f'# New seeds, the same data: {result}.'] if result else []),
        f'#   {tool_command("train")} {out.as_posix()}',
    ]
    if teachers:
        lines.append('# Frozen teachers; the search has trained them on the labels alone. Take their weights along:')
        lines += [f'#   {name}: {path.parent.name}/{path.name}' for name, path in teachers.items()]
    return [_comment(line) for line in lines]


def _comment(line: str) -> str:
    """A line of comment, whatever names and paths it holds: no line break ends it, and mmengine replaces nothing."""
    return ''.join(letter if letter.isprintable() else '?' for letter in line).replace('{{', '{ {')


def _body(whole: Mapping[str, Any], model: Mapping[str, Any], changes: Mapping[str, Any]) -> list[str]:
    """The lines that replace the base's graph, and what else was drawn; in a base of stages those of the last one."""
    written = _written_model(model, whole)
    entries = {_identifier(key): value for key, value in changes.items()}
    if is_staged(whole):
        last = dict(name=read_stages(whole)[-1].name, model=written, **entries)
        return [f'{STAGES} = [*_base_.{STAGES}[:-1], {write_value(last, used=8, broken=3)}]']
    values = (f'{key} = {write_value(value, used=len(key) + 3)}' for key, value in entries.items())
    return [f'model = {write_value(written, used=8, broken=2)}', *values]


def _written_model(model: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The model as it is written, with networks by their name in the base."""
    names = [(name, value) for name, value in base.items() if isinstance(value, Mapping) and name.isidentifier()]
    written = {'_delete_': True, **model, 'nodes': {}}
    for node, entry in model['nodes'].items():
        same = next((name for name, value in names if value == entry.get('network')), None)
        written['nodes'][node] = dict(entry, network=Reference(f'_base_.{same}')) if same else entry
    return written


def _write(out: Path, text: str, model: Mapping[str, Any], teachers: Mapping[str, Path]) -> None:
    """Writes the config, after a look whether it reads as it should."""
    with whole_file(out, f'--out {out}') as part:
        if '{{' in text:
            raise UserError('a value of the graph holds {{, which mmengine would replace')
        part.write_text(beside_config(text, teachers), encoding='utf-8')
        try:
            written = load_config(part)
            if as_last_stage(written)['model'] != model:
                raise UserError(f'{part}: the graph holds values that a config cannot, such as functions')
            if is_staged(written):
                check_stages(written, part.parent)
            else:
                check_config(written)
        except UserError as error:
            raise UserError(str(error).replace(str(part), f'--out {out}')) from error
