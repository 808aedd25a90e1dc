# Losses of features by layer: what a network learns from another is KL divergence or a loss of features, each with its
# usual weight, and has one of the four gates, as the label has. The layers are those of networks of three stages. PKT's
# weight is for batches of 64. Asynchronous successive halving after 1, 2, 4, ... epochs.
_base_ = ['four_gates.py']

_layers = {f'layer{i}': f'backbone.layer{i}' for i in (1, 2, 3)}

search = dict(
    space={
        'model.edges.net?->net?': dict(
            kl=dict(loss=dict(type='KLDivergence')),
            **{
                f'fitnets_{name}': dict(loss=dict(type='FitNets', layers=layer), weight=100.0)
                for name, layer in _layers.items()
            },
            **{
                f'at_{name}': dict(loss=dict(type='AttentionTransfer', layers=layer), weight=1000.0)
                for name, layer in _layers.items()
            },
            **{f'vid_{name}': dict(loss=dict(type='VID', layers=layer), weight=1.0) for name, layer in _layers.items()},
            pkt=dict(loss=dict(type='PKT'), weight=30000.0),
            rkd=dict(loss=dict(type='RKD')),
            srd=dict(loss=dict(type='SRD')),
        ),
    },
)
