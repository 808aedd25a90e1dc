"""Mistakes in losses of features: their layers, what they learn, memories of training images."""

EDGE = 'net2->net1'


def loss(arguments, says='', key=EDGE, **entries):
    """Another loss of an edge."""
    delete = '_delete_=True, ' if key == EDGE else ''
    rest = ''.join(f', {name}={value!r}' for name, value in entries.pop('edge', {}).items())
    return dict(
        config=f'model = dict(edges={{{key!r}: dict(loss=dict({delete}{arguments}){rest})}})',
        says=f'model.edges[{key!r}].loss{says}',
        **entries,
    )


def layers(value, says='', kind='FitNets', key=EDGE):
    """Other layers."""
    return loss(f"type='{kind}', layers={value}", f'.layers: {says}', key)


def crd(arguments, says, **entries):
    """Another memory."""
    return loss(f"type='CRD', {arguments}", says, **entries)


CASES = [
    # Names of layers.
    layers("'backbone.layer9'", "node 'net1': the network has no module 'backbone.layer9'; did you mean"),
    layers("'layer2'", "node 'net1': the network has no module 'layer2'; did you mean 'backbone.layer2'?"),
    layers("'embeding'", "node 'net1': the network has no module 'embeding'; did you mean 'embedding'?", 'PKT'),
    layers("dict(target='map', source='backbone.layr1')", "node 'net2': the network has no module 'backbone.layr1'"),
    layers("['map', 'backbone.conv9']", "node 'net1': the network has no module 'backbone.conv9'"),
    layers("'head.loss_module'", "node 'net1': 'head.loss_module' is not run"),
    layers("'backbone.layer2.0.bn2'", "node 'net1': what 'backbone.layer2.0.bn2' gives is overwritten in place"),
    layers(
        "dict(target='map', source='backbone.layer2.0.norm1')",
        "node 'net3': what 'backbone.layer2.0.norm1' gives is overwritten in place",
        key='net3->net1:again',
    ),
    # What are no layers.
    layers('[]', 'must be names'),
    layers("''", 'must be names'),
    layers('3', 'must be names'),
    layers('None', 'must be names'),
    layers("['map', 3]", 'must be names'),
    layers("[['map']]", 'must be names'),
    layers("dict(target='map')", 'must be names, or dict(target=..., source=...)'),
    layers("dict(target='map', source='map', other='map')", 'must be names, or dict(target=..., source=...)'),
    layers("dict(target='map', source=['map', 'embedding'])", 'must be as many'),
    loss("type='FitNets', layer='map'", ''),
    # Shapes that nothing joins.
    layers("'embedding'", "'embedding' of the target gives features of shape (64,), but FitNets compares feature maps"),
    layers("['map', 'embedding']", "'embedding' of the target gives", 'AttentionTransfer'),
    layers("dict(target='map', source='embedding')", "'embedding' of the source gives", 'VID'),
    layers("'map'", 'must be 2 at least at each end', 'FSP'),
    layers("['map']", 'must be 2 at least at each end', 'SVD'),
    layers(
        "dict(target=['map', 'backbone.layer1'], source=['map', 'backbone.layer2'])",
        "'backbone.layer1' of the target has 16 channels and what it is compared with 32",
        'FSP',
    ),
    # Ends without features.
    loss("type='FitNets'", ": node 'ensemble': has no features", key='ensemble->net1')
    | dict(says="node 'ensemble': has no features, as it is of type EnsembleNode"),
    loss("type='PKT'", '', key='label->net1:again'),
    # What is learnt.
    loss("type='FitNets', norm_cfg='BN'", '.norm_cfg'),
    loss("type='FitNets', norm_cfg=dict(type='NoSuchNorm')", '.norm_cfg'),
    loss("type='FitNets', norm_cfg=dict(type='GN')", '.norm_cfg'),
    loss("type='VID', variance=0", '.variance'),
    loss("type='VID', variance='large'", '.variance'),
    loss("type='RKD', distance_weight=-1", '.distance_weight'),
    loss("type='RKD', angle_weight=float('nan')", '.angle_weight'),
    loss("type='SRD', exponent=0.5", '.exponent'),
    loss("type='CC', kernel='gaussian'", '.kernel'),
    loss("type='CC', kernel=True, gamma=0", '.gamma'),
    loss("type='CC', kernel=True, order=0", '.order'),
    loss("type='CC', embed_dims=0", '.embed_dims'),
    loss("type='ICKD', norm_cfg='BN'", '.norm_cfg'),
    loss("type='ReviewKD', norm_cfg=dict(type='GN')", '.norm_cfg'),
    loss("type='ReviewKD', max_channels=0", '.max_channels'),
    loss("type='SVD', num_vectors=0", '.num_vectors'),
    loss("type='SVD', columns='height'", '.columns'),
    layers("'embedding'", "'embedding' of the target gives features of shape (64,), but SP compares", 'SP'),
    loss("type='FT', layers=['map', 'backbone.layer2']", '.layers'),
    loss("type='FT', ratio=0", '.ratio'),
    loss("type='FT', of='norm'", '.of'),
    loss("type='FT', weight='200'", '.weight'),
    loss("type='FT', reconstruction_weight=0", '.reconstruction_weight'),
    loss("type='FT', paraphrase=1", '.paraphrase'),
    loss("type='FT', norm_cfg='BN'", '.norm_cfg'),
    loss("type='FEED', norm_cfg=dict(type='NoSuchNorm')", '.norm_cfg'),
    # Memories.
    crd('num_negatives=16', ''),
    crd('num_samples=0', '.num_samples'),
    crd('num_samples=64.0', '.num_samples'),
    crd("num_samples='all'", '.num_samples'),
    crd('num_samples=63', '.num_samples', data=True),
    crd('num_samples=65', '.num_samples', data=True),
    crd('num_samples=64, num_negatives=0', '.num_negatives'),
    crd('num_samples=64, num_negatives=2.5', '.num_negatives'),
    crd('num_samples=64, temperature=0', '.temperature'),
    crd('num_samples=64, temperature=-0.07', '.temperature'),
    crd('num_samples=64, momentum=1', '.momentum'),
    crd('num_samples=64, embed_dims=0', '.embed_dims'),
    crd("num_samples=64, layers=['map', 'embedding']", '.layers: must be one at each end'),
    crd('num_samples=64', '', edge=dict(samples='all')) | dict(says=f'model.edges[{EDGE!r}].samples'),
]
