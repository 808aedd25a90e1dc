# An overlay: the config's networks learn the label; everybody's attention maps are drawn to everybody else's
# by 1/cos (thesis, table 4.5, published: ensemble of four ResNet-18 68.98 % on Stanford Dogs).
_base_ = ['dml.py']

__between = dict(loss=dict(type='Reciprocal', loss=dict(type='AttentionCosine')))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
