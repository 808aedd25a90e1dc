# An overlay: KL divergence at temperature 1.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[1]
