"""Mistakes in views of mixed images, and in who looks at them."""

MIXMATCH, REMIXMATCH = (f'configs/semi/{name}_fashion_mnist_250.py' for name in ('mixmatch', 'remixmatch'))
PATH = 'model.views.mixed'


def view(arguments, says, base=MIXMATCH):
    """Other entries of the view."""
    return dict(base=base, config=f'model = dict(views=dict(mixed=dict({arguments})))', says=f'{PATH}{says}')


def edge(key, entries, says, base=MIXMATCH):
    """Other entries of an edge, or another edge."""
    return dict(
        base=base, config=f'model = dict(edges={{{key!r}: dict({entries})}})', says=f'model.edges[{key!r}]{says}'
    )


CASES = [
    view("of=['weak', 'week']", ".of: asks for the view 'week'"),
    view("of=['weak', 'weak']", ".of: must be a view's name, or a list of several"),
    view('of=[]', ".of: must be a view's name, or a list of several"),
    view('of=[1]', ".of: must be a view's name"),
    view('of=None', '.of: names no view'),
    view("of=['weak', 'mixed']", ".of: 'mixed' is made by the graph"),
    view("node='net3'", ".node: no node is named 'net3'"),
    view('alpha=0', '.alpha: must be above 0'),
    view("alpha='0.5'", '.alpha: must be above 0'),
    view("alpha=float('inf')", '.alpha: must be'),
    view('temperature=0.0', '.temperature: must be above 0'),
    view('temperature=None', '.temperature: must be above 0'),
    view('beta=0.5', ": MixedView has no argument 'beta'"),
    view("guess='weak'", '.guess: must be a list of views of which the view is made'),
    view("guess=['strong']", '.guess: must be a list of views of which the view is made'),
    view('guess=[]', '.guess: must be a list of views of which the view is made'),
    view("align='uniform'", '.align: must be a dict'),
    view('align=dict(momentum=1.0)', '.align.momentum: must be in [0, 1)', REMIXMATCH),
    view("align=dict(target='labeled')", ".align.target: must be 'uniform', got 'labeled'", REMIXMATCH),
    view("align=dict(goal='uniform')", ".align: DistributionAlignment has no argument 'goal'", REMIXMATCH),
    edge('label->net1:guessed', "samples='unlabelled'", ".samples: 'unlabelled' is unknown"),
    edge('label->net1:guessed', "views=dict(target='weak')", ".samples: must be 'labeled', got 'unlabeled'"),
    edge('label->net1', "gate=dict(type='CorrectGate')", '.gate: CorrectGate asks for the one true class of a sample'),
    edge('label->net1', "loss=dict(type='DKD')", '.loss: DKD learns from a node'),
    edge(
        'net1->ema',
        "_delete_=True, loss=dict(type='KLDivergence'), views=dict(source='weak', target='mixed')",
        ".views: 'mixed' has images and labels of its own, which the label alone teaches with; let the edge be "
        "'label->ema'",
    ),
    edge(
        'net1->net1',
        "loss=dict(type='CoMatch', queue_size=40, other_view='mixed')",
        ".views: 'mixed' has images and labels of its own",
        REMIXMATCH,
    )
    | dict(
        config="""
model = dict(edges={'net1->net1': dict(loss=dict(_delete_=True, type='CoMatch', queue_size=40, other_view='mixed'))})
"""
    ),
    dict(
        base=MIXMATCH,
        config='train_dataloader = dict(sampler=dict(labeled=32, unlabeled=0))',
        says="model.edges['label->net1'].samples: the batch has no unlabelled samples",
        data=True,
    ),
]
