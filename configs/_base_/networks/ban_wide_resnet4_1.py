# An overlay: all networks are BAN-Wide-ResNet-4-1 (document 004, table 5), for the config's classes and colour
# channels, with the stem and the hidden states of a DenseNet-90-60.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='BornAgainResNet',
                    units=4,
                    ratio=1.0,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=750),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
