# An overlay: the config's networks learn the label; everybody's probabilities are drawn to everybody else's
# by 1/cos (thesis, table 4.4, published: four ResNet-18's ensemble 69.12 % on Stanford Dogs).
# The weight is the thesis's.
_base_ = ['dml.py']

__between = dict(loss=dict(type='Reciprocal', loss=dict(type='ProbabilityCosine'), weight=10e-4))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
