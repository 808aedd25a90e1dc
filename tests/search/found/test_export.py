"""Exported graphs, out of studies whose trials were written by hand."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmengine.config.config
import optuna
import pytest
from mmengine.config import Config
from optuna.study import Study
from optuna.trial import TrialState

import ktg_mm.shipped
from ktg_mm.apis import build_runner, load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.config.stages import read_stages
from ktg_mm.errors import UntaughtError, UserError
from ktg_mm.search.found.export import export_graph, find_trial
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.address import StudyAddress
from ktg_mm.search.study.storage import open_storage
from ktg_mm.search.worker import pretrained

CONFIGS = Path(__file__).parents[3] / 'configs'
SEARCH = CONFIGS / 'search/ktg_3node_digits.py'
DML = CONFIGS / 'dml/dml_3node_digits.py'
NODES = ('net1', 'net2', 'net3')
EDGES = [f'{a}->{b}' for a, b in itertools.product(('label', *NODES), NODES) if a != b]
GATES = dict(through='ThroughGate', cutoff='CutoffGate', linear='LinearGate', correct='CorrectGate')


def gates(cut: str = '', **others: str) -> dict[str, str]:
    """Values of a draw: edges that are cut off, as words, all others open."""
    values = {f'model.edges.{edge}.gate': 'cutoff' if edge in cut.split() else 'through' for edge in EDGES}
    return values | {'model.nodes.net2.network': 'resnet8', 'model.nodes.net3.network': 'wrn10_1'} | others


@pytest.fixture(autouse=True)
def quick_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run writes its config three times; to lay it out prettily takes a second."""
    monkeypatch.setattr(mmengine.config.config, 'FormatCode', lambda code, **options: (code, True))


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., Config]:
    """Writes a search's config and reads it."""

    def write(text: str = '', base: Path = SEARCH) -> Config:
        path = tmp_path / 'configs/search.py'
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'_base_ = [{str(base)!r}]\nsearch = dict(retrain={str(DML)!r})\n{text}')
        return load_config(path)

    return write


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Study]:
    """Writes complete trials into the study of a search in tmp_path."""

    def write(cfg: Config, *trials: tuple[Any, ...], name: str = 'search') -> Study:
        candidates = Candidates(cfg)
        distributions = {parameter.name: parameter.distribution for parameter in candidates.space.parameters}
        study = optuna.create_study(
            storage=open_storage(f'sqlite:///{tmp_path}/search.db'), study_name=name, directions=candidates.directions
        )
        for values, score, *more in trials:
            study.add_trial(
                optuna.create_trial(
                    params=values,
                    distributions={key: distributions[key] for key in values},
                    values=score if isinstance(score, list) else [score],
                    user_attrs=dict(graph=candidates.make(values).key, end='complete', **(more[0] if more else {})),
                )
            )
        return study

    return write


def reduced(gate_of: dict[str, str], networks: dict[str, Any]) -> dict[str, Any]:
    """The graph of a draw, written down anew: open edges among the nodes that net1 hears."""
    is_open = {edge for edge in EDGES if gate_of[edge] != 'cutoff'}
    heard = {'net1'}
    for _ in NODES:
        heard |= {edge.split('->')[0] for edge in is_open if edge.split('->')[1] in heard} - {'label'}
    nodes = {name: dict(type='NetworkNode', network=networks[name]) for name in NODES if name in heard}
    edges = {}
    for edge in is_open:
        source, target = edge.split('->')
        if target in heard:
            loss = 'CrossEntropy' if source == 'label' else 'KLDivergence'
            edges[edge] = dict(loss=dict(type=loss), gate=dict(type=GATES[gate_of[edge]]))
    return dict(type='KnowledgeTransferGraph', target='net1', nodes=nodes, edges=edges)


