# Four ResNet-18 and their ensemble on Stanford Dogs; the graph is ours.
# For comparison, the thesis's searched graph: ensemble 72.71, independent networks 69.27 (published).
#   python tools/train.py configs/ktg/ens_4node_resnet18_dogs.py
_base_ = ['ens_4node_dogs.py']

model = dict(nodes={f'net{i}': dict(network=dict(_base_.resnet18, _delete_=True)) for i in range(1, 5)})
