"""Every semi-supervised method's graph makes the step of an independent one, written directly from its paper."""

import copy
import functools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmpretrain.structures import DataSample

from ktg_mm.models.gates import ThresholdGate
from ktg_mm.models.step_random import step_beta, step_normal, step_permutation, step_uniform
from ktg_mm.structures import SampleRows

GRAPHS = Path(__file__).parents[2] / 'configs' / '_base_' / 'graphs'
LABELED, UNLABELED, CLASSES, IMAGES, STEPS = 4, 8, 5, 12, 4
LABELED_IMAGES = 6
OPTIMIZER = dict(lr=0.05, momentum=0.9, weight_decay=1e-3)


def batch(seed, views):
    """A mixed batch, labelled samples first: images of each view, and what is known of them."""
    generator = torch.Generator().manual_seed(seed)
    base = torch.rand(LABELED + UNLABELED, 1, 16, 16, generator=generator, dtype=torch.float64)
    inputs = {
        view: base + 0.1 * torch.randn(base.shape, generator=generator, dtype=torch.float64) for view in sorted(views)
    }
    labels = torch.randint(CLASSES, (LABELED,), generator=generator)
    ids = torch.randperm(IMAGES, generator=generator)
    numbers = torch.randperm(LABELED_IMAGES, generator=generator)[:LABELED].tolist()
    samples = [DataSample(metainfo=dict(sample_idx=number)) for number in numbers]
    samples += [
        DataSample(metainfo=dict(unlabeled_id=int(i), sample_idx=LABELED_IMAGES + int(i))) for i in ids[LABELED:]
    ]
    for sample, label in zip(samples, [*labels.tolist(), *[-1] * UNLABELED], strict=True):
        sample.set_gt_label(label)
    return dict(inputs=inputs, data_samples=samples), labels, ids[LABELED:]


def sure(probabilities):
    """Each sample's highest probability and its class, as floats and ints."""
    return [max((float(p), c) for c, p in enumerate(row)) for row in probabilities]


def pseudo_label_loss(logits, probabilities, weights):
    """Mean over all samples of the weighted cross-entropy with the predicted class."""
    terms = [
        -w * F.log_softmax(row, dim=0)[c] for row, (_, c), w in zip(logits, sure(probabilities), weights, strict=True)
    ]
    return sum(terms) / len(terms)


def mse(first, second):
    """Mean over samples and classes of the squared difference of the probabilities; the second is the teacher's."""
    return (first.softmax(1) - second.detach().softmax(1)).square().sum() / first.numel()


class Fix:
    """FixMatch and its relatives: one forward on all images, a weight for each unlabelled sample."""

    views = ('weak', 'strong')

    def losses(self, nets, x, labels, ids, progress):
        logits = nets['net1'](torch.cat([x['weak'], x['strong'][LABELED:]]))
        labeled, weak, strong = logits.split([LABELED, UNLABELED, UNLABELED])
        loss = F.cross_entropy(labeled, labels) + self.unsupervised(
            labeled.detach(), weak.detach(), strong, labels, ids, progress
        )
        return dict(net1=loss)

    def unsupervised(self, labeled, weak, strong, labels, ids, progress):
        p = weak.softmax(1)
        return pseudo_label_loss(strong, p, self.weights(p, labeled, labels, ids, progress))

    def weights(self, p, labeled, labels, ids, progress):
        return [float(q > self.threshold) for q, _ in sure(p)]

    threshold = 0.95


class UDA(Fix):
    threshold = 0.8

    def unsupervised(self, labeled, weak, strong, labels, ids, progress):
        total = 0.0
        weights = self.weights(weak.softmax(1), labeled, labels, ids, progress)
        for w, z, s in zip(weights, weak, strong, strict=True):
            sharp = (z / 0.4).softmax(0)
            total = total + w * (sharp * (sharp.log() - s.log_softmax(0))).sum()
        return total / UNLABELED


class FlexMatch(Fix):
    def __init__(self):
        self.selected = {}

    def weights(self, p, labeled, labels, ids, progress):
        counts = [sum(c == k for c in self.selected.values()) for k in range(CLASSES)]
        most = max(*counts, IMAGES - len(self.selected))
        weights = []
        for q, c in sure(p):
            beta = counts[c] / most
            weights.append(float(q >= 0.95 * beta / (2 - beta)))
        for i, (q, c) in zip(ids.tolist(), sure(p), strict=True):
            if q >= 0.95:
                self.selected[i] = c
        return weights