def test_export_is_the_graph(tmp_path: Path, record) -> None:
    cfg = load_config(SEARCH)
    seeded = random.Random(0)
    drawn = [(gates(cut='net2->net1 net3->net1'), 0.5), (gates(cut='net3->net1 net3->net2'), 0.25)]
    while len(drawn) < 8:
        values = {key: seeded.choice(['resnet8', 'wrn10_1'] if 'nodes' in key else [*GATES]) for key in gates()}
        try:
            candidate = Candidates(cfg).make(values)
        except UntaughtError:
            continue
        if not any(node.get('checkpoint') for node in candidate.config['model']['nodes'].values()):
            drawn.append((values, seeded.random()))
    record(cfg, *drawn, name='ktg_3node_digits')
    sizes = set()
    for rank, (values, _) in enumerate(sorted(drawn, key=lambda trial: -trial[1]), start=1):
        out = export_graph(cfg, tmp_path / f'{rank}.py', StudyAddress.of(cfg, tmp_path), rank=rank)
        exported = load_config(out)
        networks = {name: cfg[values.get(f'model.nodes.{name}.network', 'resnet8')].to_dict() for name in NODES}
        expected = reduced({edge: values[f'model.edges.{edge}.gate'] for edge in EDGES}, networks)
        assert exported.model.to_dict() == expected
        check_config(exported)
        sizes.add(len(expected['nodes']))
        # All else is the config's to train it with.
        others = [{k: v for k, v in c.to_dict().items() if k != 'model'} for c in (exported, load_config(DML))]
        assert others[0] == others[1]
    assert sizes == {1, 2, 3}


def test_an_installed_base_is_named(tmp_path: Path, record, monkeypatch) -> None:
    """Not by where it is installed, which is nowhere else."""
    configs = tmp_path / 'site-packages/ktg_mm/.mim/configs'
    configs.parent.mkdir(parents=True)
    configs.symlink_to(CONFIGS)
    monkeypatch.setattr(ktg_mm.shipped, '_PACKAGE', configs.parents[1])
    cfg = load_config(configs / 'search/ktg_3node_digits.py')
    record(cfg, (gates(), 50.0), name='ktg_3node_digits')
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    assert "_base_ = ['ktg_mm::dml/dml_3node_digits.py']" in out.read_text().splitlines()
    assert load_config(out).train_cfg == load_config(DML).train_cfg


def test_export_reads_well(tmp_path: Path, search, record) -> None:
    deep = "dict(_base_.resnet8, backbone=dict(type='CIFARResNet', depth=14, in_channels=1))"
    cfg = search(f"""
deep = {deep}
search = dict(retrain={str(DML)!r}, space={{'model.nodes.net2.network': dict(resnet8=_base_.resnet8, deep=deep)}})
""")
    values = gates(cut='net3->net1 net3->net2 net1->net2', **{'model.nodes.net2.network': 'deep'})
    record(cfg, (gates(), 50.0), (values, 97.5))
    (tmp_path / 'ktg').mkdir()
    out = export_graph(cfg, tmp_path / 'ktg/found.py', StudyAddress.of(cfg, tmp_path))
    lines = out.read_text().splitlines()
    assert lines[0] == '# Trial 1 of the study search.'
    assert lines[1] == '# On the validation data of the search: net1/accuracy/top1 97.5; one seed, so partly luck.'
    assert lines[2] == f'#   python tools/train.py {out}'
    base = lines[3].removeprefix("_base_ = ['").removesuffix("']")
    assert not Path(base).is_absolute() and (out.parent / base).resolve() == DML
    text = out.read_text()
    assert "        net1=dict(type='NetworkNode', network=_base_.resnet8),\n" in text
    assert "'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='ThroughGate')),\n" in text
    assert 'net3' not in text and 'Cutoff' not in text
    assert load_config(out).model.nodes.net2.network.backbone.depth == 14
    assert max(len(line) for line in lines if not line.startswith(('_base_', '#   python'))) <= 120


