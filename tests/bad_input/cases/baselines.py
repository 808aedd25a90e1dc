"""Mistakes in what a result is compared with."""


def of_other_nodes(folder):
    """The folder ``other`` of a run that has measured another node."""
    (folder / 'other').mkdir()
    (folder / 'other' / 'metrics.json').write_text('{"test": {"net9/accuracy/top1": 90.0}}')


def damaged(folder):
    """The folder ``damaged`` of a run whose metrics are cut short."""
    (folder / 'damaged').mkdir()
    (folder / 'damaged' / 'metrics.json').write_text('{"test": {"net1/accur')


def case(baseline, **more):
    """Training, compared with something."""
    return dict(args=['{config}', '--work-dir', '{folder}/work', '--baseline', baseline], **more)


CASES = [
    case('net9', says='--baseline net9: is no node of the graph and no folder'),
    case('', says='argument --baseline: must not be empty'),
    case('{folder}', says='has no metrics.json'),
    case('other', says='--baseline other: has measured none of the nodes net1', setup=of_other_nodes),
    case('damaged', says='damaged/metrics.json: is not what a run writes', setup=damaged),
    case('net', base='configs/born_again/ban_digits.py', says='--baseline: the config is one of stages'),
    dict(
        tool='test',
        args=['{config}', 'run.pth', '--work-dir', '{folder}/work', '--baseline', 'net9'],
        says='--baseline net9: is no node of the graph and no folder',
    ),
]