class FreeMatch(Fix):
    def __init__(self):
        self.tau, self.p, self.h = 1 / CLASSES, np.full(CLASSES, 1 / CLASSES), np.full(CLASSES, 1 / CLASSES)

    def unsupervised(self, labeled, weak, strong, labels, ids, progress):
        p = weak.softmax(1)
        found = sure(p)
        self.tau = 0.3 * self.tau + 0.7 * np.mean([q for q, _ in found])
        self.p = 0.3 * self.p + 0.7 * p.numpy().mean(axis=0)
        self.h = 0.3 * self.h + 0.7 * np.array([sum(c == k for _, c in found) / len(found) for k in range(CLASSES)])
        mask = [q >= self.tau * self.p[c] / self.p.max() for q, c in found]
        loss = pseudo_label_loss(strong, p, [float(m) for m in mask])
        kept = [row for row, m in zip(strong, mask, strict=True) if m]
        if not kept:
            return loss
        mean = torch.stack(kept).softmax(1).mean(0)
        histogram = [sum(int(row.argmax()) == k for row in kept) / len(kept) for k in range(CLASSES)]
        wanted = self.p / self.h
        wanted = wanted / wanted.sum()
        ratio = [mean[k] / histogram[k] if histogram[k] else 0 * mean[k] for k in range(CLASSES)]
        share = [r / sum(ratio) for r in ratio]
        return loss + 0.5 * sum(wanted[k] * torch.log(share[k] + 1e-12) for k in range(CLASSES))


class SoftMatch(Fix):
    def __init__(self):
        self.mu, self.var, self.mean = 1 / CLASSES, 1.0, None

    def weights(self, p, labeled, labels, ids, progress):
        batch_mean = p.numpy().mean(axis=0)
        self.mean = batch_mean if self.mean is None else 0.3 * self.mean + 0.7 * batch_mean
        aligned = p.numpy() / self.mean
        best = (aligned / aligned.sum(axis=1, keepdims=True)).max(axis=1)
        self.mu = 0.3 * self.mu + 0.7 * best.mean()
        self.var = 0.3 * self.var + 0.7 * best.var(ddof=1)
        return [math.exp(-(min(q - self.mu, 0.0) ** 2) / (2 * self.var / 4)) for q in best]


class Dash(Fix):
    """The warm-up is the first 512th of the run; here it is longer, so that both parts are seen."""

    def __init__(self):
        self.rho = None

    def weights(self, p, labeled, labels, ids, progress):
        if progress <= 0.3:
            loss = float(F.cross_entropy(labeled, labels))
            self.rho = loss if self.rho is None else 0.9 * self.rho + 0.1 * loss
            return [0.0] * len(p)
        threshold = max(1.0001 * 1.27 ** -math.floor((progress - 0.3) / 0.01) * self.rho, 0.05)
        return [float(-math.log(q) <= threshold) for q, _ in sure(p)]


class AdaMatch(Fix):
    def __init__(self):
        self.labeled_mean, self.mean = None, None

    def unsupervised(self, labeled, weak, strong, labels, ids, progress):
        means = labeled.softmax(1).numpy().mean(axis=0), weak.softmax(1).numpy().mean(axis=0)
        if self.mean is None:
            self.labeled_mean, self.mean = means
        else:
            self.labeled_mean = 0.999 * self.labeled_mean + 0.001 * means[0]
            self.mean = 0.999 * self.mean + 0.001 * means[1]
        aligned = weak.softmax(1).numpy() * self.labeled_mean / self.mean
        aligned = torch.from_numpy(aligned / aligned.sum(axis=1, keepdims=True))
        threshold = 0.95 * np.mean([q for q, _ in sure(labeled.softmax(1))])
        return pseudo_label_loss(strong, aligned, [float(q >= threshold) for q, _ in sure(aligned)])


