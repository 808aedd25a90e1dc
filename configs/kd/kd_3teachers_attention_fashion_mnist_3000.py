# As kd_3teachers_fashion_mnist_3000.py, and the student learns the teachers' attention maps, too.
#   python tools/train.py configs/kd/kd_3teachers_attention_fashion_mnist_3000.py
_base_ = ['kd_3teachers_fashion_mnist_3000.py']

_loss = [dict(type='KLDivergence', temperature=2.0), dict(type='AttentionMSE')]
model = dict(edges={f'teacher{i}->student': dict(loss=_loss) for i in range(1, 4)})
