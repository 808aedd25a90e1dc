# An overlay: all networks are ResNet-152 for large images, as resnet34.py has ResNet-34.
_base_ = ['resnet50.py']

model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(depth=152)))
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