def test_what_else_was_searched(tmp_path: Path, search, record) -> None:
    cfg = search("""
milestones = [dict(type='MultiStepLR', milestones=[1], gamma=0.5), dict(type='ConstantLR')]
param_scheduler = milestones
search = dict(retrain='retrain.py', space={
    'optim_wrapper.optimizer': dict(
        sgd=dict(type='SGD', lr=0.1, momentum=0.9), adam=dict(type='AdamW', lr=0.5, weight_decay=0.0)),
    'optim_wrapper.optimizer.lr': dict(low=1e-4, high=1.0, log=True),
    'optim_wrapper.clip_grad': dict(none=None, norm=dict(max_norm=1.0)),
    'param_scheduler.0.gamma': dict(low=0.0, high=1.0),
    'model.update': dict(together=dict(type='SimultaneousUpdate'), in_turn=dict(type='SequentialUpdate')),
    'model_wrapper_cfg': dict(none=None, plain=dict(type='MMDistributedDataParallel')),
})
""")
    retrain = tmp_path / 'configs/retrain.py'
    retrain.write_text(
        f'_base_ = [{str(DML)!r}]\noptim_wrapper = dict(clip_grad=dict(max_norm=3.0), accumulative_counts=1)\n'
        "param_scheduler = [dict(type='MultiStepLR', milestones=[8], gamma=0.1)]\ntrain_cfg = dict(max_epochs=9)\n"
    )
    drawn = {
        'optim_wrapper.optimizer': 'adam',
        'optim_wrapper.optimizer.lr': 0.01,
        'optim_wrapper.clip_grad': 'none',
        'param_scheduler.0.gamma': 0.25,
        'model.update': 'in_turn',
        'model_wrapper_cfg': 'none',
    }
    record(cfg, (gates() | drawn, 90.0))
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    exported = load_config(out)
    constructor = load_config(DML).optim_wrapper.constructor
    assert exported.optim_wrapper.to_dict() == dict(
        constructor=constructor, optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.0), accumulative_counts=1
    )
    assert exported.param_scheduler == [dict(type='MultiStepLR', milestones=[8], gamma=0.25)]
    assert exported.model['update'] == dict(type='SequentialUpdate')
    assert exported.model_wrapper_cfg is None
    assert exported.train_cfg.max_epochs == 9
    assert 'train_cfg' not in out.read_text() and 'milestones = ' not in out.read_text()


def test_base_is_the_search_itself(tmp_path: Path, search, record) -> None:
    cfg = search('search = dict(retrain=None)\ntrain_cfg = dict(max_epochs=3)')
    record(cfg, (gates(), 90.0))
    exported = load_config(export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path)))
    assert exported.train_cfg.max_epochs == 3
    assert exported.search is None
    check_config(exported)


def test_base_of_the_command_line_and_best_checkpoint(tmp_path: Path, search, record) -> None:
    cfg = search()
    record(cfg, (gates(cut='net3->net1 net3->net2'), 90.0))
    base = tmp_path / 'base.py'
    base.write_text(
        f'_base_ = [{str(DML)!r}]\n'
        "default_hooks = dict(checkpoint=dict(save_best=['net3/accuracy/top1', 'net2/x', 'auto']))"
    )
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path), base=base)
    assert "_base_ = ['base.py']" in out.read_text()
    assert load_config(out).default_hooks.checkpoint.save_best == ['net1/accuracy/top1', 'net2/x', 'auto']
    base.write_text(f"_base_ = [{str(DML)!r}]\ndefault_hooks = dict(checkpoint=dict(save_best='net3/accuracy/top1'))")
    out = export_graph(cfg, out, StudyAddress.of(cfg, tmp_path), base=base)
    assert load_config(out).default_hooks.checkpoint.save_best == 'net1/accuracy/top1'
    assert load_config(out).default_hooks.checkpoint.interval == 1


