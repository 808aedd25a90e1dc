# As kd_5teachers_dogs.py, and the student learns the teachers' attention maps, too.
# Published accuracy of the student: 71.95 +- 1.89; conflicts taken out (--with configs/_base_/updates/pcgrad.py):
# 74.00 +- 0.14 (thesis, table 4.9).
# What differs, besides: the thesis takes the mean squared error of the maps; here it is that of normalised crops around
# the teacher's peak, as between the networks of an ensemble. As there: --with configs/_base_/edges/whole_maps.py
#   python tools/train.py configs/kd/kd_5teachers_attention_dogs.py
_base_ = ['kd_5teachers_dogs.py']

_loss = [dict(type='KLDivergence', temperature=2.0), dict(type='AttentionMSE')]
model = dict(edges={f'teacher{i}->student': dict(loss=_loss) for i in range(1, 6)})
