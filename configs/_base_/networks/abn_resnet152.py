# An overlay: all networks are attention branch networks of ResNet-152 for large images, as in abn_resnet34.py.
_base_ = ['abn_resnet50.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(depth=152)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
