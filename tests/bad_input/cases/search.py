"""Mistakes in ``search`` of a config, and in where its study is."""

import sqlite3
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BASE = 'configs/search/ktg_3node_digits.py'
BRANCH_POINT = 'model.nodes.net2.share, model.nodes.net3.share, model.nodes.leader.share'
LR = 'optim_wrapper.optimizer.lr'
RACE = "search = dict(enqueue=['dml'], race=dict(graphs=2, seeds=3))"


def option(*options, says):
    """Settings of the command line."""
    return dict(tool='search', base=BASE, options=options, says=says)


def lines(config, says):
    """Lines of the config."""
    return dict(tool='search', base=BASE, config=config, says=says)


def pruner(entries, says):
    """The pruner of the hook."""
    return lines(f'search = dict(hook=dict(pruner=dict(_delete_=True, {entries})))', f'search.hook.pruner{says}')


def space(entry, key=LR):
    """An entry of the space."""
    return lines(f'search = dict(space={{{key!r}: {entry}}})', f'search.space[{key!r}]')


def independent(entry):
    """A space of the edges' gates that independent training is not in."""
    gates = f"search = dict(enqueue=['independent'], space={{'model.edges.*.gate': {entry}}})"
    return lines(gates, "search.enqueue: 'independent' is not in the space: model.edges.")


def enqueued(text, says):
    """Lines of a config that is to be tried first, beside the search's."""
    text = f'_base_ = {str(ROOT / BASE)!r}\n{text}\n'
    case = lines("search = dict(enqueue=['mine.py'])", says)
    return dict(case, setup=lambda folder: (folder / 'mine.py').write_text(text))


def race(entry, says):
    """A race, against deep mutual learning."""
    return lines(f"search = dict(enqueue=['dml'], race={entry})", f'search.race{says}')


def features(entry, key='model.edges.net2->net1'):
    """An entry of the space of feature losses."""
    return dict(space(entry, key), base='configs/search/features_3node_digits.py')


def branches(entry, key='model.nodes.teacher'):
    """An entry of the space of branches, added to the one that it has."""
    return dict(space(entry, key), base='configs/search/branches_digits.py')


def args(*arguments, says, **more):
    """Arguments after the config's file."""
    where = ['{config}', '--work-dir', '{folder}/work']
    return dict(tool='search', base=BASE, args=[*where, *arguments], says=says, **more)


def no_database(folder):
    """A file in its place."""
    (folder / 'search.db').write_text('no database ' * 200)


def other_version(folder):
    """A database of another version of Optuna."""
    with sqlite3.connect(folder / 'search.db') as database:
        columns = 'version_info_id INTEGER, schema_version INTEGER, library_version TEXT'
        database.execute(f'CREATE TABLE version_info ({columns})')
        database.execute("INSERT INTO version_info VALUES (1, 99, '9.9.9')")


def damaged_journal(folder):
    """A journal with half a line in its middle."""
    line = '{"op_code": 0, "worker_id": "a", "study_name": "s", "directions": [2]}\n'
    (folder / 'journal').write_text(f'{line}{line[:20]}\n{line}')


