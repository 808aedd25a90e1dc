# Deep mutual learning of five attention branch networks, and their ensemble, on Stanford Dogs.
# Published accuracy: ensemble 72.50, mean of the networks 71.15.
#   python tools/train.py configs/dml/ens_5node_dml_dogs.py
_base_ = ['../ktg/ens_5node_dogs.py', '../_base_/edges/dml_5node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
