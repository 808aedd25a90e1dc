# An overlay over branches: the classifiers of all networks are pushed apart, each pair once, as in ../graphs/ffm_cd.py
# (document 003, equation 5; gamma = 5e-8).
__nets = [name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode']

model = dict(
    edges={
        f'{one}->{other}:diversity': dict(loss=dict(type='ClassifierDiversity'), weight=5e-8, detach=False)
        for i, one in enumerate(__nets)
        for other in __nets[i + 1 :]
    }
)
