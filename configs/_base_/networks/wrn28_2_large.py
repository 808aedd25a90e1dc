# An overlay: all networks are WRN-28-2 with the stem for images larger than Tiny-ImageNet's (thesis, section 3.3.1),
# for the config's classes and colour channels.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='CIFARWideResNet',
                    depth=28,
                    widen_factor=2,
                    stem='7x7',
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=128),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
