# Four ResNet-18 and their ensemble on Stanford Cars; the graph is ours.
#   python tools/train.py configs/ktg/ens_4node_resnet18_cars.py
_base_ = ['ens_4node_cars.py']

model = dict(nodes={f'net{i}': dict(network=dict(_base_.resnet18, _delete_=True)) for i in range(1, 5)})
