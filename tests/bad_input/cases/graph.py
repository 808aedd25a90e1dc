"""Mistakes in the graph: nodes, networks, edges, losses, gates, updates, the data preprocessor, labels."""

A = "model.edges['net2->net1']"
LABEL = "model.edges['label->net1']"
BACKBONE = 'model.nodes.net1.network.backbone'
HEAD = 'model.nodes.net1.network.head'


def edge(entry, value, says=None, key='net2->net1'):
    """Another value of an entry of an edge."""
    return dict(
        config=f'model = dict(edges={{{key!r}: dict({entry}={value})}})',
        says=says or f'model.edges[{key!r}].{entry}',
    )


def gate(arguments, says='', key='net2->net1'):
    """Another gate of an edge."""
    return edge(
        'gate',
        f'dict({"" if key.startswith("label") else "_delete_=True, "}{arguments})',
        f'model.edges[{key!r}].gate{says}',
        key,
    )


def loss(arguments, says='', key='net2->net1'):
    """Another loss of an edge."""
    return edge(
        'loss',
        f'dict({"" if key.startswith("ensemble") else "_delete_=True, "}{arguments})',
        f'model.edges[{key!r}].loss{says}',
        key,
    )


def node(arguments, says, name='net1'):
    """Other entries of a node."""
    return dict(config=f'model = dict(nodes=dict({name}=dict({arguments})))', says=f'model.nodes.{name}{says}')


def network(arguments, says):
    """Other entries of a network."""
    return node(f'network=dict({arguments})', f'.network{says}')


def preprocessor(arguments, says):
    """Other entries of the data preprocessor."""
    return dict(config=f'data_preprocessor = dict({arguments})', says=f'data_preprocessor{says}')


def mixed(edges, says):
    """A graph that learns mixed images; of one kind of gate alone."""
    plain = {'net3->net1': 'LinearGate', 'net1->net2': 'LinearGate'}
    lines = ', '.join(f'{key!r}: dict(gate=dict(_delete_=True, type={kind!r}))' for key, kind in plain.items())
    return dict(
        config=f"""
data_preprocessor = dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.0)))
model = dict(edges={{{lines}, {edges}}})
""",
        says=says,
    )


