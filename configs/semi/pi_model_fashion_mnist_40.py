# The Pi-model (Laine and Aila, ICLR 2017) on Fashion-MNIST with 40 labels, for a CPU.
#   python tools/train.py configs/semi/pi_model_fashion_mnist_40.py
_base_ = ['pi_model_fashion_mnist_250.py']

train_dataloader = dict(dataset=dict(num_labels=40))
