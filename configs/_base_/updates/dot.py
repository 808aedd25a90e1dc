# An overlay: the label's losses and all others have a momentum each, 0.9 - 0.075 and 0.9 + 0.075, so that what teachers
# ask leads (DOT, Zhao et al., ICCV 2023; mdistiller's value for CIFAR, 0.09 for ImageNet). No Nesterov momentum. Weight
# decay enters once, with the label's step, which comes first. What edges learn (adapters) gets one gradient alone, and
# has the mean of the two. So would layers that only the label reaches: lay it over losses that reach the whole network,
# of logits, be it besides others. It must be the last overlay that changes edges or the optimiser.
_delta = 0.075
_sgd = dict(_base_.optim_wrapper.optimizer, nesterov=False)
_momentum, _decay = _sgd['momentum'], _sgd['weight_decay']
model = dict(
    update=dict(
        _delete_=True,
        type='SuccessiveUpdate',
        phases=[
            dict(name='ce', edges='label->*'),
            dict(name='kd', edges=[key for key in _base_.model.edges if not key.startswith('label->')]),
        ],
    )
)
optim_wrapper = dict(
    _delete_=True,
    constructor='NodeOptimWrapperConstructor',
    ce=dict(optimizer=dict(_sgd, momentum=round(_momentum - _delta, 6))),
    kd=dict(
        optimizer=dict(_sgd, momentum=round(_momentum + _delta, 6), weight_decay=0.0),
        paramwise_cfg=dict(edges=dict(momentum=_momentum, weight_decay=_decay)),
    ),
)
