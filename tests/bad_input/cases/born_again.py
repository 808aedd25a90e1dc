"""Mistakes in born-again networks: their losses and networks."""

EDGE = "model.edges['net2->net1']"
BACKBONE = 'model.nodes.net1.network.backbone'


def loss(arguments, says, **edge):
    """Another loss of an edge."""
    rest = ''.join(f', {name}={value!r}' for name, value in edge.items())
    return dict(
        config=f"model = dict(edges={{'net2->net1': dict(loss=dict(_delete_=True, {arguments}){rest})}})",
        says=f'{EDGE}{says}',
    )


def of_the_label(kind):
    """A loss that asks for another network's output, of the label."""
    return dict(
        config=f"model = dict(edges={{'label->net1': dict(loss=dict(_delete_=True, type='{kind}'))}})",
        says="model.edges['label->net1'].loss",
    )


def backbone(arguments, says):
    """Another backbone of a network."""
    network = f'dict(backbone=dict(_delete_=True, in_channels=1, {arguments}))'
    return dict(config=f'model = dict(nodes=dict(net1=dict(network={network})))', says=f'{BACKBONE}{says}')


def dense(arguments, says):
    """A dense network."""
    return backbone(f"type='CIFARDenseNet', {arguments}", says)


def resnet(arguments, says):
    """A ResNet in the place of one."""
    return backbone(f"type='BornAgainResNet', {arguments}", says)


CASES = [
    loss("type='CWTM', temperature=2.0", '.loss'),
    loss("type='CWTM', label_smoothing=0.1", '.loss'),
    loss("type='CWTM'", ".samples: must be 'labeled', got 'all': CWTM needs labels", samples='all'),
    loss("type='CWTM'", ".samples: must be 'labeled'", samples='unlabeled'),
    loss("type='DKPP', temperature=2.0", '.loss'),
    loss("type='DKP'", '.loss'),
    of_the_label('CWTM'),
    of_the_label('DKPP'),
    dict(
        config="model = dict(edges={'net2->net1': dict(loss=dict(_delete_=True, type='CWTM'))})\n"
        "data_preprocessor = dict(batch_augments=dict(augments=dict(type='Mixup', alpha=0.8)))",
        says=f'{EDGE}.loss: CWTM asks for the one true class of a sample',
    ),
    dense('depth=9', '.depth'),
    dense('depth=40.0', '.depth'),
    dense("depth='40'", '.depth'),
    dense('depth=16, growth_rate=0', '.growth_rate'),
    dense('depth=16, growth_rate=2.5', '.growth_rate'),
    dense('depth=16, growth_rate=4, hidden_channels=(8, 8)', '.hidden_channels'),
    dense('depth=16, growth_rate=4, hidden_channels=8', '.hidden_channels'),
    dense('depth=16, growth_rate=4, hidden_channels=(8, 0, 8)', '.hidden_channels'),
    dense('depth=16, growth_rate=4, stem_channels=-8', '.stem_channels'),
    dense('depth=16, growth_rate=4, drop_rate=1', '.drop_rate'),
    dense('depth=16, growth_rate=4, out_indices=(3,)', '.out_indices'),
    dense("depth=16, growth_rate=4, norm_cfg='BN'", '.norm_cfg'),
    dense('depth=16, growth=4', ": CIFARDenseNet has no argument 'growth'"),
    dense('depth=16, growth_rate=4', '') | dict(says='model.nodes.net1.network.head: in_channels is 64'),
    resnet('units=0', '.units'),
    resnet('units=1.5', '.units'),
    resnet('ratio=0', '.ratio'),
    resnet("ratio='half'", '.ratio'),
    resnet('ratio=0.01, hidden_channels=(8, 8, 8)', '.ratio'),
    resnet("block='narrow'", '.block'),
    resnet('hidden_channels=(8, 8)', '.hidden_channels'),
    resnet('stem_channels=0', '.stem_channels'),
    # A layer that teacher and student do not have alike.
    dict(
        config="""
net = dict(type='ImageClassifier', neck=dict(type='GlobalAveragePooling'))
head = dict(type='LinearClsHead', num_classes=10, in_channels=16)
dense = dict(type='CIFARDenseNet', depth=16, growth_rate=8, in_channels=1)
resnet = dict(type='BornAgainResNet', hidden_channels=(16, 16, 16), stem_channels=12, in_channels=1)
model = dict(nodes=dict(
    net1=dict(network=dict(net, _delete_=True, backbone=dense, head=head)),
    net2=dict(
        network=dict(net, _delete_=True, backbone=resnet, head=head),
        share=dict(node='net1', modules=['backbone.conv1', 'head.fc']),
    ),
))
""",
        says='model.nodes.net2.share',
    ),
]