@pytest.mark.parametrize(
    ('data', 'network', 'classes'),
    [('dogs', 'abn_resnet18', 120), ('cars', 'abn_resnet18', 196), ('cifar100', 'abn_resnet20', 100)],
)
def test_a_graph_on_other_data(data: str, network: str, classes: int, tmp_path: Path, record) -> None:
    """What table 4.7 of the thesis is: found on CUB-200-2011, trained on other images with networks for these."""
    overlays = ('datasets/cub_search', 'spaces/six_losses_four_gates', 'networks/untaught_random')
    cfg = load_config(CONFIGS / 'ktg/ens_2node_cub.py', overlays=[f'{CONFIGS}/_base_/{name}.py' for name in overlays])
    drawn = {f'model.edges.{edge}.gate': 'through' for edge in ('label->net1', 'net1->net2', 'net2->net1')}
    losses = {f'model.edges.{edge}.loss': 'both_repel' for edge in ('net1->net2', 'net2->net1')}
    record(cfg, ({**drawn, **losses, 'model.edges.label->net2.gate': 'cutoff'}, 70.0), name='cub')
    address = StudyAddress.of(cfg, tmp_path, f'sqlite:///{tmp_path}/search.db', 'cub')
    out = export_graph(cfg, tmp_path / 'cub.py', address, base=CONFIGS / f'ktg/ens_2node_{data}.py')
    found = load_config(out, overlays=[CONFIGS / f'_base_/networks/{network}.py'])
    own = load_config(CONFIGS / f'ktg/ens_2node_{data}.py')
    for name in ('net1', 'net2'):
        assert found.model.nodes[name].network == own.model.nodes[name].network
        assert found.model.nodes[name].network.head.num_classes == classes and found.model.nodes[name].allow_random
    assert set(found.model.edges) == {'label->net1', 'net1->net2', 'net2->net1'}
    assert {key: found[key] for key in own if key != 'model'} == {
        key: value for key, value in own.items() if key != 'model'
    }
    check_config(found)


def test_frozen_teacher(tmp_path: Path, search, record, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = search()
    values = gates(cut='label->net2 net1->net2 net3->net2 net3->net1')
    record(cfg, (values, 90.0))
    with pytest.raises(UserError, match=f'^--work-dir {tmp_path}: lacks the weights of the frozen teacher net2, '):
        export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    # Where the search puts the weights.
    candidate = Candidates(cfg).make(values)
    monkeypatch.setattr(pretrained, '_train', lambda network, base, path, launcher: path.touch())
    pretrained.fill_in_pretrained(candidate.config, cfg.to_dict(), tmp_path / 'pretrained')
    (path,) = (tmp_path / 'pretrained').glob('*.pth')
    path.write_bytes(b'weights')
    exported = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    (copied,) = (tmp_path / 'found_teachers').iterdir()
    assert copied.name == path.name and copied.read_bytes() == b'weights'
    candidate.config['model']['nodes']['net2']['checkpoint'] = str(copied)
    assert load_config(exported).model.to_dict() == candidate.config['model']
    header = exported.read_text().split('_base_')[0].splitlines()
    assert header[3].startswith('# Frozen teachers') and header[4] == f'#   net2: found_teachers/{path.name}'
    # Both trained elsewhere, without the search.
    path.unlink()
    text = exported.read_text()
    (elsewhere := tmp_path / 'elsewhere').mkdir()
    for name in ('found.py', 'found_teachers'):
        (tmp_path / name).rename(elsewhere / name)
    assert str(tmp_path) not in text.split('_base_')[1]
    moved = text.replace("_base_ = ['", "_base_ = ['../")
    (elsewhere / 'found.py').write_text(moved)
    node = load_config(elsewhere / 'found.py').model.nodes.net2
    assert node.checkpoint == str(elsewhere / 'found_teachers' / path.name) and Path(node.checkpoint).exists()


def test_the_best_node_becomes_the_target(tmp_path: Path, search, record) -> None:
    """And what it does not hear is left out, the former target included; a frozen teacher stays a teacher."""
    cfg = search(f"search = dict(retrain={str(DML)!r}, metric='best/accuracy/top1')")
    alone, frozen = gates(cut='net1->net2 net3->net2'), gates(cut='label->net2 net1->net2 net3->net2 net2->net3')
    best = dict(best_node='net2')
    record(cfg, (alone, 90.0), (alone, 80.0, best), (gates(cut='label->net3'), 70.0, best), (frozen, 60.0, best))

    def exported(trial: int) -> dict[str, Any]:
        config = load_config(export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path), trial=trial))
        check_config(config)
        return config.model.to_dict()

    whole = Candidates(cfg).make(alone).config['model']
    assert exported(0) == whole and whole['target'] == 'net1' and set(whole['nodes']) == set(NODES)
    found = exported(1)
    assert found['target'] == 'net2' and set(found['nodes']) == {'net2'} and set(found['edges']) == {'label->net2'}
    found = exported(2)
    assert found['target'] == 'net2' and set(found['nodes']) == set(NODES)
    (tmp_path / 'pretrained').mkdir()
    teacher = pretrained.weights_path(whole['nodes']['net2']['network'], Candidates(cfg).base, tmp_path / 'pretrained')
    teacher.touch()
    assert exported(3)['target'] == 'net1'