class Projecting(Fix):
    """What SimMatch and CoMatch share: a projection, the mean of two batches, a warm-up of one step of four."""

    def __init__(self):
        self.means = []

    def prepare(self, graph):
        (self.first, self.second) = (copy.deepcopy(graph.edges['net1->net1'].losses[0].projection[i]) for i in (0, 2))
        return [*self.first.parameters(), *self.second.parameters()]

    def project(self, features):
        projected = self.second(self.first(features).clamp(min=0))
        return projected / projected.norm(dim=1, keepdim=True)

    def aligned(self, logits):
        p = logits.softmax(1).detach()
        self.means = [*self.means, p.mean(0)][-2:]
        p = p / (sum(self.means) / len(self.means))
        return p / p.sum(1, keepdim=True)

    def soft_cross_entropy(self, logits, labels):
        terms = [
            -(q * z.log_softmax(0)).sum() if float(q.max()) >= 0.4 else 0.0 for z, q in zip(logits, labels, strict=True)
        ]
        return sum(terms) / len(terms)

    def losses(self, nets, x, labels, ids, progress):
        features = {}
        embed = nets['net1'].func.head.fc.register_forward_pre_hook(lambda _, args: features.update(all=args[0]))
        views = [x[view][LABELED:] for view in sorted(self.views) if view != 'weak']
        logits = nets['net1'](torch.cat([*views, x['weak']]))
        embed.remove()
        sizes = [*[UNLABELED] * len(views), LABELED, UNLABELED]
        *strong, labeled, weak = logits.split(sizes)
        *f_strong, f_labeled, f_weak = self.project(features['all']).split(sizes)
        loss = self.unlabeled(strong[0], f_strong, f_weak.detach(), self.aligned(weak), progress)
        self.remember(f_labeled.detach(), labels, f_weak.detach())
        return dict(net1=F.cross_entropy(labeled, labels) + loss)


class SimMatch(Projecting):
    memory = None

    def unlabeled(self, strong, f_strong, f_weak, p, progress):
        known, labels, instances = self.memory or {}, [], []
        for own, other, probabilities in zip(f_strong[0], f_weak, p, strict=True):
            if progress <= 0.25:
                labels.append(probabilities)
                continue
            near = {i: torch.exp(other @ m / 0.1) for i, (m, _) in known.items()}
            near = {i: value / sum(near.values()) for i, value in near.items()}
            classes = torch.stack(
                [sum(near[i] for i in known if known[i][1] == c) + 0 * other[0] for c in range(CLASSES)]
            )
            labels.append(0.9 * probabilities + 0.1 * classes)
            wanted = {i: near[i] * probabilities[known[i][1]] for i in known}
            total = sum(torch.exp(own @ m / 0.1) for m, _ in known.values())
            terms = [wanted[i] * torch.log(torch.exp(own @ known[i][0] / 0.1) / total) for i in known]
            instances.append(-sum(terms) / sum(wanted.values()))
        # A gradient of 0 in the warm-up lets weight decay go on.
        return self.soft_cross_entropy(strong, labels) + sum(instances, 0 * f_strong[0].sum()) / UNLABELED

    def remember(self, f_labeled, labels, f_weak):
        self.memory = dict(self.memory or {})
        for number, f, label in zip(self.numbers, f_labeled, labels.tolist(), strict=True):
            old = self.memory[number][0] if number in self.memory else torch.zeros_like(f)
            moved = 0.7 * old + 0.3 * f
            self.memory[number] = moved / moved.norm(), label


class CoMatch(Projecting):
    views = ('weak', 'strong', 'strong2')

    def __init__(self):
        super().__init__()
        self.queue = []

    def unlabeled(self, strong, f_strong, f_weak, p, progress):
        self.p, labels = p, p
        if progress > 0.25 and len(self.queue) >= 20:
            near = torch.stack([torch.exp(f_weak @ m / 0.2) for m, _ in self.queue], dim=1)
            near = near / near.sum(1, keepdim=True)
            labels = 0.9 * p + 0.1 * sum(a.unsqueeze(1) * q for a, (_, q) in zip(near.T, self.queue, strict=True))
        contrast = 0.0
        for i in range(UNLABELED):
            row = [1.0 if i == j else float(labels[i] @ labels[j]) for j in range(UNLABELED)]
            row = [w if w >= 0.3 else 0.0 for w in row]
            scores = [torch.exp(f_strong[0][i] @ f_strong[1][j] / 0.2) for j in range(UNLABELED)]
            contrast -= sum(w / sum(row) * torch.log(s / sum(scores) + 1e-7) for w, s in zip(row, scores, strict=True))
        return self.soft_cross_entropy(strong, labels) + contrast / UNLABELED

    def remember(self, f_labeled, labels, f_weak):
        one_hot = F.one_hot(labels, CLASSES).double()
        self.queue += [*zip(f_weak, self.p, strict=True), *zip(f_labeled, one_hot, strict=True)]
        self.queue = self.queue[-20:]


