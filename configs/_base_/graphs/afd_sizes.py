# Online adversarial feature distillation, AFD (Chung et al., ICML 2020) of 2 to 4 nodes in a circle: net1 -> net2 ->
# ... -> net1. Everybody learns the label, from the one before by KL divergence at T = 3 and, in steps of another
# optimiser, to make feature maps that a discriminator takes for that one's. afd_2node.py and the like take one of the
# graphs out.


def _afd(n):
    names = [f'net{i}' for i in range(1, n + 1)]
    edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in names}
    for source, target in zip(names, names[1:] + names[:1], strict=True):
        edges[f'{source}->{target}'] = dict(loss=dict(type='KLDivergence', temperature=3.0))
    for source, target in zip(names, names[1:] + names[:1], strict=True):
        edges[f'{source}->{target}:features'] = dict(loss=dict(type='AFD'))
    nodes = {name: dict(type='NetworkNode') for name in names}
    return dict(
        type='KnowledgeTransferGraph',
        target='net1',
        nodes=dict(nodes, ensemble=dict(type='EnsembleNode', members=names)),
        edges=edges,
        update=dict(
            type='SuccessiveUpdate',
            phases=[dict(name='logits', edges='*'), dict(name='features', edges='*:features')],
        ),
    )


afd = {n: _afd(n) for n in range(2, 5)}