def test_a_study_of_another_recipe(tmp_path: Path, search, record) -> None:
    cfg = search()
    study = record(cfg, (gates(), 90.0))
    study.set_user_attr('recipe', 'of another')
    with pytest.raises(UserError, match=r'another base config .*; give the config and the --cfg-options that were'):
        export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))


def test_options_of_nodes_that_are_gone_are_left_out(tmp_path: Path, search, record) -> None:
    cfg = search('optim_wrapper = dict(paramwise_cfg=dict(nodes=dict(net1=dict(lr=0.1), net3=dict(lr=0.2))))')
    record(cfg, (gates(cut='net3->net1 net3->net2'), 90.0))
    exported = load_config(export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path), base=cfg.filename))
    assert exported.optim_wrapper.paramwise_cfg.nodes.to_dict() == dict(net1=dict(lr=0.1))
    assert exported.optim_wrapper.optimizer == cfg.optim_wrapper.optimizer


def test_exported_config_trains(tmp_path: Path, search, record) -> None:
    cfg = search('train_cfg = dict(max_epochs=1)\ntrain_dataloader = dict(dataset=dict(indices=32))')
    record(cfg, (gates(cut='net3->net1 net3->net2'), 90.0))
    exported = load_config(export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path), base=cfg.filename))
    runner = build_runner(exported, tmp_path / 'run')
    runner.train()
    assert sorted(path.name for path in (tmp_path / 'run').glob('best*')) == ['best_net1_accuracy_top1_epoch_1.pth']


@pytest.fixture
def study() -> Callable[..., Study]:
    """A study in memory, of trials without parameters."""

    def make(trials: list[tuple], directions: tuple[str, ...] = ('maximize',)) -> Study:
        made = optuna.create_study(study_name='s', directions=directions)
        for state, values, attributes in trials:
            made.add_trial(optuna.create_trial(state=TrialState[state], values=values, user_attrs=attributes))
        return made

    return make


def test_ranks(study) -> None:
    trials = [('COMPLETE', [80.0], {}), ('PRUNED', [99.0], {}), ('COMPLETE', [90.0], {}), ('COMPLETE', [80.0], {})]
    assert [find_trial(study(trials), rank).number for rank in (None, 1, 2, 3)] == [2, 2, 0, 3]
    assert [find_trial(study(trials, ('minimize',)), rank).number for rank in (1, 2, 3)] == [0, 3, 2]
    assert find_trial(study(trials), number=3).number == 3


def test_ranks_on_the_pareto_front(study) -> None:
    points = [(90, 5), (92, 9), (91, 9), (80, 1), (95, 30), (79, 2)]
    made = study([('COMPLETE', list(map(float, point)), {}) for point in points], ('maximize', 'minimize'))
    front = [p for p in points if not any(q != p and q[0] >= p[0] and q[1] <= p[1] for q in points)]
    expected = [points.index(point) for point in sorted(front, reverse=True)]
    assert [find_trial(made, rank).number for rank in (1, 2, 3, 4)] == expected == [4, 1, 0, 3]
    with pytest.raises(UserError, match='--rank 5: the study s has 4 trials on the Pareto front'):
        find_trial(made, 5)


