# An overlay: all networks are ResNeXt-50 (32x4d) for small images, for the config's classes and colour channels.
# Document 003 separates the last two blocks, so that branches share the stem and the first two of four stages, and the
# gate of ONE looks at these.
model = dict(
    nodes={
        name: dict(
            network=dict(
                backbone=dict(
                    _delete_=True,
                    type='CIFARResNeXt',
                    depth=50,
                    in_channels=node.network.backbone.get('in_channels', 3),
                ),
                head=dict(in_channels=2048),
            ),
            **(dict(share=dict(until='backbone.layer2')) if node.get('share') else {}),
        )
        if node.type == 'NetworkNode'
        else dict(layer='backbone.layer2')
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode' or 'layer' in node
    }
)