class CRMatch(Fix):
    """FixMatch, features of both views that differ, and a pass on turned images that leaves the statistics alone."""

    def prepare(self, graph):
        self.embed = copy.deepcopy(graph.edges['net1->net1'].losses[1].embed)
        self.tell = copy.deepcopy(graph.edges['net1->net1:rotation'].losses[0].classifier)
        return [*self.embed.parameters(), *self.tell.parameters()]

    def losses(self, nets, x, labels, ids, progress):
        seen, net = {}, nets['net1'].func
        hooks = [
            net.backbone.register_forward_hook(lambda *args: seen.update(map=args[-1][-1])),
            net.head.fc.register_forward_pre_hook(lambda _, args: seen.update(embedding=args[0])),
        ]
        strong, labeled, weak = nets['net1'](torch.cat([x['strong'][LABELED:], x['weak']])).split(
            [UNLABELED, LABELED, UNLABELED]
        )
        maps = seen['map']
        drawn = [
            step_uniform(0, progress, (x['weak'][rows].shape[0],), f'turned {kind}') for kind, rows in KINDS.items()
        ]
        turns = (4 * torch.cat(drawn)).floor().int().tolist()
        still(net, torch.stack([image.rot90(turn, (1, 2)) for image, turn in zip(x['weak'], turns, strict=True)]))
        for hook in hooks:
            hook.remove()
        told = self.tell(seen['embedding'][LABELED:])
        apart = []
        for own, other, (q, _) in zip(maps[:UNLABELED], maps[-UNLABELED:], sure(weak.detach().softmax(1)), strict=True):
            h, g = self.embed(own.flatten()), self.embed(other.flatten())
            cosine = h @ g / (h.norm() * g.norm())
            apart.append(float(q > self.threshold) * cosine.clamp(min=0))
        loss = self.unsupervised(labeled, weak.detach(), strong, labels, ids, progress)
        loss = loss + sum(apart) / UNLABELED + F.cross_entropy(told, torch.tensor(turns[LABELED:]))
        return dict(net1=F.cross_entropy(labeled, labels) + loss)


class Supervised:
    views = ('weak',)

    def losses(self, nets, x, labels, ids, progress):
        return dict(net1=F.cross_entropy(nets['net1'](x['weak'][:LABELED]), labels))


class TwoDraws:
    """One forward for each draw; the second is the teacher's."""

    views = ('weak', 'weak2')

    def losses(self, nets, x, labels, ids, progress):
        weak = nets['net1'](x['weak'])
        with torch.no_grad():
            teacher = nets[self.teacher](x['weak2'][LABELED:])
        return dict(net1=F.cross_entropy(weak[:LABELED], labels) + self.consistency(weak[LABELED:], teacher, progress))

    teacher = 'net1'


class PiModel(TwoDraws):
    def consistency(self, student, teacher, progress):
        return 10 * min(progress / 0.4, 1) * mse(student, teacher)


class MeanTeacher(TwoDraws):
    teacher = 'ema'

    def consistency(self, student, teacher, progress):
        return 50 * math.exp(-5 * (1 - min(progress / 0.4, 1)) ** 2) * mse(student, teacher)


class PseudoLabel(TwoDraws):
    def consistency(self, student, teacher, progress):
        p = teacher.softmax(1)
        return min(progress / 0.4, 1) * pseudo_label_loss(student, p, [float(q > 0.95) for q, _ in sure(p)])


class VAT:
    """All passes normalise the whole batch, and on moved images they leave the statistics as they were."""

    views = ('weak',)
    eps, xi = 6.0, 1e-3

    def losses(self, nets, x, labels, ids, progress):
        net, x = nets['net1'], x['weak']
        logits = net(x)
        noise = [step_normal(0, progress, x[rows].shape, f'adversarial {kind}') for kind, rows in KINDS.items()]
        d = (self.xi * unit(torch.cat(noise))).requires_grad_()
        divergence = self.divergences(logits, still(net.func, x + d)).sum()
        (g,) = torch.autograd.grad(divergence, d)
        moved = still(net.func, x + self.eps * unit(g))
        p = logits[LABELED:].softmax(1)
        return dict(
            net1=F.cross_entropy(logits[:LABELED], labels)
            + min(progress / 0.4, 1) * self.divergences(logits, moved)[LABELED:].sum() / UNLABELED
            - 0.06 * (p * p.log()).sum() / UNLABELED
        )

    def divergences(self, logits, moved):
        q = logits.detach().softmax(1)
        return (q * (q.log() - moved.softmax(1).log())).sum(1)


