# An overlay: all networks are attention branch networks of ResNet-50 for large images, for the config's classes and
# colour channels.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='ABNResNet',
                    depth=50,
                    num_classes=node.network.head.num_classes,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=2048),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
