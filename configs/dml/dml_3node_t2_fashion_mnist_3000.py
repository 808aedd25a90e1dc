# Deep mutual learning of three small networks at temperature 2, on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/dml/dml_3node_t2_fashion_mnist_3000.py
_base_ = ['dml_3node_fashion_mnist_3000.py']

_loss = dict(temperature=2.0)
model = dict(
    edges={f'net{i}->net{j}': dict(loss=_loss) for i in range(1, 4) for j in range(1, 4) if i != j},
)
