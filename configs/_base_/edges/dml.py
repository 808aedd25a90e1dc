# An overlay: deep mutual learning (Zhang et al., CVPR 2018) of the config's networks: everybody learns the label and
# from everybody else.
__nets = [name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode']

model = dict(
    edges={
        '_delete_': True,
        **{
            f'{source}->{target}': dict(loss=dict(type='CrossEntropy' if source == 'label' else 'KLDivergence'))
            for target in __nets
            for source in ('label', *__nets)
            if source != target
        },
    }
)
