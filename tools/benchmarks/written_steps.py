"""Training steps in plain torch, as one would write them without a graph: what a graph's step is measured against."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

OPTIMIZER: dict[str, Any] = dict(lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
FEATURES_OPTIMIZER: dict[str, Any] = dict(lr=2e-5, weight_decay=0.1)  # Adam's, of AFD


class WrittenStep:
    """A step of one optimiser over some modules; a method says what its loss is.

    Args:
        modules: Those that learn.
    """

    def __init__(self, *modules: nn.Module) -> None:
        unique = dict.fromkeys(parameter for module in modules for parameter in module.parameters())
        self.optimizer = torch.optim.SGD(list(unique), **OPTIMIZER)

    def loss(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float) -> Tensor:
        """The loss of a batch.

        Args:
            images: Normalised and on the device, shape (B, channels, height, width).
            labels: Shape (B,).
            ids: The images' numbers in the data set, shape (B,).
            progress: k / k_end.
        """
        raise NotImplementedError

    def teach(self, images: Tensor) -> None:
        """Runs what only teaches."""

    def step(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float, taught: Tensor | None = None) -> None:
        """Trains on a batch.

        Args:
            images: As :meth:`loss` takes them, and so on.
            labels: Likewise.
            ids: Likewise.
            progress: Likewise.
            taught: What teachers that only predict see. Defaults to None: there are none.
        """
        if taught is not None:
            self.teach(taught)
        self.loss(images, labels, ids, progress).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


class Networks(WrittenStep):
    """The same networks, which learn labels on their own; what only teaches runs without gradients.

    Args:
        students: The networks that learn.
        teachers: The moving averages and frozen teachers that somebody listens to.
    """

    def __init__(self, students: list[nn.Module], teachers: list[nn.Module]) -> None:
        self.students = [copy.deepcopy(network) for network in students]
        self.teachers = [copy.deepcopy(network) for network in teachers]
        super().__init__(*self.students)
        self.branches: list[Tensor] = []
        for network in self.students:
            if branch := getattr(network.backbone, 'attention_branch', None):
                branch.register_forward_hook(lambda module, args, output: self.branches.append(output[1]))

    def teach(self, images: Tensor) -> None:
        """Runs the teachers."""
        with torch.no_grad():
            for teacher in self.teachers:
                teacher(images, mode='tensor')

    def loss(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float) -> Tensor:
        """The sum of all cross-entropies."""
        self.branches.clear()
        logits = [network(images, mode='tensor') for network in self.students]
        return torch.stack([F.cross_entropy(scores, labels) for scores in logits + self.branches]).sum()


class Branches(WrittenStep):
    """Four CIFAR ResNets with the stem and the first stage in common.

    Args:
        network: Config of one of them.
        learnt: What else learns.
    """

    def __init__(self, network: dict, *learnt: nn.Module) -> None:
        self.branches = [_built(network) for _ in range(4)]
        self.learnt = learnt
        for branch in self.branches[1:]:
            for name in ('conv1', 'bn1', 'layer1'):
                setattr(branch.backbone, name, getattr(self.branches[0].backbone, name))
        super().__init__(*self.branches, *learnt)

    def run(self, images: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The trunk's map, and the branches' embeddings and logits."""
        first = self.branches[0].backbone
        trunk = first.layer1(F.relu(first.bn1(first.conv1(images))))
        maps = [branch.backbone.layer3(branch.backbone.layer2(trunk)) for branch in self.branches]
        embeddings = [features.mean(dim=(2, 3)) for features in maps]
        logits = [branch.head.fc(embedding) for branch, embedding in zip(self.branches, embeddings, strict=True)]
        return trunk, embeddings, logits


class One(Branches):
    """ONE: a gate on the trunk weighs the branches."""

    def __init__(self, network: dict) -> None:
        self.gate = _on_device(nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4), nn.ReLU()))
        super().__init__(network, self.gate)

    def loss(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float) -> Tensor:
        """Cross-entropies of the branches and of their ensemble, which teaches them."""
        trunk, _, logits = self.run(images)
        weights = self.gate(trunk.mean(dim=(2, 3))).softmax(dim=1)
        ensemble = (weights.T[:, :, None] * torch.stack(logits)).sum(dim=0)
        learnt = torch.stack([F.cross_entropy(scores, labels) for scores in (*logits, ensemble)]).sum()
        taught = torch.stack([_kl(ensemble.detach(), scores) for scores in logits]).sum()
        return learnt + _ramp(progress) * taught


