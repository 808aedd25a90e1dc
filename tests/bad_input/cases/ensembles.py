"""Mistakes in ensembles that learn, and in what keeps classifiers apart."""

FOLDER = 'configs/multi_branch'
NODES = dict(one='teacher', okddip='peers', ffm='fusion', ffl='fusion')
EDGE = "model.edges['net1->net2:diversity']"


def node(method, arguments, says):
    """Other entries of the ensemble of a method."""
    name = NODES[method]
    return dict(
        base=f'{FOLDER}/{method}_digits.py',
        config=f'model = dict(nodes=dict({name}=dict({arguments})))',
        says=f'model.nodes.{name}{says}',
    )


def model(method, lines, says):
    """Another model."""
    return dict(base=f'{FOLDER}/{method}_digits.py', config=f'model = dict({lines})', says=says)


def apart(entries, says='', key='net1->net2:diversity'):
    """Another edge that keeps classifiers apart."""
    return model('ffm_cd', f'edges={{{key!r}: dict({entries})}}', f'model.edges[{key!r}]{says}')


UNTAUGHT = "nobody teaches what this node learns; give it an edge such as 'label->"
MAPS = 'members must have feature maps of one height and width to be fused'

CASES = [
    # Layers.
    *(
        node(method, "layer='backbone.layer9'", ".layer: node 'net1': the network has no module 'backbone.layer9'; did")
        for method in NODES
    ),
    *(node(method, 'layer=None', '.layer: must be a module such as') for method in NODES),
    node(
        'okddip', "layer='embeding'", ".layer: node 'net1': the network has no module 'embeding'; did you mean 'embed"
    ),
    node('one', "layer='head.loss_module'", ".layer: node 'net1': 'head.loss_module' is not run"),
    node('one', "layer=['map', 'embedding']", '.layer: must be a module such as'),
    node('okddip', "layer='map'", '.layer: members must have embeddings of one length'),
    node('ffm', "layer='embedding'", f'.layer: {MAPS}'),
    node('ffl', "layer='embedding'", f'.layer: {MAPS}'),
    node('ffl', "layers='map'", ''),
    *(
        node('ffl', f"_delete_=True, type='ResidualNode', members=['net1', 'net2'], {arguments}", says)
        for arguments, says in (
            ("layer='embedding'", '.layer: members must have feature maps of one shape to be added up'),
            ("layer='backbone.layer9'", ".layer: node 'net1': the network has no module"),
            ('norm_cfg=None', ": ResidualNode has no argument 'norm_cfg'"),
            ('detach=1', '.detach: must be True or False'),
        )
    ),
    # Members.
    *(node(method, "members=['net1']", '.members: must be a list of at least two different nodes') for method in NODES),
    *(node(method, "members=['net1', 'net9']", ".members: no node is named 'net9'; did you mean") for method in NODES),
    *(node(method, 'members=None', '.members') for method in NODES),
    node('okddip', "members=['net1', 'average']", ".layer: node 'average': has no features, as it is of type Ensemble"),
    node('one', "members=['teacher', 'net1']", ': reads its own output: teacher <- teacher'),
    model(
        'okddip',
        'nodes=dict(net3=dict(share=None, network=dict(backbone=dict(base_channels=8), head=dict(in_channels=32))))',
        'model.nodes.peers.layer: members must have embeddings of one length, such as those of one network; net1 64,',
    ),
    model(
        'ffm',
        'nodes=dict(net3=dict(share=None, network=dict(head=dict(num_classes=9))))',
        'model.nodes.net3.network.head.num_classes',
    ),
    # What is learnt.
    node('okddip', 'reduction=0', '.reduction: must be a whole number, at least 1'),
    node('okddip', 'reduction=2.5', '.reduction'),
    node('okddip', "norm_cfg=dict(type='BN')", ''),
    *(node(method, "norm_cfg='BN'", ".norm_cfg: must be a dict with a 'type'") for method in ('one', 'ffm', 'ffl')),
    *(
        node(method, "norm_cfg=dict(type='BatchNorm')", ".norm_cfg: unknown norm layer 'BatchNorm'; take 'BN', 'GN'")
        for method in ('one', 'ffm', 'ffl')
    ),
    node('one', "norm_cfg=dict(type='BN')", '.norm_cfg: expected 4D input (got 2D input)'),
    node('ffm', "norm_cfg=dict(type='BN1d')", '.norm_cfg: expected 2D or 3D input (got 4D input)'),
    node('ffm', "norm_cfg=dict(type='GN')", '.norm_cfg'),
    node('ffl', "norm_cfg=dict(type='GN', num_groups=0)", '.norm_cfg: num_groups must be a whole number, at least 1'),
    node('ffl', "norm_cfg=dict(type='BN', momentun=0.1)", '.norm_cfg'),
    node('one', "detach='yes'", '.detach: must be True or False'),
    node('one', "type='GatedEnsemble'", '.type: unknown node'),
    # Who teaches it.
    model(
        'one', "edges={'label->teacher': dict(gate=dict(type='CutoffGate'))}", f'model.nodes.teacher: {UNTAUGHT}teach'
    ),
    model(
        'okddip',
        'edges={f"peers->net{i}": dict(detach=True) for i in (1, 2, 3)}',
        f"model.nodes.peers: {UNTAUGHT}peers', or detach=False to an edge from it",
    ),
    model(
        'okddip',
        "edges={'label->average': dict(loss=dict(type='CrossEntropy'))}",
        "model.edges['label->average']",
    ),
    model('okddip', "target='peer'", "model.target: no node is named 'peer'; did you mean 'peers'?"),
    model('ffm', "edges={'fusion->net1': dict(detach='no')}", "model.edges['fusion->net1'].detach"),
    # Classifiers that are to differ.
    apart("gate=dict(type='CorrectGate')", '.gate: weighs samples, but ClassifierDiversity depends on weights alone'),
    apart("gate=dict(type='ThresholdGate', threshold=0.5)", '.gate: weighs samples'),
    apart("loss=dict(product='both')", ".loss.product: must be 'features' or 'classes', got 'both'"),
    apart('loss=dict(product=None)', '.loss.product'),
    apart("loss=dict(type='ClassifierDiversity')", '.loss', 'label->net1:diversity'),
    apart("loss=dict(type='ClassifierDiversity')", ".loss: node 'ensemble': has no linear", 'ensemble->net1:diversity'),
    apart("loss=dict(type='ClassifierDiversity')", '', 'net1->net1:diversity'),
    dict(
        base=f'{FOLDER}/ffm_cd_digits.py',
        config="""
model = dict(
    nodes=dict(net2=dict(share=None, network=dict(backbone=dict(base_channels=8), head=dict(in_channels=32)))),
    edges={'net1->net2:diversity': dict(loss=dict(product='classes'))},
)
""",
        says=f'{EDGE}.loss: the classifiers have matrices that cannot be multiplied: net2 10 x 32, net1 10 x 64',
    ),
    # What nobody would read.
    dict(
        base=f'{FOLDER}/okddip_digits.py',
        options=['optim_wrapper.paramwise_cfg.nodes.average.lr=0.01'],
        says='optim_wrapper.paramwise_cfg.nodes.average: is no node that learns; known: leader, net1',
    ),
    dict(
        base=f'{FOLDER}/one_digits.py',
        options=['default_hooks.checkpoint.save_best=teachers/accuracy/top1'],
        says='default_hooks.checkpoint.save_best',
    ),
]
