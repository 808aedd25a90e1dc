# An overlay: the config's networks learn the label; everybody's probabilities are pushed away from everybody else's
# by 1/KL (thesis, table 4.4, published: ensemble of four ResNet-18 67.88 % on Stanford Dogs). The eps is ours: networks
# that have learnt nothing yet say nearly the same, and with a smaller one learn nothing but to differ.
_base_ = ['dml.py']

__between = dict(loss=dict(type='Reciprocal', loss=dict(type='KLDivergence'), eps=0.1))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
