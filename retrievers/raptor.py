"""RAPTOR: a tree of summaries over clusters of passages, searched all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Interval

from crossover import meter
from crossover.errors import DamagedIndex, MissingExtra
from crossover.retrievers._passages import Passages
from crossover.retrievers._tree_clusters import Clustering
from crossover.retrievers.dense import Dense
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.tokens import count_tokens
from crossover.types import Document, Passage, Request, Usage

if TYPE_CHECKING:
    import numpy as np

SUMMARISE = "Summarise the passages together, with as many of their key details as fit."
ENCODING = "cl100k_base"
VECTORS = "vectors.npy"
BATCH = 16


@dataclass(frozen=True, slots=True)
class Raptor(Retriever):
    """RAPTOR (Sarthi et al. 2024, arXiv 2401.18059), searched as a collapsed tree.

    The passages' embeddings (MiniLM) are clustered softly, the model summarises each cluster, and
    so on with the summaries, up to ``layers`` times. A search ranks passages and summaries
    together and shows at most ``max_tokens`` of them. Defaults are the published ones, but the
    dimensions are reduced by PCA, where the paper takes UMAP (without a seed, so that its tree
    differs from run to run), and passages are what the strategy's chunker cuts (published:
    `tokens(size=100)`, ended at sentences; k=10). With no more than ``dimensions`` + 1 passages
    there is no tree, only they. A summary's span is empty: it stands where its first passage does.
    """

    layers: Annotated[int, Ge(0)] = field(default=5, metadata={"help": "layers of summaries"})
    summary_tokens: Annotated[int, Ge(1)] = field(
        default=100, metadata={"help": "longest summary, in tokens"}
    )
    cluster_tokens: Annotated[int, Ge(1)] = field(
        default=3500, metadata={"help": "a cluster with more tokens is clustered again"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=3500, metadata={"help": "tokens shown; the best one is shown anyway"}
    )
    dimensions: Annotated[int, Ge(1)] = field(
        default=10, metadata={"help": "dimensions that embeddings are reduced to"}
    )
    components: Annotated[int, Ge(1)] = field(
        default=50, metadata={"help": "clusters tried at most, chosen by BIC"}
    )
    threshold: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.1, metadata={"help": "probability from which a passage belongs to a cluster"}
    )
    seed: int = field(default=224, metadata={"help": "seed of the clustering"})
    version: ClassVar[int] = 1

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Embed, cluster and summarise, layer by layer; the model's calls are billed."""
        try:
            import sklearn  # noqa: F401
        except ImportError:
            raise MissingExtra("scikit-learn", "rag", "raptor") from None
        import numpy as np

        order = {document.id: at for at, document in enumerate(documents)}
        layer = [passage for document in documents for passage in chunker.chunk(document)]
        nodes, vectors = list(layer), [_embedded(layer)]
        for _ in range(self.layers):
            if len(layer) <= self.dimensions + 1:
                break
            layer = self._summaries(layer, vectors[-1], order, model)
            if not layer:
                break
            nodes += layer
            vectors.append(_embedded(layer))
        places = np.array([(order[p.document], p.start, p.end) for p in nodes], dtype="int64")
        written = {at: p.text for at, p in enumerate(nodes) if p.start == p.end}
        passages = Passages(documents, places.reshape(-1, 3), written)
        return RaptorIndex(passages, np.concatenate(vectors), self.max_tokens)

    def load(
        self, folder: Path, documents: Sequence[Document], chunker: Chunker, model: Model
    ) -> Index:
        """Open the index that was saved in a folder: no summary is written again."""
        import numpy as np

        nodes = Passages.load(folder, documents)
        try:
            vectors = np.load(folder / VECTORS, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DamagedIndex(f"the vectors in {folder} cannot be read: {error}") from None
        if vectors.ndim != 2 or len(vectors) != len(nodes):
            raise DamagedIndex(f"{len(vectors)} vectors stand for {len(nodes)} passages")
        return RaptorIndex(nodes, vectors, self.max_tokens)

    def fingerprint(self) -> str:
        """What indexes depend on beside the options and the model."""
        return Dense().fingerprint()

    def _summaries(
        self,
        layer: Sequence[Passage],
        vectors: np.ndarray[Any, Any],
        order: dict[str, int],
        model: Model,
    ) -> list[Passage]:
        """One summary per cluster, those that the model leaves empty dropped."""
        clustering = Clustering(self.dimensions, self.components, self.threshold, self.seed)
        tokens = [count_tokens(passage.text, ENCODING) for passage in layer]
        clusters = [
            sorted((layer[at] for at in members), key=lambda p: (order[p.document], p.start))
            for members in clustering.within(vectors, tokens, self.cluster_tokens)
        ]
        replies = []
        for done in range(0, len(clusters), BATCH):
            meter.working("summaries written", done, len(clusters))
            replies += model.complete_many(
                [self._request(c) for c in clusters[done : done + BATCH]]
            )
        return [
            Passage(cluster[0].document, cluster[0].start, cluster[0].start, reply.text)
            for cluster, reply in zip(clusters, replies, strict=True)
            if reply.text.strip()
        ]

    def _request(self, cluster: Sequence[Passage]) -> Request:
        return Request(
            SUMMARISE, passages=tuple(cluster), wants="summary", max_tokens=self.summary_tokens
        )


def _embedded(passages: Sequence[Passage]) -> np.ndarray[Any, Any]:
    import numpy as np

    if not passages:
        return np.zeros((0, 0), dtype="float32")
    vectors, tokens = Dense().embed([passage.text for passage in passages], "passages embedded")
    meter.current().charge(Usage(input_tokens=tokens))
    return vectors


class RaptorIndex(Index):
    """Passages, then the summaries layer by layer, and the vectors of all."""

    def __init__(self, nodes: Passages, vectors: np.ndarray[Any, Any], max_tokens: int) -> None:
        self.nodes, self.vectors, self.max_tokens = nodes, vectors, max_tokens

    def size(self) -> int:
        """Bytes of the vectors and of the summaries' texts."""
        written = self.nodes.written.values()
        return int(self.vectors.nbytes) + sum(len(text.encode()) for text in written)

    def save(self, folder: Path) -> None:
        """Write the tree into a folder."""
        import numpy as np

        self.nodes.save(folder)
        np.save(folder / VECTORS, self.vectors, allow_pickle=False)

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages and summaries nearest to the question, within the tokens."""
        import numpy as np

        if not len(self.nodes):
            return []
        question = Dense().embed([query], "question embedded")[0][0]
        # products of floats differ in their last bits between processors
        scores = (self.vectors @ question).round(6)
        found: list[Passage] = []
        room = self.max_tokens
        for at in np.lexsort((np.arange(len(scores)), -scores))[:k].tolist():
            node = self.nodes[at]
            room -= count_tokens(node.text, ENCODING)
            if found and room < 0:
                break
            found.append(replace(node, score=float(scores[at])))
        return found
