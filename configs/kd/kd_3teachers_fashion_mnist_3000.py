# Three frozen teachers into one student on 3,000 images of Fashion-MNIST, each teacher by an edge of its own.
# First train the teachers, then the student:
#   python tools/train.py configs/ktg/ens_3node_fashion_mnist_3000.py --with configs/_base_/edges/independent.py \
#       --work-dir work_dirs/ens_3node_independent_fashion_mnist_3000
#   python tools/train.py configs/kd/kd_3teachers_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/kd_3teachers.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

# The last feature map has 4 x 4 cells, too few to tell places apart; the one before has 7 x 7.
_node = dict(network=_base_.resnet8, attention_layer='backbone.layer2')
model = dict(
    nodes=dict(
        student=_node,
        **{
            f'teacher{i}': dict(
                _node,
                checkpoint='work_dirs/ens_3node_independent_fashion_mnist_3000/epoch_32.pth',
                prefix=f'nodes.net{i}.network.',
            )
            for i in range(1, 4)
        },
    )
)
default_hooks = dict(checkpoint=dict(save_best='student/accuracy/top1'))
