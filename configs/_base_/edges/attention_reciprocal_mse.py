# An overlay: the config's networks learn the label; everybody's attention maps are pushed away from everybody else's
# by 1/MSE (thesis, table 4.5, published: four ResNet-18's ensemble 68.50 % on Stanford Dogs).
# The weight is the thesis's.
_base_ = ['dml.py']

__between = dict(loss=dict(type='Reciprocal', loss=dict(type='AttentionMSE'), weight=10e-7))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
