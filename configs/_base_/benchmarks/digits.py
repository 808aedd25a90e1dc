# The benchmark (tools/benchmark.py) on scikit-learn's digits, to try it out: nothing is downloaded.
_base_ = [
    '../datasets/digits.py',
    '../models/networks_small.py',
    '../schedules/sgd_30e_digits.py',
    '../default_runtime.py',
]

benchmark = dict(
    target=_base_.resnet8,
    teacher=_base_.wrn10_1,
    large=_base_.resnet20,
    assistant=_base_.resnet14,
    map_size=2,
)
