# An overlay, after one of datasets/: all networks, as they are, for as many classes as these data have.
_classes = dict(num_classes=_base_.data_preprocessor.num_classes)

model = dict(
    nodes={
        name: dict(
            network=dict(
                head=_classes,
                # An attention branch network classifies in its backbone, too.
                **(dict(backbone=_classes) if 'num_classes' in node.network.backbone else {}),
            )
        )
        for name, node in _base_.model.nodes.items()
        if node.type == 'NetworkNode'
    }
)
