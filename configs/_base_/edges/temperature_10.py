# An overlay: KL divergence at temperature 10.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[10]
