_base_ = ['afd_sizes.py']

model = _base_.pop('afd')[3]
