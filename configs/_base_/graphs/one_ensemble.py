# An overlay, over networks and their ensemble: ONE (Lan, Zhu and Gong, NeurIPS 2018). The networks become branches on
# one trunk, of which the last stage is their own, and a gate weighs them in the ensemble, which learns the label and
# teaches every branch at T = 3, as in one.py. How the thesis splits a ResNet-18 or its attention branch network (table
# 4.6) it does not say: this is the split of ONE's authors, who leave the lower layers in common. An attention branch
# follows the trunk, so that each branch has one.
__members = _base_.model.nodes.ensemble.members
__stages = 3 if 'CIFAR' in _base_.model.nodes[__members[0]].network.backbone.type else 4
__trunk = f'backbone.layer{__stages - 1}'
__share = dict(node=__members[0], until=__trunk)
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300))

model = dict(
    nodes=dict(
        ensemble=dict(_delete_=True, type='GatedEnsembleNode', members=__members, layer=__trunk),
        **{name: dict(share=__share) for name in __members[1:]},
    ),
    edges={
        '_delete_': True,
        **{f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in [*__members, 'ensemble']},
        **{f'ensemble->{name}': __kl for name in __members},
    },
)
