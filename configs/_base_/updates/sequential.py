# An overlay: one node is updated after another, each by a forward pass of its own, as in the original of deep mutual
# learning.
model = dict(update=dict(type='SequentialUpdate', _delete_=True))