CASES = [
    # The whole.
    dict(config="model = dict(nodes=['net1', 'net2'])", says='model.nodes'),
    dict(config='model = dict(nodes=dict(_delete_=True))', says='model.nodes'),
    dict(config="model = dict(edges=['label->net1'])", says='model.edges'),
    dict(config='model = dict(edges=dict(_delete_=True))', says='model.nodes.net1: nobody teaches'),
    dict(config="model = dict(target='net4')", says='model.target'),
    dict(config="model = dict(target=['net1'])", says='model.target'),
    dict(config='model = dict(target=None)', says='model.target'),
    dict(config="model = dict(joint_views='yes')", says='model.joint_views'),
    dict(
        config="model = dict(edges={'label->net1': dict(views=dict(source='weak'))})",
        says="model.edges['label->net1'].views.source",
    ),
    dict(config='model = dict(update=5)', says='model.update'),
    dict(config="model = dict(update=dict(type='PCGrad'))", says='model.update'),
    dict(config="model = dict(update=dict(type='PCGradUpdate', label='no'))", says='model.update.label'),
    dict(config="model = dict(update=dict(type='SequentialUpdate', order=['net1']))", says='model.update'),
    # Nodes.
    node('type=None', '.type'),
    node("type='Network'", '.type'),
    dict(config='model = dict(nodes=dict(net1=None))', says='model.nodes.net1'),
    dict(options=['model.nodes.label.type=NetworkNode'], says='model.nodes.label'),
    dict(config="model = dict(nodes={'net 5': dict(type='NetworkNode')})", says='model.nodes.net 5'),
    dict(config="model = dict(nodes=dict(keys=dict(type='NetworkNode')))", says='model.nodes.keys'),
    node("checkpoints='a.pth'", ''),
    node("prefix='nodes.net1.'", '.prefix'),
    node('allow_random=1', '.allow_random'),
    node('checkpoint=3', '.checkpoint'),
    node("attention_layer='backbone.layer7'", '.attention_layer'),
    node('attention_layer=2', '.attention_layer'),
    node("members=['net1', 'net1']", '.members', 'ensemble'),
    node("members=['net1']", '.members', 'ensemble'),
    node("members=['net1', 'net4']", '.members', 'ensemble'),
    node("members='net1'", '.members', 'ensemble'),
    node("members=['net1', 2]", '.members', 'ensemble'),
    node("members=['ensemble', 'net1']", '', 'ensemble'),
    dict(
        config="model = dict(nodes=dict(net4=dict(type='NetworkNode', network=_base_.model.nodes.net1.network)))",
        says='model.nodes.net4',
    ),
    # Networks.
    node("network='resnet8'", '.network'),
    node('network=None', '.network'),
    network("type='ImageClassifer'", '.type'),
    network('backbone=dict(depth=9)', '.backbone.depth'),
    network("backbone=dict(depth='8')", '.backbone.depth'),
    network("backbone=dict(type='CIFARResnet')", '.backbone'),
    network("backbone=dict(shortcut='C')", '.backbone.shortcut'),
    network('backbone=dict(in_channels=0)', '.backbone.in_channels'),
    network("backbone=dict(norm_cfg='BN')", '.backbone.norm_cfg'),
    network("backbone=dict(norm_cfg=dict(type='BN', momentum=2))", '.network'.removeprefix('.network')),
    network("backbone=dict(norm_cfg=dict(type='BN', eps=-1e-5))", ''),
    network("backbone=dict(norm_cfg=dict(type='GN', num_groups=7))", ''),
    network('backbone=dict(out_indices=(3, ))', '.backbone.out_indices'),
    network("backbone=dict(init_cfg='Kaiming')", '.backbone.init_cfg'),
    network("backbone=dict(init_cfg=dict(type='Kaimming'))", '.backbone.init_cfg'),
    network("backbone=dict(frozen_stages='all')", '.backbone'),
    network('backbone=dict(depht=8)', '.backbone.depht'),
    network('head=dict(num_classes=11)', '.head.num_classes'),
    network('head=dict(num_classes=-1)', '.head'),
    network("head=dict(in_channels='64')", '.head'),
    network("head=dict(type='ArcFaceClsHead', loss=dict(type='CrossEntropyLoss'))", '.head'),
    network("head=dict(loss=dict(_delete_=True, type='LabelSmoothLoss', label_smooth_val=0.1))", '.head.loss'),
    network('head=dict(loss=dict(loss_weight=0.5))', '.head.loss'),
    network("head=dict(loss=dict(type='FocalLoss'))", '.head.loss'),
    network("train_cfg=dict(augments=dict(type='Mixup', alpha=1.0))", '.train_cfg'),
    network('data_preprocessor=dict(mean=[0], std=[1])', '.data_preprocessor'),
    # Edges.
    dict(options=['model.edges.net4->net1.loss.type=KLDivergence'], says="model.edges['net4->net1']"),
    dict(options=['model.edges.net1-net2.loss.type=KLDivergence'], says="model.edges['net1-net2']"),
    dict(options=['model.edges.net2->label.loss.type=KLDivergence'], says="model.edges['net2->label']"),
    dict(options=['model.edges.net1->ensemble.loss.type=KLDivergence'], says="model.edges['net1->ensemble']"),
    dict(options=['model.edges.net1->net1.loss.type=KLDivergence'], says="model.edges['net1->net1']"),
    dict(config="model = dict(edges={'net2->net1': None})", says=A),
    edge('gates', "dict(type='LinearGate')", A),
    edge('weight', '-1'),
    edge('weight', 'True'),
    edge('weight', "float('nan')"),
    edge('weight', "'0.5'"),
    edge('samples', "'labelled'"),
    edge('samples', "'unlabeled'", key='label->net1'),
    edge('views', "dict(target='strong')"),
    edge('views', "['weak', 'strong']"),
    edge('align', "'uniform'"),
    edge('align', "dict(target='uniform', momentum=2)", f'{A}.align.momentum'),
    edge('align', "dict(target='balanced')", f'{A}.align.target'),
    edge('align', 'dict(momentun=0.9)', f'{A}.align'),
    edge('align', "dict(target='uniform')", key='label->net1'),
    edge('type', "'EMA'"),
    edge('type', "['EMAEdge']"),
    *(
        dict(
            config=f"model = dict(edges={{'net1->net2': dict(_delete_=True, type='EMAEdge', {argument})}})",
            says=f"model.edges['net1->net2']{says}",
        )
        for argument, says in [
            ('decay=False', '.decay'),
            ('decay=1', '.decay'),
            ('decay=99.9', '.decay'),
            ("mode='running'", '.mode'),
            ('momentum=0.001', ''),
        ]
    ),
    dict(
        config="model = dict(edges={'net1->net3': dict(_delete_=True, type='EMAEdge')})",
        says="model.edges['net1->net3']",
    ),
    dict(
        config="""
average = dict(_delete_=True, type='EMAEdge')
model = dict(edges={'net1->net2': average, 'net2->net1': average})
""",
        says='the moving averages form a cycle',
    ),
    # Losses.
    dict(config="model = dict(edges={'net2->net1': dict(loss='KLDivergence')})", says=f'{A}.loss'),
    dict(config="model = dict(edges={'net2->net1': dict(loss=None)})", says=f'{A}.loss'),
    loss("type='KLDivergance'", '.type'),
    loss("type='CrossEntropy'"),
    loss("type='KLDivergence'", key='label->net1'),
    loss("type='KLDivergence', temperature=0", '.temperature'),
    loss("type='KLDivergence', temperature='4'", '.temperature'),
    loss("type='KLDivergence', standardize=2", '.standardize'),
    loss("type='Negated'"),
    loss("type='Negated', loss='KLDivergence'", '.loss'),
    loss("type='Negated', loss=dict(type='KLDivergense')", '.loss.type'),
    loss("type='Negated', loss=dict(type='KLDivergence', T=4)", '.loss'),
    loss("type='Negated', loss=dict(type='KLDivergence', temperature=0)", '.loss.temperature'),
    loss("type='Negated', loss=dict(type='KLDivergence'), bound=0", '.bound'),
    loss("type='Negated', loss=dict(type='Negated', loss=dict(type='KLDivergence'))", '.loss'),
    loss("type='Negated', loss=dict(type='CrossEntropy')", '.loss'),
    loss("type='Negated', loss=dict(type='KLDivergence')", '.loss', key='label->net1'),
    loss("type='Reciprocal', loss=dict(type='FitNets')", '.loss'),
    loss("type='Reciprocal', loss=dict(type='KLDivergence'), eps=0", '.eps'),
    loss("type='Reciprocal', loss=dict(type='KLDivergence'), weight='1'", '.weight'),
    loss("type='DIST', inter_weight=-1", '.inter_weight'),
    loss("type='DIST', intra_weight='1'", '.intra_weight'),
    loss("type='DIST', temperature=0", '.temperature'),
    loss("type='DIST'", key='label->net1'),
    loss("type='DKD', alpha=-1", '.alpha'),
    loss("type='DKD', beta='8'", '.beta'),
    loss("type='DKD', temperature=0", '.temperature'),
    loss("type='DKD', standardize='yes'", '.standardize'),
    loss("type='DKD'", key='label->net1'),
    loss("type='KLDivergence', T=4"),
    loss("type='KLDivergence', sharpening=True", '.sharpening'),
    loss("type='CrossEntropy', label_smoothing=1", '.label_smoothing', 'label->net1'),
    loss("type='CrossEntropy', smoothing=0.1", '', 'label->net1'),
    loss("type='PseudoLabel', threshold=95", '.threshold'),
    loss("type='AttentionMSE', reduction='none'", '.reduction'),
    loss("type='AttentionMSE', sizes=3", '.sizes'),
    loss("type='AttentionMSE', whole='yes'", '.whole'),
    loss("type='AttentionMSE', whole=True, sizes=[3]", '.whole'),
    loss("type='AttentionCosine', sizes=[3, -5]", '.sizes'),
    loss("type='SelfAdaptiveFairness', momentum=1", '.momentum'),
    loss("type='LabelSmoothLoss'", '.type'),
    loss("type='AttentionMSE'", key='ensemble->net1'),
    # Gates.
    gate("type='ThruGate'", '.type'),
    gate("type='LinearGate', slope=2"),
    gate("type='ThresholdGate', threshold=95", '.threshold'),
    gate("type='SineGate', frequency=1.5, phase=0", '.frequency'),
    gate("type='SineGate', frequency=0.5, phase=270", '.phase'),
    gate("type='SineGate', frequency=0.5"),
    gate("type='RampUpGate', length=80", '.length'),
    gate("type='RampUpGate', shape='cosine'", '.shape'),
    dict(
        base='configs/semi/flexmatch_fashion_mnist_250.py',
        options=['model.edges.net1->net1.gate.num_samples=all'],
        says="model.edges['net1->net1'].gate.num_samples",
    ),
    edge('gate', "dict(_delete_=True, type='FlexMatchGate', num_samples=50)", f'{A}.samples'),
    gate("type='FreeMatchGate', momentum=2", '.momentum'),
    gate("type='SoftMatchGate', n_sigma=0", '.n_sigma'),
    gate("type='DashGate', decay=0.9", '.decay'),
    gate("type='StabilityGate', threshold=0.8, other_view=None", '.other_view'),
    gate("type='StabilityGate', threshold=0.8, other_view='weak', students=['net1', 'net9']", '.students'),
    gate("type='FreeMatchGate'", key='label->net1'),
    gate("type='CorrectGate', samples='all'"),
    # The data preprocessor, and labels.
    preprocessor("type='ClsDataPreproccessor'", '.type'),
    dict(options=['data_preprocessor=5'], says='data_preprocessor'),
    preprocessor('std=[0]', '.std'),
    preprocessor('std=[-95.8]', '.std'),
    preprocessor("std=['95']", '.std'),
    preprocessor('std=None', '.std'),
    preprocessor('mean=[1, 2, 3]', '.std'),
    preprocessor('mean=77.758', '.mean'),
    preprocessor('num_classes=0', '.num_classes'),
    preprocessor("num_classes='10'", '.num_classes'),
    preprocessor('num_classes=100', '.num_classes'),
    preprocessor('to_rgb=True', '.to_rgb'),
    preprocessor('pad_size_divisor=0', '.pad_size_divisor'),
    preprocessor('scale=255', ''),
    preprocessor("batch_augments=dict(type='Mixup', alpha=1.0)", '.batch_augments'),
    preprocessor("batch_augments=dict(augments=dict(type='MixUp', alpha=1.0))", '.batch_augments'),
    preprocessor("batch_augments=dict(augments=dict(type='Mixup', alpha=0.0))", '.batch_augments'),
    preprocessor("batch_augments=dict(augments=dict(type='Mixup', alpha=1.0), probs=[0.5, 0.5])", '.batch_augments'),
    preprocessor("batch_augments=dict(augments=dict(type='Mixup', alpha=1.0), probs=2.0)", '.batch_augments'),
    mixed("'net2->net1': dict(gate=dict(_delete_=True, type='CorrectGate'))", f'{A}.gate'),
    mixed("'label->net1': dict(gate=dict(type='CorrectGate'))", f'{LABEL}.gate'),
    mixed("'net2->net1': dict(gate=dict(_delete_=True, type='DashGate'))", f'{A}.gate'),
    dict(config='data_preprocessor = dict(to_onehot=True)', says='.gate'),
    dict(
        base='configs/semi/fixmatch_fashion_mnist_250.py',
        config="data_preprocessor = dict(batch_augments=dict(augments=dict(type='CutMix', alpha=1.0)))",
        says='data_preprocessor.batch_augments',
    ),
]
