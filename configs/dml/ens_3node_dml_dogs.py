# Deep mutual learning of three attention branch networks, and their ensemble, on Stanford Dogs.
# Published accuracy: ensemble 72.08, mean of the networks 70.50.
#   python tools/train.py configs/dml/ens_3node_dml_dogs.py
_base_ = ['../ktg/ens_3node_dogs.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