KINDS = dict(labeled=slice(LABELED), unlabeled=slice(LABELED, None))


def unit(d):
    return d / d.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def still(net, x):
    """The logits, computed with copies of the buffers."""
    state = {**dict(net.named_parameters()), **{name: value.clone() for name, value in net.named_buffers()}}
    return torch.func.functional_call(net, state, (x,), dict(mode='tensor'))


class MixMatch:
    """Images of all views mixed in one batch, with labels that passes which leave the statistics alone have guessed."""

    views, alpha = ('weak', 'weak2'), 0.5

    def losses(self, nets, x, labels, ids, progress):
        q = torch.stack([still(nets['net1'].func, x[view][LABELED:]).softmax(1) for view in self.views]).mean(0)
        sizes, mixed, wanted = self.mix(x, labels, self.sharpened(q), progress)
        labeled, guessed = nets['net1'](mixed).split(sizes)
        loss = -(wanted[:LABELED] * labeled.log_softmax(1)).sum() / LABELED
        distance = (guessed.softmax(1) - wanted[LABELED:]).square().sum() / guessed.numel()
        return dict(net1=loss + 100 * min(progress / 0.4, 1) * distance)

    def sharpened(self, q):
        return (q**2 / (q**2).sum(1, keepdim=True)).detach()

    def mix(self, x, labels, q, progress):
        images = torch.cat([x['weak'][:LABELED], *(x[view][LABELED:] for view in self.views)])
        wanted = torch.cat([F.one_hot(labels, CLASSES).double(), *[q] * len(self.views)])
        drawn = step_beta(0, progress, self.alpha, (), 'mixed share')
        share = float(max(drawn, 1 - drawn))
        partners = step_uniform(0, progress, (len(images),), 'mixed partners').argsort().tolist()
        sizes = LABELED, len(images) - LABELED
        return sizes, *(
            share * part + (1 - share) * torch.stack([part[i] for i in partners]) for part in (images, wanted)
        )


class ReMixMatch(MixMatch):
    """The same with aligned labels, strong views, one of them once more as it is, and turned."""

    views, alpha = ('weak', 'strong', 'strong2'), 0.75
    mean = None

    def prepare(self, graph):
        self.tell = copy.deepcopy(graph.edges['net1->net1:rotation'].losses[0].classifier)
        return list(self.tell.parameters())

    def losses(self, nets, x, labels, ids, progress):
        net, seen = nets['net1'], {}
        strong = net(x['strong'][LABELED:])
        with torch.no_grad():
            p = net(x['weak'][LABELED:]).softmax(1)
        self.mean = p.mean(0) if self.mean is None else 0.999 * self.mean + 0.001 * p.mean(0)
        aligned = p / CLASSES / self.mean
        q = self.sharpened(aligned / aligned.sum(1, keepdim=True))
        turns = (4 * step_uniform(0, progress, (UNLABELED,), 'turned unlabeled')).floor().int().tolist()
        turned = [image.rot90(turn, (1, 2)) for image, turn in zip(x['strong'][LABELED:], turns, strict=True)]
        hook = net.func.head.fc.register_forward_pre_hook(lambda _, args: seen.update(embedding=args[0]))
        still(net.func, torch.stack(turned))
        hook.remove()
        rotation = F.cross_entropy(self.tell(seen['embedding']), torch.tensor(turns))
        sizes, mixed, wanted = self.mix(x, labels, q, progress)
        labeled, guessed = net(mixed).split(sizes)
        loss = -(wanted[:LABELED] * labeled.log_softmax(1)).sum() / LABELED
        mixed_loss = -(wanted[LABELED:] * guessed.log_softmax(1)).sum() / sizes[1]
        plain_loss = (q * (q.log() - strong.log_softmax(1))).sum() / UNLABELED  # less the entropy of q
        ramp = min(progress * 64, 1)
        return dict(net1=loss + 1.5 * ramp * mixed_loss + 0.5 * ramp * plain_loss + 0.5 * rotation)


