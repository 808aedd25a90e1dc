"""What ``search.enqueue`` and ``search.baseline`` mean."""

import re
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from small_search import GATES, config

from ktg_mm.errors import ConfigError
from ktg_mm.search import Candidates
from ktg_mm.search.space.enqueued import baseline_names

ALL_GATES = {'model.edges.*.gate': GATES}
LINEAR = "model = dict(edges={'b->a': dict(gate=dict(type='LinearGate'))})\n"
DEAF = """
cut = dict(gate=dict(type='CutoffGate'))
model = dict(edges={'label->a': cut, 'b->a': cut, 'c->a': cut})
"""
CUT = "model = dict(edges={'c->a': dict(gate=dict(type='CutoffGate'))})\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the config that small searches are over; it is not the current one."""
    base = config()
    base.pop('search')
    base.dump(tmp_path / 'base.py')
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    return tmp_path


def write(path: Path, lines: str, base: str = 'base.py') -> None:
    path.write_text(f'_base_ = [{base!r}]\n{lines}')


def candidates(folder: Path, *entries: str, **search: Any) -> Candidates:
    """Those of a search whose config is in a folder."""
    (folder / 'search.py').touch()
    whole = config(enqueue=list(entries), **search)
    return Candidates(Config(whole.to_dict(), filename=str(folder / 'search.py'), format_python_code=False))


def test_names_and_configs_in_their_order(folder: Path) -> None:
    write(folder / 'mine.py', LINEAR)
    (folder / 'cut.py').write_text(CUT)
    found = candidates(folder, 'mine.py', 'dml', 'mine.py+cut.py', 'independent').enqueued
    assert list(found) == ['mine', 'dml', 'mine+cut', 'independent']
    edges = found['mine'].config['model']['edges']
    assert edges['b->a']['gate'] == GATES['linear'] and edges['c->a']['gate'] == GATES['through']
    edges = found['mine+cut'].config['model']['edges']
    assert edges['b->a']['gate'] == GATES['linear'] and 'c->a' not in edges


def test_the_current_folder_comes_first(folder: Path) -> None:
    write(folder / 'mine.py', LINEAR)
    write(Path('mine.py'), CUT, '../base.py')
    assert 'c->a' not in candidates(folder, 'mine.py').enqueued['mine'].config['model']['edges']


def test_a_plus_in_a_files_name(folder: Path) -> None:
    write(folder / 'a+b.py', LINEAR)
    assert list(candidates(folder, 'a+b.py').enqueued) == ['a+b']


def test_whole_edges_of_a_config(folder: Path) -> None:
    edges = dict(
        kl=dict(loss=dict(type='KLDivergence')), cut=dict(loss=dict(type='KLDivergence'), gate=GATES['cutoff'])
    )
    write(folder / 'mine.py', CUT)
    space = {'model.edges.?->?': edges}
    values = candidates(folder, 'mine.py', 'dml', space=space).enqueued['mine'].values
    assert values == {f'model.edges.{s}->{t}': 'kl' for s in 'abc' for t in 'abc' if s != t} | {
        'model.edges.c->a': 'cut'
    }


def test_two_names_for_one_graph(folder: Path) -> None:
    write(folder / 'plain.py', '')
    found = candidates(folder, 'plain.py', 'dml', 'dml_temperature_1', space=space_of_temperatures())
    assert list(found.enqueued) == ['plain', 'dml_temperature_2', 'dml_temperature_4']


def space_of_temperatures() -> dict[str, Any]:
    return {**ALL_GATES, 'model.edges.?->?.loss.temperature': [1.0, 2.0, 4.0]}


def test_a_file_with_the_name_of_another_graph(folder: Path) -> None:
    write(folder / 'dml.py', LINEAR)
    message = "search.enqueue: has two graphs that are called 'dml'; rename the config"
    with pytest.raises(ConfigError, match=f'^{re.escape(message)}$'):
        candidates(folder, 'dml.py', 'dml')
    write(folder / 'dml.py', '')
    assert list(candidates(folder, 'dml.py', 'dml').enqueued) == ['dml']


@pytest.mark.parametrize(
    ('lines', 'space', 'message'),
    [
        (None, ALL_GATES, 'mine.py: no such file'),
        (
            'model = dict(_delete_=True, type=5)\n',
            ALL_GATES,
            'mine.py has no KnowledgeTransferGraph with nodes and edges',
        ),
        ('model = 5\n', ALL_GATES, 'mine.py has no KnowledgeTransferGraph with nodes and edges'),
        ('model = dict(_delete_=True)\n', ALL_GATES, 'mine.py has no KnowledgeTransferGraph with nodes and edges'),
        (
            "model = dict(edges={'b->a': dict(gate=dict(type='SineGate'))})\n",
            ALL_GATES,
            "mine.py is outside the space: model.edges.b->a.gate is {'type': 'SineGate'} there",
        ),
        (
            "model = dict(edges={'b->a': dict(weight=2.0)})\n",
            ALL_GATES,
            'mine.py is outside the space: model.edges.b->a.weight is not searched, and is 2.0 there',
        ),
        (CUT, {'model.edges.b->a.gate': GATES}, 'outside the space: model.edges.c->a.gate.type is not searched'),
        (
            DEAF,
            ALL_GATES,
            'mine.py cannot learn: ',
        ),
    ],
)
def test_a_config_that_is_refused(folder: Path, lines: str | None, space: dict[str, Any], message: str) -> None:
    if lines is not None:
        write(folder / 'mine.py', lines)
    with pytest.raises(ConfigError, match=r'^search\.enqueue: ') as caught:
        candidates(folder, 'mine.py', space=space)
    assert '\n' not in str(caught.value) and message in str(caught.value)


def test_what_the_space_does_not_hear_of_may_differ(folder: Path) -> None:
    """An edge into a node that the target does not hear; a schedule."""
    more = "schedule = 5\nmodel = dict(edges={'b->a': dict(gate=dict(type='CutoffGate')), "
    write(folder / 'mine.py', more + "'c->a': dict(gate=dict(type='CutoffGate')), 'a->b': dict(weight=2.0)})\n")
    found = candidates(folder, 'mine.py', 'independent').enqueued
    assert list(found) == ['mine']  # which is the target alone, as independent training is


def test_a_name_that_cannot_learn(folder: Path) -> None:
    model = dict(edges={'label->a': dict(loss=dict(type='CrossEntropy'), gate=GATES['cutoff'])})
    with pytest.raises(ConfigError, match=r"^search\.enqueue: 'independent' "):
        candidates(folder, 'independent', model=model, space={'model.edges.?->?.gate': GATES})


def test_an_empty_list_and_none() -> None:
    for enqueue in ([], None):
        found = Candidates(config(enqueue=enqueue))
        assert found.enqueued == {} and found.baselines == []


def test_baselines() -> None:
    names = ['independent', 'dml_temperature_1', 'dml_temperature_2', 'mine+cut', 'dml2']
    assert baseline_names(None, names) == names
    assert baseline_names('dml', names) == names[1:3]
    assert baseline_names('dml_temperature_2', names) == [names[2]]
    assert baseline_names('configs/mine.py+cut.py', names) == ['mine+cut']
    with pytest.raises(
        ConfigError, match=r"^search\.baseline: must be one of the enqueued graphs, got 'independant'; "
    ):
        baseline_names('independant', names)
    with pytest.raises(ConfigError, match=r"; did you mean 'dml2'\?$"):
        baseline_names('dlm2', names)
    with pytest.raises(ConfigError, match=r"got 'dml'; search\.enqueue names none$"):
        baseline_names('dml', [])
