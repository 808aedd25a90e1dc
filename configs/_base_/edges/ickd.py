# An overlay: inter-channel correlation distillation (Liu et al., ICCV 2021) in place of what networks learn from one
# another: how alike the last feature map's channels are. The weight is that of the authors' recipe for CIFAR.
model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='ICKD'), weight=2.5)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