class DualStudent:
    views = ('weak', 'weak2')

    def pairs(self, names, progress):
        return [('net1', 'net2')]

    def losses(self, nets, x, labels, ids, progress):
        weak = {name: net(x['weak']) for name, net in nets.items()}
        weak2 = {name: net(x['weak2']).detach() for name, net in nets.items()}
        ramp = math.exp(-5 * (1 - min(progress / 0.0167, 1)) ** 2)
        losses = {
            name: 0.5 * F.cross_entropy(weak[name][:LABELED], labels) + 10 * ramp * mse(weak[name], weak2[name])
            for name in nets
        }
        for pair in self.pairs(list(nets), progress):
            for own, other in (pair, pair[::-1]):
                terms = []
                for i in range(LABELED, LABELED + UNLABELED):
                    stable, distance = {}, {}
                    for name in pair:
                        p, q = weak[name][i].detach().softmax(0), weak2[name][i].softmax(0)
                        stable[name] = int(p.argmax()) == int(q.argmax()) and max(float(p.max()), float(q.max())) > 0.8
                        distance[name] = float((p - q).square().sum())
                    teaches = stable[other] and (not stable[own] or distance[own] > distance[other])
                    terms.append(mse(weak[own][i : i + 1], weak[other][i : i + 1]) if teaches else 0.0)
                losses[own] = losses[own] + 50 * sum(terms) / UNLABELED
        return losses


class MultipleStudent(DualStudent):
    def pairs(self, names, progress):
        place = step_permutation(0, progress, (len(names),), 'StabilityGate').tolist()
        drawn = [names[place.index(i)] for i in range(len(names))]
        return list(zip(drawn[::2], drawn[1::2], strict=True))


METHODS = dict(
    semi_supervised=Supervised,
    pi_model=PiModel,
    mean_teacher=MeanTeacher,
    pseudo_label=PseudoLabel,
    fixmatch=Fix,
    flexmatch=FlexMatch,
    freematch=FreeMatch,
    softmatch=SoftMatch,
    dash=Dash,
    adamatch=AdaMatch,
    uda=UDA,
    simmatch=SimMatch,
    comatch=CoMatch,
    crmatch=CRMatch,
    mixmatch=MixMatch,
    remixmatch=ReMixMatch,
    vat=VAT,
    dual_student=DualStudent,
    multiple_student=MultipleStudent,
)
CHANGES = dict(
    # Four steps must move the thresholds far enough to keep something out.
    freematch={
        'model.edges.net1->net1.gate.momentum': 0.3,
        'model.edges.net1->net1:fairness.loss.momentum': 0.3,
        'model.edges.net1->net1:fairness.weight': 0.5,
    },
    softmatch={'model.edges.net1->net1.gate.momentum': 0.3},
    flexmatch={'model.edges.net1->net1.gate.num_samples': IMAGES},
    dash={'model.edges.net1->net1.gate.warm_up': 0.3},
    simmatch={
        'model.edges.net1->net1.loss.num_labels': LABELED_IMAGES,
        'model.edges.net1->net1.loss.threshold': 0.4,
        'model.edges.net1->net1.loss.warm_up': 0.25,
        'model.edges.net1->net1.align.length': 2,
    },
    crmatch={'model.edges.net1->net1.loss.1.size': 4},
    comatch={
        'model.edges.net1->net1.loss.queue_size': 20,
        'model.edges.net1->net1.loss.threshold': 0.4,
        'model.edges.net1->net1.loss.contrast_threshold': 0.3,
        'model.edges.net1->net1.loss.warm_up': 0.25,
        'model.edges.net1->net1.align.length': 2,
    },
)


def make_graph(toys, name, order=1):
    config = Config.fromfile(GRAPHS / f'{name}.py')
    config.merge_from_dict(CHANGES.get(name, {}))
    model = config.model.to_dict()
    nodes = {node: toys.node() for node in model['nodes']}
    arguments = {key: value for key, value in model.items() if key not in ('type', 'nodes', 'edges', 'target')}
    graph = toys.build(nodes, dict(list(model['edges'].items())[::order]), model['target'], **arguments)
    with torch.no_grad():
        for name in graph.trained_nodes:
            graph.nodes[name].network.head.fc.weight.mul_(4)  # sure of some samples, not of all
    for average in graph.averages:
        average.copy()
    return graph


