# An overlay: all networks are pre-activation ResNet-1001 (He et al., ECCV 2016; document 004, table 5), for the
# config's classes and colour channels.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='CIFARPreActResNet',
                    depth=1001,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=256),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
