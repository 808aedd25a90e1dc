"""Mistakes in the views that a graph makes, and in who looks at them."""

VAT = 'configs/semi/vat_fashion_mnist_250.py'
PATH = 'model.views.adversarial'
EDGE = "model.edges['net1->net1:vat']"


def view(arguments, says):
    """Other entries of the view."""
    return dict(base=VAT, config=f'model = dict(views=dict(adversarial=dict({arguments})))', says=f'{PATH}{says}')


def looking(views, says):
    """Other views of the edge that looks at it."""
    return dict(
        base=VAT, config=f"model = dict(edges={{'net1->net1:vat': dict(views=dict({views}))}})", says=f'{EDGE}{says}'
    )


CASES = [
    dict(base=VAT, config="model = dict(views=['adversarial'])", says='model.views: must be a dict'),
    dict(base=VAT, config='model = dict(views=dict(adversarial=None))', says=f'{PATH}: must be the dict'),
    view("type='VAT'", ".type: unknown made view 'VAT'"),
    view('epsilon=6.0', ": AdversarialView has no argument 'epsilon'; did you mean 'eps'"),
    view("node='net3'", ".node: no node is named 'net3'"),
    view('node=None', '.node: is missing'),
    view("of='week'", ".of: asks for the view 'week'"),
    view("of='adversarial'", ".of: 'adversarial' is made by the graph"),
    view('of=1', ".of: must be a view's name"),
    view('of=None', '.of: names no view'),
    view('eps=0', '.eps: must be above 0'),
    view("eps='6'", '.eps: must be above 0'),
    view('xi=-1e-6', '.xi: must be above 0'),
    view("xi=float('nan')", '.xi: must be above 0'),
    view('iterations=0', '.iterations: must be a whole number, at least 1'),
    view('iterations=1.5', '.iterations: must be a whole number, at least 1'),
    dict(
        base=VAT,
        config="model = dict(views=dict(weak2=dict(type='AdversarialView', node='net1', of='weak', eps=1.0)))",
        says='model.views.weak2: the data pipeline makes a view of this name',
    ),
    dict(
        base=VAT,
        config="model = dict(views=dict(other=dict(type='AdversarialView', node='net1', of='weak', eps=1.0)))",
        says='model.views.other: no edge looks at it',
    ),
    dict(
        base=VAT,
        config="model = dict(views=dict(pop=dict(type='AdversarialView', node='net1', of='weak', eps=1.0)))",
        says="model.views.pop: 'pop' is a word of torch",
    ),
    dict(base=VAT, config='model = dict(views=dict(_delete_=True))', says=f"{EDGE}.views: asks for the view 'adver"),
    looking("target='adversary'", ".views: asks for the view 'adversary'"),
    looking("target='weak'", ': a self edge needs two different views'),
    dict(
        base=VAT,
        config="""
model = dict(edges={'ema->net1': dict(loss=dict(type='Entropy'), views=dict(source='weak', target='weak'))})
""",
        says="model.edges['ema->net1'].loss: Entropy looks at the target alone",
    ),
    dict(
        base=VAT,
        config='model = dict(nodes=dict(net1=dict(network=dict(backbone=dict(with_cp=True)))))',
        says='model.nodes.net1.network.backbone.with_cp: must be False',
    ),
    dict(
        base=VAT,
        config='train_dataloader = dict(batch_size=16, sampler=dict(unlabeled=0))',
        says='.samples: the batch has no unlabelled samples',
        data=True,
    ),
]
