# As kd_3teachers_fashion_mnist_3000.py, with the conflicts between the teachers' gradients taken out (PCGrad).
#   python tools/train.py configs/kd/kd_3teachers_pcgrad_fashion_mnist_3000.py
_base_ = ['kd_3teachers_fashion_mnist_3000.py']

model = dict(update=dict(type='PCGradUpdate'))
