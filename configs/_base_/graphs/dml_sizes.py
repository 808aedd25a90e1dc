# Deep mutual learning (Zhang et al., CVPR 2018) of 2 to 7 nodes: everybody learns the label and from everybody else.
# All nodes learn at once; `model.update=dict(type='SequentialUpdate')` is the original, one node after another.
# dml_3node.py and the like take one of the graphs out, so that no config inherits all of them.


def _dml(n):
    edges = {}
    for i in range(1, n + 1):
        edges[f'label->net{i}'] = dict(loss=dict(type='CrossEntropy'))
        for j in range(1, i):
            edges[f'net{i}->net{j}'] = dict(loss=dict(type='KLDivergence'))
            edges[f'net{j}->net{i}'] = dict(loss=dict(type='KLDivergence'))
    nodes = {f'net{i}': dict(type='NetworkNode') for i in range(1, n + 1)}
    return dict(type='KnowledgeTransferGraph', target='net1', nodes=nodes, edges=edges)


dml = {n: _dml(n) for n in range(2, 8)}