@pytest.mark.parametrize('name', METHODS)
def test_step(toys, name):
    graph = make_graph(toys, name)
    nets = {node: copy.deepcopy(graph.nodes[node].network).train() for node in graph.nodes}
    students = {node: net for node, net in nets.items() if node != 'ema'}
    wrapper, method = toys.sgd(graph, **OPTIMIZER), METHODS[name]()
    own = method.prepare(graph) if hasattr(method, 'prepare') else []
    parameters = [*(p for net in students.values() for p in net.parameters()), *own]
    optimizer = torch.optim.SGD(parameters, **OPTIMIZER)
    seen = nets if name == 'mean_teacher' else students
    unsupervised, weights = [], {}
    for step in range(STEPS):
        data, labels, ids = batch(step, method.views)
        graph.progress = (step + 1) / STEPS
        method.numbers = [sample.sample_idx for sample in data['data_samples'][:LABELED]]
        log = graph.train_step(data, wrapper)
        losses = method.losses(
            {n: functools.partial(net, mode='tensor') for n, net in seen.items()},
            data['inputs'],
            labels,
            ids,
            graph.progress,
        )
        total = sum(losses.values())
        torch.testing.assert_close(log['loss'], total.detach(), rtol=1e-6, atol=1e-9)
        for key, edge in graph.edges.items():
            if edge.gate.adaptive or isinstance(edge.gate, ThresholdGate):
                weights.setdefault(key, []).append(float(log[f'gate/{key}']))
        supervised = [k for k, edge in graph.edges.items() if 'label->' in k and edge.samples == 'labeled']
        unsupervised.append(float(total.detach()) - sum(float(log[f'edge/{k}']) for k in supervised))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if 'ema' in nets:
            new = nets['net1'].state_dict()
            for key, value in nets['ema'].state_dict().items():
                value.copy_(0.999 * value + 0.001 * new[key] if value.is_floating_point() else new[key])
    for node, net in nets.items():
        torch.testing.assert_close(graph.nodes[node].network.state_dict(), net.state_dict(), rtol=1e-6, atol=1e-9)
    learned = [p for edge in graph.edges.values() for p in edge.parameters()]
    torch.testing.assert_close(learned, own, rtol=1e-6, atol=1e-9)
    # What is compared is there: the unlabelled samples have taught something, and a gate has kept something out.
    assert all(0 < max(part) and min(part) < 1 for part in weights.values())
    assert name == 'semi_supervised' or any(abs(value) > 1e-6 for value in unsupervised)


@pytest.mark.parametrize('name', METHODS)
def test_hidden_labels_change_nothing(toys, name):
    """Were the unlabelled samples' true classes in the batch after all, nothing would read them."""
    states = []
    for hidden in (-1, 3):
        graph = make_graph(toys, name)
        wrapper = toys.sgd(graph, **OPTIMIZER)
        for step in range(2):
            data, _, _ = batch(step, METHODS[name].views)
            data = graph.data_preprocessor(data, training=True)
            rows = dict(rows=rows_of(data))
            for sample in data['data_samples'][LABELED:]:
                sample.set_gt_label(hidden)
            graph.progress = 0.5 * (step + 1)
            values = graph(**{**data, **rows}, mode='loss')
            wrapper.update_params(torch.stack([value.loss for value in values.values()]).sum())
        states.append(graph.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


@pytest.mark.parametrize('name', METHODS)
def test_the_order_of_the_edges_does_not_matter(toys, name):
    states, begun = [], None
    for order in (1, -1):
        graph = make_graph(toys, name, order)
        begun = begun or copy.deepcopy(graph.edges.state_dict())
        graph.edges.load_state_dict(begun)  # what edges learn begins at random, one after the other
        wrapper = toys.sgd(graph, **OPTIMIZER)
        for step in range(2):
            graph.progress = 0.5 * (step + 1)
            graph.train_step(batch(step, METHODS[name].views)[0], wrapper)
        states.append({key: value for key, value in graph.state_dict().items() if key.startswith('nodes.')})
    torch.testing.assert_close(*states, rtol=1e-9, atol=1e-12)


def rows_of(data):
    return SampleRows.of(torch.cat([sample.gt_label for sample in data['data_samples']]))
