"""blocks -> the words around each: of its neighbours in reading order, and of the containers that it stands in."""

from collections.abc import Iterator, Sequence

from .blocks import Block

READ = 200  # characters of a neighbour that are read
REACH = ((1, 12), (2, 8), (8, 4))  # up to a distance: how many words are taken of a neighbour
LEVELS = 3  # containers around a block
CONTAINER_BLOCKS, CONTAINER_WORDS = 12, 5  # of a container: blocks that are read, and words of each
HEAD_WORDS = 8  # of a container's first block
LARGE = 60  # blocks of a container around which none is read


def near(openings: Sequence[Sequence[str]]) -> Iterator[str]:
    """For each block the first words of its neighbours, marked with their side and how far they are off."""
    for i in range(len(openings)):
        tokens: list[str] = []
        nearest = 1
        for farthest, count in REACH:
            before = openings[max(0, i - farthest) : max(0, i - nearest + 1)]
            behind = openings[i + nearest : i + farthest + 1]
            for side, some in (("-", before), ("+", behind)):
                tokens += [f"{side}{farthest}:{word}" for opening in some for word in opening[:count]]
            nearest = farthest + 1
        yield " ".join(tokens)


def within(blocks: Sequence[Block], openings: Sequence[Sequence[str]]) -> Iterator[str]:
    """For each block of an HTML page the first words of the others in its containers, and of each container's head.

    Containers are taken from the inside out, each at least twice as large as the one before. Empty for text pages.
    """
    paths = [ancestor_paths(block.path) for block in blocks]
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for i, around in enumerate(paths):
        for path in around:
            first.setdefault(path, i)
            last[path] = i
    for i, around in enumerate(paths):
        tokens: dict[str, None] = {}
        level, size = 0, 1
        for path in around:
            begin, inside = first[path], last[path] - first[path] + 1
            if inside < 2 * size:
                continue
            level, size = level + 1, inside
            for other in range(begin, min(begin + CONTAINER_BLOCKS, last[path] + 1)):
                if other != i:
                    tokens.update(dict.fromkeys(f"{level}:{word}" for word in openings[other][:CONTAINER_WORDS]))
            if begin != i:
                tokens.update(dict.fromkeys(f"{level}^{word}" for word in openings[begin][:HEAD_WORDS]))
            if level == LEVELS or size > LARGE:
                break
        yield " ".join(tokens)


def ancestor_paths(path: str) -> list[str]:
    """The XPaths of the elements around a text node, the innermost first; none for a text page."""
    steps = path.split("/")
    return ["/".join(steps[:end]) for end in range(len(steps) - 1, 1, -1)]
