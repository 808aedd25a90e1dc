# An overlay over AFD: deep mutual learning as document 002 compares with it (tables 3 to 6): one network after another,
# each from the mean of its peers' losses, at T = 3, which it takes for every experiment.
_base_ = ['../updates/one_optimizer.py', 'dml.py', 'temperature_3.py', '../updates/sequential.py']

__nets = [name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode']

model = dict(
    edges={
        f'{source}->{target}': dict(weight=1 / (len(__nets) - 1))
        for target in __nets
        for source in __nets
        if source != target
    }
)
