# The benchmark's group of few labels on Fashion-MNIST: 250 labels among 10,000 images, configs/semi/*_250.py. The
# budget, 36 passes for each image, is FixMatch's in 1,500 iterations of 16 labelled images and two views of 112 others.
benchmark = dict(configs='fashion_mnist_250', epochs=36)