class OKDDip(Branches):
    """OKDDip: an ensemble by attention for each auxiliary branch, their mean for the leader."""

    def __init__(self, network: dict) -> None:
        self.query, self.key = (_on_device(nn.Linear(64, 8, bias=False)) for _ in range(2))
        super().__init__(network, self.query, self.key)

    def loss(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float) -> Tensor:
        """Cross-entropies of all, and what the auxiliary branches and the leader are told."""
        _, embeddings, logits = self.run(images)
        *auxiliary, leader = logits
        stacked, features = torch.stack(auxiliary, dim=1), torch.stack(embeddings[:-1], dim=1)
        attention = (self.query(features) @ self.key(features).transpose(1, 2)).softmax(dim=2)
        told = (attention @ stacked).unbind(dim=1)
        taught = [_kl(target, scores) for target, scores in zip(told, auxiliary, strict=True)]
        taught.append(_kl(stacked.mean(dim=1).detach(), leader))
        learnt = torch.stack([F.cross_entropy(scores, labels) for scores in logits]).sum()
        return learnt + _ramp(progress) * torch.stack(taught).sum()


class FitNetsAndCRD(WrittenStep):
    """A frozen wide ResNet teaches a CIFAR ResNet by a hint and by contrast with a memory.

    Args:
        student: Config of a CIFAR ResNet.
        teacher: Config of a wide ResNet.
        all_labels: Those of the whole data set, shape (N,).
        negatives: How many the contrast has.
    """

    def __init__(self, student: dict, teacher: dict, all_labels: Tensor, negatives: int) -> None:
        self.student, self.teacher = _built(student), _built(teacher).eval().requires_grad_(False)
        self.regressor = _on_device(nn.Sequential(nn.Conv2d(32, 64, 1), nn.BatchNorm2d(64), nn.ReLU()))
        self.embeds = [_on_device(nn.Linear(size, 128)) for size in (64, 128)]
        super().__init__(self.student, self.regressor, *self.embeds)
        device, number = next(self.student.parameters()).device, len(all_labels)
        bound = math.sqrt(3 / 128)
        self.memories = [torch.empty(number, 128, device=device).uniform_(-bound, bound) for _ in range(2)]
        places = torch.arange(number, device=device)
        all_labels = all_labels.to(device)
        self.others = [places[all_labels != label] for label in range(int(all_labels.max()) + 1)]
        self.number, self.negatives = number, min(negatives, *map(len, self.others))
        self.scales: list[Tensor] = []

    def loss(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float) -> Tensor:
        """Cross-entropy, hint and contrast, with the weights of RepDistiller."""
        hint, embedding, logits = self._run(self.student.backbone, self.student.head.fc, images)
        with torch.no_grad():
            taught, others, _ = self._run_teacher(images)
        loss = F.cross_entropy(logits, labels) + 100 * F.mse_loss(self.regressor(hint), taught)
        return loss + 0.8 * self._contrast(embedding, others, labels, ids)

    def _run(self, backbone: Any, classifier: nn.Module, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        middle = backbone.layer2(backbone.layer1(F.relu(backbone.bn1(backbone.conv1(images)))))
        embedding = backbone.layer3(middle).mean(dim=(2, 3))
        return middle, embedding, classifier(embedding)

    def _run_teacher(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        backbone: Any = self.teacher.backbone
        middle = backbone.layer2(backbone.layer1(backbone.conv1(images)))
        embedding = F.relu(backbone.norm(backbone.layer3(middle))).mean(dim=(2, 3))
        return middle, embedding, self.teacher.head.fc(embedding)

    def _contrast(self, student: Tensor, teacher: Tensor, labels: Tensor, ids: Tensor) -> Tensor:
        ends = [F.normalize(embed(end)) for embed, end in zip(self.embeds, (student, teacher), strict=True)]
        drawn = [self.others[label] for label in labels.tolist()]
        negatives = [own[torch.randint(len(own), (self.negatives,), device=own.device)] for own in drawn]
        places = torch.cat([ids[:, None], torch.stack(negatives)], dim=1)
        loss, share = student.new_zeros(()), self.negatives / self.number
        for i, end in enumerate(ends):
            scores = torch.exp((end @ self.memories[1 - i].T.clone()).gather(1, places) / 0.07)
            if len(self.scales) < 2:
                self.scales.append(scores.detach().mean() * self.number)
            p = scores / self.scales[i]
            right = torch.log(p[:, 0] / (p[:, 0] + share + 1e-7))
            wrong = torch.log(share / (p[:, 1:] + share + 1e-7)).sum(dim=1)
            loss = loss - (right + wrong).mean()
        with torch.no_grad():
            for memory, end in zip(self.memories, ends, strict=True):
                memory[ids] = F.normalize(0.5 * memory[ids] + 0.5 * end)
        return loss


class AFD(WrittenStep):
    """Two networks that learn one another's logits, and maps by a discriminator each, with an optimiser for either.

    Args:
        network: Config of a CIFAR ResNet.
    """

    def __init__(self, network: dict) -> None:
        self.networks = [_built(network) for _ in range(2)]
        self.discriminators = [
            _on_device(
                nn.Sequential(
                    nn.Conv2d(64, 32, 3, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(32),
                    nn.LeakyReLU(0.2),
                    nn.Conv2d(32, 1, 4),
                    nn.Sigmoid(),
                )
            )
            for _ in range(2)
        ]
        super().__init__(*self.networks)
        backbones = [parameter for network in self.networks for parameter in network.backbone.parameters()]
        judges = [parameter for judge in self.discriminators for parameter in judge.parameters()]
        self.learnt = [parameter for network in self.networks for parameter in network.parameters()], backbones + judges
        self.features_optimizer = torch.optim.Adam(self.learnt[1], **FEATURES_OPTIMIZER)

    def step(self, images: Tensor, labels: Tensor, ids: Tensor, progress: float, taught: Tensor | None = None) -> None:
        """Takes both gradients, then makes both steps."""
        maps = [network.backbone(images)[-1] for network in self.networks]
        logits = [network.head.fc(map_.mean(dim=(2, 3))) for network, map_ in zip(self.networks, maps, strict=True)]
        learnt = torch.stack([F.cross_entropy(scores, labels) for scores in logits]).sum()
        told = torch.stack([_kl(logits[1 - i].detach(), logits[i]) for i in range(2)]).sum()
        features = torch.stack([self._compare(i, maps[i], maps[1 - i].detach()) for i in range(2)]).sum()
        steps = [(self.optimizer, learnt + told), (self.features_optimizer, features)]
        found = [
            torch.autograd.grad(loss, parameters, retain_graph=i == 0)
            for i, ((_, loss), parameters) in enumerate(zip(steps, self.learnt, strict=True))
        ]
        for (optimizer, _), parameters, gradients in zip(steps, self.learnt, found, strict=True):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            optimizer.zero_grad()

    def _compare(self, i: int, own: Tensor, others: Tensor) -> Tensor:
        """What the network must do to be taken for the other, and what its discriminator must do to tell them apart."""
        judge = self.discriminators[i].requires_grad_(False)
        fools = (1 - judge(own)).square().mean()
        judge.requires_grad_(True)
        return fools + (1 - judge(others)).square().mean() + judge(own.detach()).square().mean()


def _built(network: dict) -> Any:
    built: Any = MODELS.build(copy.deepcopy(network))
    built.init_weights()
    return _on_device(built).train()


def _on_device(module: nn.Module) -> nn.Module:
    return module.cuda() if torch.cuda.is_available() else module


def _ramp(progress: float) -> float:
    return math.exp(-5 * (1 - min(progress / (80 / 300), 1.0)) ** 2)


def _kl(teacher: Tensor, student: Tensor, temperature: float = 3.0) -> Tensor:
    wanted, said = (F.log_softmax(scores / temperature, dim=1) for scores in (teacher, student))
    return temperature**2 * F.kl_div(said, wanted, reduction='batchmean', log_target=True)
