# Four ResNet-20 and their ensemble on CIFAR-10; the graph is ours.
#   python tools/train.py configs/ktg/ens_4node_resnet20_cifar10.py
_base_ = ['ens_4node_cifar10.py']

model = dict(nodes={f'net{i}': dict(network=dict(_base_.resnet20, _delete_=True)) for i in range(1, 5)})
