"""Mistakes with tools/benchmark.py."""


def of_other_data(folder):
    """A folder of a benchmark on other data."""
    (folder / 'work').mkdir()
    (folder / 'work/benchmark.json').write_text('{"data": "cifar100"}')


def damaged(folder):
    """A folder whose file cannot be read."""
    (folder / 'work').mkdir()
    (folder / 'work/benchmark.json').write_text('{"data"')


def in_the_way(folder):
    """A file where the folder of the runs is to be."""
    (folder / 'work').write_text('')


def case(*arguments, says, data='digits', data_read=False, **more):
    """Arguments of the benchmark."""
    args = ['--data', data, '--rows', 'independent', '--work-dir', '{folder}/work', *arguments]
    return dict(dict(tool='benchmark', args=args, says=says, data=data_read), **more)


CASES = [
    dict(tool='benchmark', args=[], says='--data'),
    case(data='digit', says="--data digit: there is no such recipe; did you mean 'digits'?"),
    case(data='families', says='--data families: there is no such recipe; '),
    case('--rows', 'fitnet', says="--rows fitnet: there is no such row; did you mean 'fitnets'?"),
    case('--rows', 'fixmatch', says='--rows fixmatch: digits has none of them in these groups'),
    case('--groups', 'few_labels', says='--groups few_labels: digits has no such group'),
    case('--epochs', '0', says='--epochs'),
    case('--epochs', '3', '--rows', 'ban', says='--epochs: 3 is not enough for ban', data_read=True),
    case('--seeds', '0', says='--seeds'),
    case('--seeds-from', str(2**32 - 1), says='--seeds: the last seed must be at most'),
    case('--choose', '--rows', 'kd', data='cifar100', says='--choose: kd has no validation images'),
    case(says='--work-dir', setup=of_other_data),
    case(says='benchmark.json: is damaged', setup=damaged),
    case(says='--work-dir', setup=in_the_way),
    case(says='--cfg-options train_cfg.max_epochs.a', options=['train_cfg.max_epochs.a=1']),
    case(says='optim_wrapper.optimizer.lr', options=['optim_wrapper.optimizer.lr=-1']),
    case(says='train_cfg', options=['train_cfg.max_epochs=-1']),
]
