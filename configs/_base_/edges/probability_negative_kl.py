# An overlay: the config's networks learn the label; everybody's probabilities are pushed away from everybody else's
# by -KL (thesis, table 4.4, published: ensemble of four ResNet-18 57.87 % on Stanford Dogs).
_base_ = ['dml.py']

__between = dict(loss=dict(type='Negated', loss=dict(type='KLDivergence')))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
