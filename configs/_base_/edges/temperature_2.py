# An overlay: KL divergence at temperature 2.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[2]
