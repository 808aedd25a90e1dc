from mmpretrain.datasets import CIFAR10, CIFAR100

from ktg_mm.archives import ARCHIVES


def test_cifar_is_where_mmpretrain_has_it():
    for name, dataset in (('cifar10', CIFAR10), ('cifar100', CIFAR100)):
        assert [url for url, _ in ARCHIVES[name]] == [dataset.url]
