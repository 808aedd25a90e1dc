# An overlay: the conflicts between the gradients of a node's teachers are taken out (PCGrad).
model = dict(update=dict(type='PCGradUpdate', _delete_=True))
