# Three networks that learn the label, each on its own.
independent = {f'label->net{i}': dict(loss=dict(type='CrossEntropy')) for i in range(1, 4)}
