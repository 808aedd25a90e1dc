# Search in the FixMatch space of the thesis (ch. 5) on CIFAR-100 with 400 labels, two WRN-28-2, 60 graphs. They are
# compared after 2^14, 2^15, ... of 2^20 iterations; the thesis compares at a fixed interval, whose length is our
# choice.
# The unlabelled images are those without a label, as in the thesis.
# The strong view ends with Cutout, as in FixMatch's code; the thesis's table 5.1 names RandAugment alone.
# Other numbers of labels: --with configs/_base_/labels/2500_labels.py
#   python tools/search.py configs/search/semi_fixmatch_space_cifar100.py
_base_ = [
    '../_base_/graphs/fixmatch_space.py',
    '../_base_/datasets/cifar100_semi_search.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/spaces/fixmatch_space.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.wrn28_2), ema=dict(network=_base_.wrn28_2)))

train_dataloader = dict(dataset=dict(num_labels=400, labeled_as_unlabeled=False))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3))
train_cfg = dict(val_interval=2**14)
search = dict(retrain='../semi/graph_400_cifar100.py')
