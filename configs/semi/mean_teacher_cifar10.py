# Mean Teacher (Tarvainen and Valpola, NeurIPS 2017) on CIFAR-10 with 4,000 labels, WRN-28-2.
# Published accuracy: 91.90 % (TorchSSL).
# Other numbers of labels: --cfg-options train_dataloader.dataset.num_labels=250
# A squared distance that ramps up, as in TorchSSL; the thesis's KL: --with configs/_base_/edges/consistency_kl.py
#   python tools/train.py configs/semi/mean_teacher_cifar10.py
_base_ = [
    '../_base_/graphs/mean_teacher.py',
    '../_base_/datasets/cifar10_semi_weak.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.wrn28_2), ema=dict(network=_base_.wrn28_2)),
)

train_dataloader = dict(batch_size=128, sampler=dict(labeled=64, unlabeled=64))
