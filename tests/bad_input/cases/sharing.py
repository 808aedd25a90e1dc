"""Mistakes in what networks share, and in which gradients are let through."""

SHARE = 'model.nodes.net2.share'


def share(arguments, says='', more=''):
    """The second network, alike the first, shares with it."""
    return dict(config=f'model = dict(nodes=dict(net2=dict(share=dict({arguments}), {more})))', says=f'{SHARE}{says}')


def edge(key, arguments, says='', nodes=''):
    """Other entries of an edge."""
    return dict(
        config=f'model = dict(nodes=dict({nodes}), edges={{{key!r}: dict({arguments})}})',
        says=f'model.edges[{key!r}]{says}',
    )


CASES = [
    # What is shared, and with whom.
    share("node='net1', until='backbone.layer4'", ".until: the network has no module 'backbone.layer4'; did you mean"),
    share("node='net1', until='layer1'", '.until: the network has no module'),
    share("node='net1', modules=['backbone.conv']", ".modules: the network has no module 'backbone.conv'; did you"),
    share("node='net1', until='backbone.bn1'", '.until'),
    share("node='net1', modules=['backbone.conv1', 'backbone.bn1']", '.modules'),
    share("node='net1', until='head.fc'", '.until: leaves the network no parameter of its own'),
    share("node='net1', modules=['backbone.relu']", '.modules: shares no parameter'),
    share("node='net3', until='backbone.layer1'", ".until: 'backbone.bn1' is not in the network of 'net3'"),
    share("node='net3', modules=['backbone.bn1']", ".modules: the network of 'net3' has no module 'backbone.bn1'"),
    share("node='net4', until='backbone.layer1'", ".node: no other network is named 'net4'; did you mean"),
    share("node='net2', until='backbone.layer1'", '.node: no other network'),
    share("node='ensemble', until='backbone.layer1'", '.node: no other network'),
    share("node='net1', until='backbone.layer1', modules=['backbone.conv1']", ': must be dict(node='),
    share("node='net1', modules=[]", ': must be dict(node='),
    share("node='net1', modules='backbone.conv1'", ': must be dict(node='),
    share("node='net1', until=1", ': must be dict(node='),
    share("until='backbone.layer1'", ': must be dict(node='),
    dict(config="model = dict(nodes=dict(net2=dict(share='net1')))", says=SHARE),
    dict(options=['model.nodes.ensemble.share.node=net1'], says='model.nodes.ensemble'),
    dict(
        config="""
model = dict(nodes=dict(
    net1=dict(share=dict(node='net2', until='backbone.layer1')), net2=dict(share=dict(node='net1', until='backbone'))))
""",
        says='model.nodes.net1.share.node: shares modules in a circle: net1 <- net2 <- net1',
    ),
    dict(
        config="""
model = dict(
    nodes=dict(net2=dict(share=dict(node='net1', until='backbone.layer1'))),
    edges={'net1->net2': dict(_delete_=True, type='EMAEdge')})
""",
        says=f"{SHARE}: 'net2' is a moving average",
    ),
    dict(
        config="""
cut = dict(_delete_=True, type='CutoffGate')
model = dict(
    nodes=dict(net2=dict(share=dict(node='net1', until='backbone.layer1'), checkpoint='net2.pth')),
    edges={
        'label->net2': dict(gate=dict(type='CutoffGate')), 'net1->net2': dict(gate=cut), 'net3->net2': dict(gate=cut)})
""",
        says=f"{SHARE}: 'net2' is a frozen teacher",
    ),
    dict(
        config="""
custom_hooks = [*_base_.custom_hooks, dict(type='EMAHook', update_buffers=True)]
model = dict(nodes=dict(net2=dict(share=dict(node='net1', until='backbone.layer1'))))
""",
        says='update_buffers: must be False',
    ),
    dict(
        config="""
sync_bn = 'torch'
model = dict(nodes=dict(net2=dict(share=dict(node='net1', until='backbone.layer1'))))
""",
        says="sync_bn: must be None: 'net2' would no longer share",
    ),
    dict(
        config="""
optim_wrapper = dict(constructor='DefaultOptimWrapperConstructor', paramwise_cfg=dict(bias_lr_mult=2.0))
model = dict(nodes=dict(net2=dict(share=dict(node='net1', until='backbone.layer1'))))
""",
        says='optim_wrapper.paramwise_cfg.bypass_duplicate: must be True',
    ),
    # Gradients.
    edge('label->net1', 'detach=False', '.detach'),
    edge('net2->net1', "detach='no'", '.detach'),
    edge('net2->net1', 'detach=0', '.detach'),
    edge('net2->net1', 'detached=False', ": unknown entry 'detached'; did you mean 'detach'?"),
    edge(
        'ensemble->net1', "loss=dict(type='KLDivergence'), detach=False", ".detach: node 'ensemble' has no parameters"
    ),
    edge('label->ensemble', "loss=dict(type='CrossEntropy')", ": node 'ensemble' has no parameters"),
    edge('net1->net2', "_delete_=True, type='EMAEdge', detach=False", ": unknown entry 'detach'"),
    dict(
        config="""
model = dict(edges={
    'net1->net2': dict(_delete_=True, type='EMAEdge'), 'net2->net1': dict(detach=False)})
""",
        says="model.edges['net2->net1'].detach: 'net2' is a moving average",
    ),
    dict(config='model = dict(nodes=dict(ensemble=dict(detach=1)))', says='model.nodes.ensemble.detach'),
    dict(config='model = dict(nodes=dict(net1=dict(detach=False)))', says='model.nodes.net1'),
]
