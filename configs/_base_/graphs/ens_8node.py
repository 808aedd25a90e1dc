_base_ = ['ens_sizes.py']

model = _base_.pop('ens')[8]
