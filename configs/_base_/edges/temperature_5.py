# An overlay: KL divergence at temperature 5.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[5]
