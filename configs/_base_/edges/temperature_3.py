# An overlay: KL divergence at temperature 3.
_base_ = ['temperatures.py']

model = _base_.pop('temperatures')[3]
