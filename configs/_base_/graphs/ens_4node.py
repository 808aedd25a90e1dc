_base_ = ['ens.py']

model = _base_.pop('ens')[4]
