"""Tables of published and measured numbers, out of the configs' metafiles."""


def tables() -> str:
    """Markdown."""
    return ''
