# As kd_5teachers_dogs.py, and the student learns the teachers' attention maps, too.
#   python tools/train.py configs/kd/kd_5teachers_attention_dogs.py
_base_ = ['kd_5teachers_dogs.py']

_loss = [dict(type='KLDivergence', temperature=2.0), dict(type='AttentionMSE')]
model = dict(edges={f'teacher{i}->student': dict(loss=_loss) for i in range(1, 6)})
