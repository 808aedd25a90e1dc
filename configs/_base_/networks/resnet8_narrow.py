# An overlay: every ResNet-8 has half its channels, 8, 16 and 32.
model = dict(
    nodes={
        name: dict(network=dict(backbone=dict(base_channels=8), head=dict(in_channels=32)))
        for name, node in _base_.model.nodes.items()
        if node.get('network', {}).get('backbone', {}).get('depth') == 8
    }
)