LOST = ('FAIL', None, dict(end='lost: its worker vanished'))


@pytest.mark.parametrize(
    ('trials', 'which', 'message'),
    [
        ([], {}, '--study s: has no complete trial yet; its trials: none at all'),
        (
            [('PRUNED', [1.0], {}), ('PRUNED', [1.0], {}), LOST],
            {},
            '--study s: has no complete trial yet; its trials: 2 pruned, 1 fail',
        ),
        ([('COMPLETE', [1.0], {})], dict(rank=2), '--rank 2: the study s has 1 complete trials'),
        ([('COMPLETE', [1.0], {})], dict(rank=0), '--rank 0: the study s has 1 complete trials'),
        ([('COMPLETE', [1.0], {})], dict(number=1), '--trial 1: the study s has 1 trials, numbered from 0'),
        (
            [('PRUNED', [1.0], dict(end='pruned at epoch 2'))],
            dict(number=0),
            '--trial 0: is not complete (pruned at epoch 2); only a complete trial can be exported',
        ),
        (
            [LOST, ('COMPLETE', [1.0], dict(continues=0, root=0))],
            dict(number=0),
            '--trial 0: was cut short; trial 1 goes on with it',
        ),
        ([('WAITING', None, {})], dict(number=0), '--trial 0: is waiting; only a complete trial can be exported'),
    ],
)
def test_no_such_trial(study, trials: list, which: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        find_trial(study(trials), **which)
    assert str(caught.value) == message


def test_a_continued_trial_counts_once(study) -> None:
    made = study([('FAIL', None, {}), ('COMPLETE', [80.0], {}), ('COMPLETE', [90.0], dict(continues=0, root=0))])
    assert [find_trial(made, rank).number for rank in (1, 2)] == [2, 1]


@pytest.mark.parametrize(
    ('text', 'arguments', 'message'),
    [
        ('', dict(out='found.txt'), '--out found.txt: a config must be named *.py'),
        ('', dict(out=DML), f'--out {DML}: is the config to begin with; give another name'),
        ('', dict(base='missing.py'), 'missing.py: no such file'),
        ('', dict(study='other'), '--study other: the storage has no study of this name; it has: search'),
        ('', dict(work_dir='nowhere'), '--storage sqlite:///nowhere/search.db, of --work-dir: no such file'),
        ("search = dict(retrain='none.py')", {}, 'search.retrain: must be the path of a config, relative to '),
    ],
)
def test_export_mistakes(tmp_path: Path, search, record, text: str, arguments: dict, message: str) -> None:
    cfg = search(text)
    record(cfg, (gates(), 90.0))
    with pytest.raises(UserError) as caught:
        place = {'work_dir': tmp_path, **{key: arguments.pop(key) for key in ('work_dir', 'study') if key in arguments}}
        export_graph(cfg, **{'out': tmp_path / 'found.py', 'address': StudyAddress.of(cfg, **place), **arguments})
    assert message in str(caught.value) and '\n' not in str(caught.value)
    assert not list(tmp_path.glob('*.py'))


def test_retrain_is_relative_to_the_file_that_says_it(tmp_path: Path, record) -> None:
    """Also where a config in another folder inherits it, and where an overlay says it."""
    mine = tmp_path / 'far/away/mine.py'
    mine.parent.mkdir(parents=True)
    mine.write_text(f'_base_ = [{str(SEARCH)!r}]\ntrain_cfg = dict(max_epochs=3)\n')
    cfg = load_config(mine)
    record(cfg, (gates(), 90.0), name='mine')
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    assert load_config(out).train_cfg.max_epochs == load_config(DML).train_cfg.max_epochs == 30
    overlay = tmp_path / 'overlay.py'
    overlay.write_text("search = dict(retrain='other.py')")
    (tmp_path / 'other.py').write_text(f'_base_ = [{str(DML)!r}]\ntrain_cfg = dict(max_epochs=7)\n')
    cfg = load_config(mine, overlays=[overlay])
    address = StudyAddress.of(cfg, tmp_path, study='mine')
    out = export_graph(cfg, tmp_path / 'found.py', address, files=[mine, overlay])
    assert load_config(out).train_cfg.max_epochs == 7


def test_no_name_is_written_as_code(tmp_path: Path, search, record) -> None:
    """Studies of others may have any name, and files and folders too."""
    ran = tmp_path / 'ran'
    code = f"\nopen({str(ran)!r}, 'w').close()  # "
    name = f'a{code}{{{{ fileDirname }}}}\r{code}\x0c{code}\'"\\'
    cfg = search()
    record(cfg, (gates(cut='label->net2 net1->net2 net3->net2 net3->net1'), 90.0), name=name)
    folder = tmp_path / "a'b\nimport os #"
    candidate = Candidates(cfg).make(gates(cut='label->net2 net1->net2 net3->net2 net3->net1')).config['model']
    teacher = pretrained.weights_path(
        candidate['nodes']['net2']['network'], Candidates(cfg).base, folder / 'pretrained'
    )
    teacher.parent.mkdir(parents=True)
    teacher.touch()
    address = StudyAddress(folder, f'sqlite:///{tmp_path}/search.db', name)
    out = export_graph(cfg, tmp_path / 'found\nimport this.py', address)
    lines = out.read_text().splitlines()
    header = lines[: next(i for i, line in enumerate(lines) if line.startswith('_base_'))]
    assert len(header) == 5 and all(line.startswith('#') for line in header)
    copied = tmp_path / 'found\nimport this_teachers' / teacher.name
    assert load_config(out).model.nodes.net2.checkpoint == str(copied) and copied.exists()
    assert not ran.exists()


def test_export_with_another_config_than_searched(tmp_path: Path, search, record) -> None:
    record(search(), (gates(), 90.0))
    changed = search("model = dict(edges={'net2->net1': dict(loss=dict(temperature=3.0))})")
    with pytest.raises(UserError, match='trial 0 of the study search was of another graph than this config makes'):
        export_graph(changed, tmp_path / 'found.py', StudyAddress.of(changed, tmp_path))
    assert not (tmp_path / 'found.py').exists()


def test_base_without_a_place_for_what_was_searched(tmp_path: Path, search, record) -> None:
    path = 'optim_wrapper.paramwise_cfg.nodes.net2.lr'
    cfg = search(f"""
optim_wrapper = dict(paramwise_cfg=dict(nodes=dict(net2=dict(lr=0.1))))
search = dict(retrain={str(DML)!r}, space={{'{path}': [0.1, 0.2]}})
""")
    record(cfg, (gates() | {path: '0.2'}, 90.0))
    with pytest.raises(UserError) as caught:
        export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    assert str(caught.value) == f"--base: has no place for {path!r}, which was searched; it lacks 'paramwise_cfg'"


def test_a_branch_point_and_an_undetached_edge(tmp_path: Path, search, record) -> None:
    """They are in the exported config, which builds and shares."""
    text = """
net2 = dict(type='NetworkNode', network=_base_.resnet8, share=dict(node='net1', until='backbone.layer1'))
model = dict(nodes=dict(_delete_=True, net1=dict(type='NetworkNode', network=_base_.resnet8), net2=net2),
             edges=dict(_delete_=True, **{
                 'label->net1': dict(loss=dict(type='CrossEntropy')),
                 'label->net2': dict(loss=dict(type='CrossEntropy')),
                 'net2->net1': dict(loss=dict(type='KLDivergence'), detach=False)}))
points = dict(early='backbone.layer1', late='backbone.layer2')
search.update(space=dict(_delete_=True, **{'model.nodes.net2.share.until': points}))
"""
    cfg = search(text)
    record(cfg, ({'model.nodes.net2.share.until': 'late'}, 0.9), ({'model.nodes.net2.share.until': 'early'}, 0.5))
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    found = load_config(out)
    assert found.model.nodes.net2.share == dict(node='net1', until='backbone.layer2')
    assert found.model.edges['net2->net1'].detach is False
    check_config(found)
    found.work_dir = str(tmp_path / 'work')
    networks = [node.network.backbone for node in build_runner(found).model.nodes.values()]
    assert networks[0].layer2 is networks[1].layer2 and networks[0].layer3 is not networks[1].layer3


ONE = CONFIGS / 'multi_branch/one_digits.py'
GATED = f"""
spaces = dict(open=dict(type='ThroughGate'), cutoff=dict(type='CutoffGate'))
search = dict(
    trials=4,
    metric='leader/accuracy/top1',
    space={{'model.edges.teacher->net3.gate': spaces, 'model.edges.label->teacher.gate': spaces}},
    retrain={str(ONE)!r},
)
"""


def test_what_an_ensemble_has_learnt_and_what_networks_share_are_exported(tmp_path: Path, record) -> None:
    path = tmp_path / 'configs/search.py'
    path.parent.mkdir()
    path.write_text(f'_base_ = [{str(ONE)!r}]\n{GATED}')
    cfg = load_config(path)
    values = {'model.edges.teacher->net3.gate': 'cutoff', 'model.edges.label->teacher.gate': 'open'}
    record(cfg, (values, 0.5))
    exported = load_config(export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path)))
    model, whole = exported.model.to_dict(), load_config(ONE).model.to_dict()
    assert model['nodes'] == {name: node for name, node in whole['nodes'].items() if name != 'ensemble'}
    assert model['nodes']['leader']['share'] == dict(node='net1', until='backbone.layer1')
    assert set(whole['edges']) - set(model['edges']) == {'teacher->net3'}
    assert model['edges']['label->teacher']['gate'] == dict(type='ThroughGate')
    check_config(exported)
    short = dict(
        train_dataloader=dict(dataset=dict(indices=64)), train_cfg=dict(max_epochs=1), param_scheduler=dict(end=1)
    )
    exported.merge_from_dict(short)
    runner = build_runner(exported, tmp_path / 'run')
    runner.train()
    assert (tmp_path / 'run' / 'epoch_1.pth').exists()


