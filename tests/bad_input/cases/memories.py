"""Mistakes in the losses of few labels that have a memory and a projection."""

SIMMATCH, COMATCH = (f'configs/semi/{name}_fashion_mnist_250.py' for name in ('simmatch', 'comatch'))
EDGE = "model.edges['net1->net1']"


def loss(base, arguments, says):
    """Other arguments of the loss."""
    return dict(
        base=base,
        config=f"model = dict(edges={{'net1->net1': dict(loss=dict({arguments}))}})",
        says=f'{EDGE}.loss{says}',
    )


def edge(base, entries, says, key='net1->net1'):
    """Other entries of the edge."""
    return dict(
        base=base, config=f'model = dict(edges={{{key!r}: dict({entries})}})', says=f'model.edges[{key!r}]{says}'
    )


CASES = [
    loss(SIMMATCH, 'num_labels=0', '.num_labels: must be a whole number, at least 1, got 0'),
    loss(SIMMATCH, 'num_labels=2.5', '.num_labels: must be a whole number'),
    loss(SIMMATCH, 'num_label=250', ": SimMatch has no argument 'num_label'; did you mean 'num_labels'"),
    loss(SIMMATCH, 'threshold=95', '.threshold: must be in [0, 1], got 95'),
    loss(SIMMATCH, 'temperature=0', '.temperature: must be above 0'),
    loss(SIMMATCH, 'smoothing=-0.1', '.smoothing: must be in [0, 1]'),
    loss(SIMMATCH, 'warm_up=1024', '.warm_up: must be in [0, 1]'),
    loss(SIMMATCH, 'momentum=1', '.momentum: must be in [0, 1)'),
    loss(SIMMATCH, "layers=['map', 'embedding']", '.layers: must be one, the same at both ends'),
    loss(SIMMATCH, "layers='backbone.layer9'", ".layers: node 'net1': the network has no module"),
    loss(COMATCH, 'queue_size=0', '.queue_size: must be a whole number, at least 1, got 0'),
    loss(COMATCH, 'contrast_threshold=2', '.contrast_threshold: must be in [0, 1]'),
    loss(COMATCH, 'embed_dims=0', '.embed_dims: must be a whole number'),
    loss(COMATCH, "other_view=''", ".other_view: must be a view's name"),
    loss(COMATCH, "other_view='strong3'", ".other_view: asks for the view 'strong3'"),
    edge(SIMMATCH, 'align=dict(length=0)', '.align.length: must be a whole number, at least 1, got 0'),
    edge(SIMMATCH, 'align=dict(lenght=32)', ".align: DistributionAlignment has no argument 'lenght'; did you mean"),
    edge(SIMMATCH, 'detach=False', '.detach: must be True'),
    edge(
        SIMMATCH,
        "loss=dict(type='SimMatch', num_labels=250), views=dict(source='weak', target='strong'), samples='unlabeled'",
        '.loss: SimMatch has one layer for both ends',
        key='ema->net1',
    ),
    dict(
        base=SIMMATCH,
        config='train_dataloader = dict(batch_size=112, sampler=dict(labeled=0))',
        says='the batch has no labelled samples',
    ),
    dict(
        base=COMATCH,
        config="train_dataloader = dict(dataset=dict(pipeline=[dict(type='Views', weak=[]), dict(type='PackViews')]))",
        says=f"{EDGE}.views: asks for the view 'strong'",
    ),
]
