# AFD of a ResNet-18 and a ResNet-34 on ImageNet.
# Published accuracy (document 002, table 6): 70.43 and 74.00, ensemble 74.53; by deep mutual learning 70.19 and 73.57;
# on their own 69.76 and 73.31.
#   tools/dist_train.sh configs/afd/afd_2node_imagenet.py 8
_base_ = [
    '../_base_/graphs/afd_2node.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/models/networks_imagenet1000.py',
    '../_base_/schedules/afd_100e_imagenet.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet18), net2=dict(network=_base_.resnet34)),
    # Of images of 224 x 224 pixels the last feature map is 7 x 7.
    edges={key: dict(loss=dict(size=7)) for key in _base_.model.edges if key.endswith(':features')},
)
train_dataloader = dict(batch_size=32)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
