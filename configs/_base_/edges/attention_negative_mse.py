# An overlay: the config's networks learn the label; everybody's attention maps are pushed away from everybody else's
# by -MSE (thesis, table 4.5, published: ensemble of four ResNet-18 64.73 % on Stanford Dogs).
_base_ = ['dml.py']

__between = dict(loss=dict(type='Negated', loss=dict(type='AttentionMSE')))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
