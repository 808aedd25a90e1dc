# An overlay: KL divergence at temperature 4.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[4]
