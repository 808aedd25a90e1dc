"""Links of the README, the documentation and the configs' READMEs: files and headings that they lead to are there."""

import re
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    path
    for pattern in ('*.md', 'docs/**/*.md', 'configs/*/README.md', '.github/**/*.md')
    for path in sorted(REPOSITORY.glob(pattern))
    if not {'_build', 'reference'} & set(path.parts)
]


def prose(path: Path) -> str:
    """A page without its code."""
    text = re.sub(r'^(`{3,}).*?^\1`*$', '', path.read_text(), flags=re.M | re.S)
    return re.sub(r'(`+)(?!`).*?(?<!`)\1(?!`)', 'code', text)


def links(path: Path) -> list[str]:
    """All that a page leads to."""
    return re.findall(r'\]\(([^()\s]+(?:\([^()]*\))?)\)', prose(path))


def anchors(path: Path) -> set[str]:
    """What GitHub and MyST call the headings of a page."""
    text = re.sub(r'^(`{3,}).*?^\1`*$', '', path.read_text(), flags=re.M | re.S)
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r'^#{1,3} +(.+?) *$', text, flags=re.M):
        name = re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
        found.add(f'{name}-{seen[name]}' if seen[name] else name)
        seen[name] += 1
    return found


@pytest.mark.parametrize('page', PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_inside(page: Path) -> None:
    broken = []
    for link in links(page):
        name, _, anchor = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        if re.match(r'[a-z]+:', link):
            continue
        inside = target.is_relative_to(REPOSITORY.resolve()) and target.exists()
        if not inside or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_links_elsewhere_are_addresses() -> None:
    """Whether they answer, ``sphinx-build -b linkcheck`` looks, where there is a network."""
    elsewhere = {link for page in PAGES for link in links(page) if re.match(r'[a-z]+:', link)}
    assert len(elsewhere) > 20
    assert [link for link in elsewhere if not re.fullmatch(r'https://[\w.-]+\.[a-z]+(/[\w./#?=%~+-]*)?', link)] == []


def test_every_page_is_in_the_sites_contents() -> None:
    """A page that is in no table of contents is found by nobody; Sphinx refuses it, too."""
    contents = [(REPOSITORY / 'docs' / name).read_text() for name in ('index.md', 'reproduction.md')]
    entries = [entry for text in contents for entry in re.findall(r'^[\w/*-]+$', text, flags=re.M)]
    listed = {path for entry in entries for path in REPOSITORY.glob(f'docs/{entry}.md')}
    pages = {path for path in PAGES if 'docs' in path.relative_to(REPOSITORY).parts}
    assert pages - listed == {
        REPOSITORY / 'docs/index.md',
        REPOSITORY / 'docs/search.md',
    }  # which searching.md includes


def test_links_are_found(tmp_path: Path) -> None:
    """Else the tests above would say little."""
    page = tmp_path / 'page.md'
    page.write_text(
        '# A `code` heading, twice\n[a](b.md#c) ![d](e.svg)\n```\n[no](no.md)\n```\n`[no](no)`\n# A heading\n'
    )
    assert links(page) == ['b.md#c', 'e.svg']
    assert anchors(page) == {'a-code-heading-twice', 'a-heading'}
