# 2 to 10 networks and their ensemble, the target. The papers' graphs are only drawings; this one is ours: from a lower
# to a higher number goes what the source gets right (probabilities attract), from a higher to a lower number goes a
# growing push to attend elsewhere (attention repels).
# ens_3node.py and the like take one of the graphs out, so that no config inherits all of them.


def _ens(n):
    edges = {}
    for i in range(1, n + 1):
        edges[f'label->net{i}'] = dict(loss=dict(type='CrossEntropy'))
        for j in range(1, i):
            edges[f'net{j}->net{i}'] = dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate'))
            edges[f'net{i}->net{j}'] = dict(loss=dict(type='AttentionCosine'), gate=dict(type='LinearGate'))
    networks = [f'net{i}' for i in range(1, n + 1)]
    ensemble = dict(type='EnsembleNode', members=networks)
    nodes = {name: dict(type='NetworkNode') for name in networks}
    return dict(type='KnowledgeTransferGraph', target='ensemble', nodes=dict(nodes, ensemble=ensemble), edges=edges)


ens = {n: _ens(n) for n in range(2, 11)}
