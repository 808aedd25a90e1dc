# Multiple Student (Ke et al., ICCV 2019) on Fashion-MNIST with 250 labels, for a CPU.
#   python tools/train.py configs/semi/multiple_student_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/multiple_student.py',
    '../_base_/datasets/fashion_mnist_semi_weak.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet8),
        net2=dict(network=_base_.resnet8),
        net3=dict(network=_base_.resnet8),
        net4=dict(network=_base_.resnet8),
    ),
)
