"""Mistakes in CRMatch's losses, and in the view of which rotations are told."""

CRMATCH = 'configs/semi/crmatch_fashion_mnist_250.py'
EDGE, ROTATION = (f'model.edges[{key!r}]' for key in ('net1->net1', 'net1->net1:rotation'))


def model(entries, says):
    """Other entries of the model."""
    return dict(base=CRMATCH, config=f'model = dict({entries})', says=says)


def rotation(entries, says):
    """Other entries of the edge that tells rotations."""
    return model(f"edges={{'net1->net1:rotation': dict({entries})}}", f'{ROTATION}{says}')


def cosine(arguments, says):
    """Other arguments of the loss of features."""
    return model(
        f"edges={{'net1->net1': dict(loss=dict(_delete_=True, type='FeatureCosine', {arguments}))}}",
        f'{EDGE}.loss{says}',
    )


CASES = [
    rotation("views=dict(source='weak', target='weak')", '.views: must name a RotatedView of model.views'),
    rotation("views=dict(_delete_=True, target='turned')", '.views: names no view'),
    rotation("views=dict(source='turn', target='turn')", '.views: must name a RotatedView of model.views'),
    rotation("loss=dict(hidden='yes')", '.loss.hidden: must be True or False'),
    rotation("loss=dict(layers=['map', 'embedding'])", '.loss.layers: must be one, the same at both ends'),
    rotation("loss=dict(layers='backbone.layer9')", ".loss.layers: node 'net1': the network has no module"),
    rotation('detach=False', '.detach: must be True: Rotation has no gradient'),
    model(
        "views=dict(turned=dict(_delete_=True, type='AdversarialView', node='net1', of='weak', eps=1.0))",
        f'{ROTATION}.views: must name a RotatedView of model.views',
    ),
    model("views=dict(turned=dict(node='net3'))", "model.views.turned.node: no node is named 'net3'"),
    model("views=dict(turned=dict(of='week'))", "model.views.turned.of: asks for the view 'week'"),
    model('views=dict(turned=dict(degrees=90))', "model.views.turned: RotatedView has no argument 'degrees'"),
    model('views=dict(_delete_=True)', f'{ROTATION}.views: must name a RotatedView of model.views'),
    cosine('size=0', '.size: must be a whole number, at least 1, got 0'),
    cosine("layers='embedding'", ".layers: 'embedding' of the target gives features of shape"),
    cosine('size=8', '') | dict(says=f'{EDGE}.loss: size must be that of the maps, 4 x 4, got 8', data=True),
    model(
        "edges={'ema->net1': dict(loss=dict(type='FeatureCosine'), views=dict(source='weak', target='strong'))}",
        "model.edges['ema->net1'].loss: FeatureCosine has one layer for both ends",
    ),
]