def test_of_stages_the_last_one_is_searched_and_written(tmp_path: Path, search, record) -> None:
    cfg = search(
        """
search = dict(
    trials=1,
    metric='net/accuracy/top1',
    space={
        'model.edges.teacher->net.gate': dict(through=dict(type='ThroughGate'), linear=dict(type='LinearGate')),
        'optim_wrapper.optimizer.lr': dict(low=0.01, high=0.2),
    },
)
""",
        CONFIGS / 'born_again/ban_digits.py',
    )
    name = 'optim_wrapper.optimizer.lr'
    record(cfg, ({'model.edges.teacher->net.gate': 'linear', name: 0.05}, 90.0))
    out = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path))
    text, exported = out.read_text(), load_config(out)
    assert 'stages = [*_base_.stages[:-1], dict(' in text
    assert max(len(line) for line in text.splitlines() if str(out) not in line) <= 120
    first, second, last = (stage.config for stage in read_stages(exported))
    assert [first, second] == [stage.config for stage in read_stages(cfg)[:2]]
    assert last['model']['nodes']['teacher'] == dict(type='NetworkNode', stage=dict(name='gen1', node='net'))
    assert last['model']['edges']['teacher->net']['gate'] == dict(type='LinearGate')
    assert (first[name.split('.')[0]]['optimizer']['lr'], last['optim_wrapper']['optimizer']['lr']) == (0.1, 0.05)
    assert last['randomness'] == read_stages(cfg)[2].config['randomness']
    with pytest.raises(UserError, match=r'model.nodes.teacher.stage: names a stage, but the config has no stages'):
        export_graph(cfg, out, StudyAddress.of(cfg, tmp_path), base=CONFIGS / 'single/resnet8_digits.py')
