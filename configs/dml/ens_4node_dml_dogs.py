# Deep mutual learning of four attention branch networks, and their ensemble, on Stanford Dogs.
# Published accuracy: ensemble 72.87, mean of the networks 71.50.
#   python tools/train.py configs/dml/ens_4node_dml_dogs.py
_base_ = ['../ktg/ens_4node_dogs.py', '../_base_/edges/dml_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
