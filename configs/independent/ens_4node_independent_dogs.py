# Four attention branch networks, each on its own, and their ensemble on Stanford Dogs.
# Published accuracy: ensemble 72.06, mean of the networks 68.30.
#   python tools/train.py configs/independent/ens_4node_independent_dogs.py
_base_ = ['../ktg/ens_4node_dogs.py', '../_base_/edges/independent_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
