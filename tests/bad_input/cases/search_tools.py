"""Mistakes with the tools that come after a search: export_graph.py, plot_search.py, retrain.py."""

import optuna

BASE = 'configs/search/ktg_3node_digits.py'
GRAPH = 'configs/dml/dml_3node_digits.py'


def study(folder, trials=(), directions=('maximize',)):
    """A study without trials, or with some."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    (folder / 'work').mkdir()
    storage = f'sqlite:///{folder}/work/search.db'
    made = optuna.create_study(storage=storage, study_name='config', directions=directions)
    made.add_trials(trials)


def failed(folder):
    """A study whose only trial has failed."""
    fail = optuna.trial.TrialState.FAIL
    study(folder, [optuna.trial.create_trial(state=fail, user_attrs=dict(end='failed: memory'))])


def foreign(folder):
    """A study of another space."""
    drawn = dict(params=dict(x=1.0), distributions=dict(x=optuna.distributions.FloatDistribution(0, 2)))
    study(folder, [optuna.trial.create_trial(value=1.0, **drawn)])


def two_metrics(folder):
    """A study of two metrics."""
    study(folder, directions=['maximize', 'minimize'])


def no_database(folder):
    """A file in the place of the database."""
    (folder / 'work').mkdir()
    (folder / 'work/search.db').write_text('no database ' * 200)


def in_the_way(folder):
    """A file where the folder of the runs is to be."""
    (folder / 'work').write_text('')


def export(*arguments, says, out='{folder}/found.py', **more):
    """Arguments of the export."""
    where = ['--work-dir', '{folder}/work', '--out', out]
    return dict(dict(tool='export_graph', base=BASE, args=['{config}', *where, *arguments], says=says), **more)


def plot(*arguments, says, **more):
    """Arguments of the pictures."""
    where = ['--work-dir', '{folder}/work']
    return dict(dict(tool='plot_search', base=BASE, args=['{config}', *where, *arguments], says=says), **more)


def retrain(*arguments, says, **more):
    """Arguments of the retraining."""
    where = ['--work-dir', '{folder}/work']
    return dict(dict(tool='retrain', base=GRAPH, args=['{config}', *where, *arguments], says=says), **more)


NO_DATA = '\n'.join(f'{name}_{part} = None' for name in ('val', 'test') for part in ('dataloader', 'cfg', 'evaluator'))

CASES = [
    export(says='--storage sqlite:///'),
    export(says='--study config: has no complete trial', setup=study),
    export(says='--study config: has no complete trial', setup=failed),
    export('--trial', '0', says='--trial 0', setup=failed),
    export('--trial', '7', says='--trial 7', setup=failed),
    export('--rank', '0', says='--rank', setup=foreign),
    export('--rank', '2', says='--rank', setup=foreign),
    export('--rank', 'best', says='--rank'),
    export('--rank', '1', '--trial', '0', says='--trial'),
    export(says='search.space', setup=foreign),
    export('--study', 'confg', says='--study confg', setup=study),
    export('--study', 'a\rb', says='--study', setup=study),
    export(says='--storage sqlite:///', setup=no_database),
    export('--storage', 'postgresql+psycopg2://me:secret@127.0.0.1:1/db', says='--storage postgresql+psycopg2://me@'),
    export(says='--out found.txt', out='found.txt', setup=study),
    export(says='--out', out='{folder}/config.py', config='search = dict(retrain=None)', setup=study),
    export('--base', 'none.py', says='none.py', setup=foreign),
    export(says='search: is missing', base=GRAPH),
    export(says='search.retrain', config="search = dict(retrain='../nowhere.py')"),
    dict(tool='export_graph', base=BASE, args=['{config}'], says='--out'),
    dict(tool='export_graph', base=BASE, args=['{folder}/none.py', '--out', 'a.py'], says='none.py'),
    plot(says='--storage sqlite:///'),
    plot(says='--study config: no trial has begun', setup=study),
    plot(says='--study config: was made for 2 metrics', setup=two_metrics),
    plot('--study', 'other', says='--study other', setup=study),
    plot('--format', 'pdf', says='--format'),
    plot('--out', '/proc/none', says='/proc/none', setup=foreign),
    plot(says='--storage sqlite:///', setup=no_database),
    plot(says='search: is missing', base=GRAPH),
    plot('--top', '3', says='--top'),
    retrain('--seeds', '0', says='--seeds'),
    retrain('--seeds', '-3', says='--seeds'),
    retrain('--seeds', '0,1,2', says='--seeds'),
    retrain('--seeds-from', '-1', says='--seeds-from'),
    retrain('--seeds-from', '4294967295', says='--seeds'),
    retrain('--methods', 'found', 'mutual', says='--methods'),
    retrain('--methods', says='--methods'),
    retrain('--metric', 'accuracy/top2', says='--metric accuracy/top2'),
    retrain('--metric', 'net4/accuracy/top1', says='--metric net4/accuracy/top1'),
    retrain('--against', 'none.py', says='none.py'),
    retrain('--against', '{config}', '{config}', says='--against'),
    retrain('--seed-keys', 'train_dataloader.data.seed', says='--seed-keys train_dataloader.data.seed'),
    retrain('--seed-keys', 'max_epochs', says='--seed-keys max_epochs'),
    retrain('--seed-keys', 'optim_wrapper.optimizer.seed', says='optim_wrapper.optimizer'),
    retrain(says='--work-dir', setup=in_the_way),
    retrain(says='test_dataloader', config=NO_DATA),
    retrain(says='model: must be a KnowledgeTransferGraph', base='configs/_base_/models/networks_small.py'),
]
