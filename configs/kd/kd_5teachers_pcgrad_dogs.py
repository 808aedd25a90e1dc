# As kd_5teachers_dogs.py, with the conflicts between the teachers' gradients taken out (PCGrad).
#   python tools/train.py configs/kd/kd_5teachers_pcgrad_dogs.py
_base_ = ['kd_5teachers_dogs.py']

model = dict(update=dict(type='PCGradUpdate'))
