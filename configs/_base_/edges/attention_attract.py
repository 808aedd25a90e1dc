# An overlay: the config's networks learn the label; everybody's attention is drawn to everybody else's.
_base_ = ['dml.py']

__between = dict(loss=dict(type='AttentionMSE'))
model = dict(edges={key: __between for key in _base_.model.edges if not key.startswith('label->')})
