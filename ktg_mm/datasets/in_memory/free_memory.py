"""How much memory is left."""

import re
from pathlib import Path

import torch

_MEMORY = Path('/proc/meminfo')


def free_memory(device: torch.device) -> int | None:
    """The bytes that a device has free; None where that is not known.

    Args:
        device: A GPU, or the CPU, of which Linux tells.

    Example:
        >>> free_memory(torch.device('meta')) is None
        True
    """
    if device.type == 'cuda':
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    if device.type != 'cpu' or not _MEMORY.exists():
        return None
    found = re.search(r'^MemAvailable: +(\d+) kB$', _MEMORY.read_text(encoding='utf-8'), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
