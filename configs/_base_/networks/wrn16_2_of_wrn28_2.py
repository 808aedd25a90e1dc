# An overlay of configs/afd/l1_kd_offline_cifar100.py: a WRN-16-2 learns from a trained WRN-28-2 (document 002,
# table 1).
__first, __second = _base_.stages
__teacher = dict(nodes=dict(net1=dict(network=dict(_base_.wrn28_2, _delete_=True))))

model = dict(nodes=dict(net1=dict(network=dict(_base_.wrn16_2, _delete_=True))))
stages = [dict(__first, model=__teacher), __second]