CASES = [
    option('search=5', says='search: must be a dict'),
    option('search=None', says='search: is missing'),
    option('search.trials=ten', says='search.trials'),
    option('search.trials=0', says='search.trials'),
    option('search.trials=2.5', says='search.trials'),
    option('search.n_trials=10', says='search.n_trials'),
    option('search.n_jobs=4', says='search.n_jobs'),
    option('search.timeout=3600', says='search.timeout'),
    option('search.direction=maximize', says='search.direction'),
    option('search.pruner=MedianPruner', says='search.pruner'),
    option('search.heartbeat=often', says='search.heartbeat'),
    option('search.heartbeat=0', says='search.heartbeat'),
    option('search.retries=-1', says='search.retries'),
    option('search.retries=None', says='search.retries'),
    option('search.trials_per_worker=0', says='search.trials_per_worker'),
    option('search.trials_per_worker=two', says='search.trials_per_worker'),
    option('search.trials_per_worker=1.5', says='search.trials_per_worker'),
    option('search.stack=yes', 'search.trials_per_worker=2', says='search.stack: must be True or False'),
    option('search.stack=True', says='search.stack: a stack is of several trials'),
    option(
        'search.stack=True',
        'search.trials_per_worker=2',
        'env_cfg.capture=streams',
        says="search.stack: must be False with env_cfg.capture='streams'",
    ),
    option('search.pretrain=yes', says='search.pretrain'),
    option('search.pretrain=1', says='search.pretrain'),
    option('search.study=7', says='search.study'),
    option('search.storage=search.db', says='--storage search.db'),
    option('search.storage=5', says='search.storage'),
    lines("search = dict(storage='')", 'search.storage'),
    option('search.retrain=nowhere.py', says='search.retrain'),
    option('search.retrain=True', says='search.retrain'),
    # graphs that are tried first, and the race after a search
    option('search.enqueue=dml', says='search.enqueue: must be a list of names and configs'),
    lines('search = dict(enqueue=[5])', 'search.enqueue: must be a list of names and configs'),
    lines("search = dict(enqueue=['dml', 'dml'])", 'search.enqueue: names a graph twice'),
    lines(
        "search = dict(enqueue=['dmll'])",
        "search.enqueue: 'dmll' is neither the name of a known graph nor a config; did",
    ),
    lines("search = dict(enqueue=['dml_temperature_2'])", "search.enqueue: 'dml_temperature_2' is not in the space"),
    lines("search = dict(enqueue=['missing.py'])", 'search.enqueue: '),
    independent("dict(_delete_=True, through=dict(type='ThroughGate'))"),
    enqueued(
        "model = dict(edges={'net2->net1': dict(gate=dict(type='SineGate'))})", 'is outside the space: model.edges'
    ),
    enqueued("model = dict(edges={'net2->net1': dict(weight=2.0)})", 'is outside the space: it differs in what is not'),
    enqueued('model = 5', 'has no KnowledgeTransferGraph'),
    enqueued('model = dict(', 'SyntaxError'),
    lines("search = dict(baseline='dml')", "search.baseline: must be one of the enqueued graphs, got 'dml'"),
    lines(
        "search = dict(enqueue=['dml'], baseline='kd')", "search.baseline: must be one of the enqueued graphs, got 'kd'"
    ),
    lines("search = dict(enqueue=['dml'], baseline=['dml'])", 'search.baseline: must be a string'),
    lines('search = dict(race=dict(graphs=2, seeds=3))', 'search.race: has nobody to run against'),
    race('5', ': must be a dict'),
    race('True', ': must be a dict'),
    race('dict(graphs=2, seed=3)', '.seed: unknown entry'),
    race("dict(graphs='2', seeds=3)", '.graphs: must be a whole number, at least 1'),
    race('dict(graphs=0, seeds=3)', '.graphs: must be a whole number, at least 1'),
    race('dict(graphs=2, seeds=1)', '.seeds: must be a whole number, at least 2'),
    race('dict(graphs=2, seeds=3.0)', '.seeds: must be a whole number, at least 2'),
    race('dict(graphs=16, seeds=10)', ': takes 88 runs, more than the 50 trials of the search'),
    race("dict(graphs=2, seeds=3), metric=['net1/accuracy/top1', 'parameters'], hook=None", ': goes by one metric'),
    args('--trials', '11', says='search.race: takes 12 runs, more than the 11 trials', config=RACE),
    # samplers
    option('search.sampler=TPE', says='search.sampler'),
    option('search.sampler.type=TPE', says='search.sampler.type'),
    option('search.sampler.seed=-1', says='search.sampler.seed'),
    option('search.sampler.seed=4294967296', says='search.sampler.seed'),
    option('search.sampler.seed=zero', says='search.sampler.seed'),
    option('search.sampler.seed=True', says='search.sampler.seed'),
    option('search.sampler.n_startup_trials=5', says='search.sampler.n_startup_trials'),
    lines("search = dict(sampler=dict(type='TPESampler', n_startup_trials='10'))", 'search.sampler.n_startup_trials'),
    lines("search = dict(sampler=dict(type='TPESampler', n_ei_candidates=0))", 'search.sampler.n_ei_candidates'),
    lines("search = dict(sampler=dict(type='TPESampler', gamma=0.25))", 'search.sampler.gamma'),
    lines("search = dict(sampler=dict(type='NSGAIISampler', population_size=1))", 'search.sampler'),
    *[
        lines(f"search = dict(sampler=dict(type='RegularizedEvolutionSampler', {arguments}))", f'search.sampler{says}')
        for arguments, says in (
            ('population_size=1', ': RegularizedEvolutionSampler: population_size must be at least 2'),
            ('population_size=50.0', '.population_size: must be int'),
            ('population_size=5', ': RegularizedEvolutionSampler: tournament_size must be in [1, 5]'),
            ('tournament_size=0', ': RegularizedEvolutionSampler: tournament_size must be in [1, 50]'),
            ('first=0', ': RegularizedEvolutionSampler: first must be at least 1'),
            ('population=5', '.population: RegularizedEvolutionSampler has no such argument'),
        )
    ],
    lines(
        "search = dict(sampler=dict(type='RegularizedEvolutionSampler'), metric=['net1/accuracy/top1', 'parameters'])",
        'search.sampler.type: RegularizedEvolutionSampler goes by one metric',
    ),
    lines("search = dict(sampler=dict(type='GridSampler'))", 'search.sampler'),
    # hook and pruner
    option('search.hook=ASHAHook', says='search.hook'),
    option('search.hook.type=SuccessiveHalvingPruner', says='search.hook.type'),
    option('search.hook.type=EMAHook', says='search.hook'),
    option('search.hook.interval=5', says='search.hook.interval'),
    option('search.hook.patience=3', says='search.hook'),
    option('search.hook.pruner=asha', says='search.hook.pruner'),
    option('search.hook.pruner.min_resource=31', says='search.hook.pruner.min_resource'),
    option('search.hook.pruner.min_resource=0', says='search.hook.pruner'),
    option('search.hook.pruner.min_resource=auto', says='search.hook.pruner.min_resource'),
    option('search.hook.pruner.min_resource=True', says='search.hook.pruner.min_resource'),
    option('search.hook.pruner.reduction_factor=1', says='search.hook.pruner'),
    option('search.hook.pruner.min_early_stopping_rate=5', says='search.hook.pruner.min_resource'),
    option('search.hook.pruner.max_resource=30', says='search.hook.pruner.max_resource'),
    pruner("type='HyperbandPruner', min_resource=5, max_resource=2", '.max_resource'),
    pruner("type='MedianPruner', n_warmup_steps=40", '.n_warmup_steps'),
    pruner("type='PercentilePruner', percentile='25'", '.percentile'),
    pruner("type='PercentilePruner', percentile=200.0", ''),
    pruner("type='PatientPruner', wrapped_pruner='ASHA', patience=2", '.wrapped_pruner'),
    # metric
    option('search.metric=accuracy', says='search.metric'),
    option('search.metric=net9/accuracy/top1', says='search.metric'),
    option('search.metric=net1/accuracy/top5', says='search.metric'),
    option('search.metric=net1', says='search.metric'),
    option('search.metric=1', says='search.metric'),
    lines('search = dict(metric=[])', 'search.metric'),
    lines("search = dict(metric=['parameters', 'flops'], hook=None)", 'search.metric'),
    lines("search = dict(metric=['net1/accuracy/top1', 'parameters'])", 'search.hook'),
    lines("search = dict(metric=dict(name='net1/accuracy/top1', direction='max'))", 'search.metric.direction'),
    lines("search = dict(metric=dict(metric='net1/accuracy/top1'))", 'search.metric'),
    # space
    lines('search = dict(space=dict(_delete_=True))', 'search.space'),
    lines("search = dict(space=['model.edges'])", 'search.space'),
    lines('search = dict(_delete_=True, trials=3)', 'search.space'),
    space('dict(min=0.01, max=0.1)'),
    space('dict(values=[0.01, 0.1])'),
    space('dict(low=0.01)'),
    space("dict(low='0.01', high=0.1)"),
    space('dict(low=0.1, high=0.01)'),
    space("dict(low=0.01, high=float('inf'))"),
    space('dict(low=0.0, high=0.1, log=True)'),
    space("dict(low=0.01, high=0.1, log='yes')"),
    space('dict(low=0.01, high=0.1, step=1.0)'),
    space('dict(low=0.01, high=0.1, step=-0.01)'),
    space('dict(low=0.01, high=0.1, base=10)'),
    space('[]'),
    space('0.1'),
    space('[0.1, 0.1]'),
    space(f"dict(choices=[0.1, 0.2], when={{'{LR}': '0.1'}})"),
    space("dict(choices=[0.1, 0.2], when={'optim_wrapper.optimizer.momentum': '0.1'})"),
    space("dict(choices=[0.1, 0.2], when={'model.nodes.net2.network': 'resnet9'})"),
    space("dict(choices=[0.1, 0.2], when={'model.nodes.net2.network': []})"),
    space("dict(choices=[0.1, 0.2], when='model.nodes.net2.network')"),
    space('[0.1]', 'optim_wraper.optimizer.lr'),
    space('[1, 2]', 'model.nodes.net9.network'),
    space("dict(a=dict(type='LinaerGate'))", 'model.edges.net1->net2.gate'),
    space("dict(a=dict(type='ImageClasifier'))", 'model.nodes.net2.network'),
    # spaces of features and of branches
    features("dict(kl=dict(loss=dict(type='KLDivergence')), hint=dict(loss=dict(type='FitNets', layers='layer2')))"),
    features("dict(hint=dict(loss=dict(type='FitNets', layers='backbone.layer4'), weight=100.0))"),
    features("dict(hint=dict(loss=dict(type='FitNets', layers='embedding')))"),
    features("dict(hint=dict(loss=dict(type='FitNets', layer='map')))"),
    features("dict(at=dict(loss=dict(type='AttentionTransfer'), weigth=1000.0))"),
    features("dict(pkt=dict(loss=dict(type='PKT'), weight=-1.0))"),
    features("dict(crd=dict(loss=dict(type='CRD')))"),
    features("dict(rkd=dict(loss=dict(type='RKD')))", 'model.edges.label->net1'),
    branches("dict(deep=dict(node='net1', until='backbone.layer4'))", BRANCH_POINT),
    branches("dict(whole=dict(node='net1', until='head.fc'))", BRANCH_POINT),
    branches("dict(layer1=dict(node='net9', until='backbone.layer1'))", BRANCH_POINT),
    branches("dict(_delete_=True, layer1=dict(until='backbone.layer1'))", BRANCH_POINT),
    branches('dict(none=None)', 'model.nodes.net2.share, model.nodes.net9.share'),
    branches("dict(layer1=dict(node='net2', until='backbone.layer1'))", 'model.nodes.net1.share'),
    branches("dict(fusion=dict(layer='embedding'))"),
    branches("dict(gated=dict(layer='backbone.layer5'))"),
    branches("dict(attention=dict(members=['net1', 'net9']))"),
    branches("dict(attention=dict(type='AttentionEnsemble'))"),
    # the rest of the config
    lines('val_dataloader = None\nval_cfg = None\nval_evaluator = None', 'val_dataloader'),
    lines('val_evaluator = None', 'val_evaluator'),
    lines('train_cfg = None', 'train_cfg'),
    lines('test_dataloader = _base_.val_dataloader', 'val_dataloader.dataset'),
    space("['val', 'test']", 'val_dataloader.dataset.split'),
    space("['train', 'tests']", 'train_dataloader.dataset.split'),
    lines(
        "val_dataloader = dict(dataset=dict(split='test', pipeline=_base_.train_pipeline))", 'val_dataloader.dataset'
    ),
    lines('train_cfg = dict(val_begin=31)', 'train_cfg.val_begin'),
    lines("load_from = 'missing.pth'", 'load_from'),
    lines("search = dict(sampler=dict(_delete_=True, type='TPESampler', prior_weight=-1.0))", 'sampler.prior_weight'),
    # where the study is
    lines("search = dict(storage='nosuch://host')", 'of search.storage'),
    args(says='of --work-dir', setup=lambda folder: (folder / 'work').write_text('')),
    args('--storage', 'sqlite:///a.db?read_only=1', says='--storage sqlite:///a.db?read_only=1'),
    args('--trials', '0', says='--trials'),
    args('--trials', 'many', says='--trials'),
    args('--study', 'a\nimport os', says='--study'),
    args('--storage', 'postgres://me:secret@127.0.0.1:1/db', says='--storage postgres://me@127.0.0.1:1/db'),
    args('--storage', 'sqlite:search.db', says='--storage sqlite:search.db'),
    args('--storage', 'sqlite:////proc/none/search.db', says='--storage sqlite:////proc/none/search.db'),
    args('--storage', 'grpc://127.0.0.1:port', says='--storage grpc://127.0.0.1:port'),
    args('--storage', 'sqlite:///{folder}/search.db', says='--storage sqlite:///', setup=no_database),
    args('--storage', 'sqlite:///{folder}/search.db', says='--storage sqlite:///', setup=other_version),
    args('--storage', 'journal://{folder}/journal', says='--storage journal://', setup=damaged_journal),
    args('--storage', 'journal:///proc/none/journal', says='--storage journal://'),
    args('--storrage', 'sqlite:///a.db', says='--storrage'),
    args('--resume', says='--resume'),
    args(says='--storage nosuch://me@host, of KTG_MM_STORAGE', environ=dict(KTG_MM_STORAGE='nosuch://me:secret@host')),
]
