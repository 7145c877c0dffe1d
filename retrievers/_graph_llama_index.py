"""The parts of LlamaIndex's property graph that are ours; imported only where it is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.graph_stores.types import (
    KG_NODES_KEY,
    KG_RELATIONS_KEY,
    TRIPLET_SOURCE_KEY,
    EntityNode,
    LabelledNode,
    Relation,
    Triplet,
)
from llama_index.core.indices.property_graph import VectorContextRetriever
from llama_index.core.schema import (
    BaseNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)

from crossover.retrievers._entities import mentions


class Name(EntityNode):
    """A name: what is embedded is the name alone, without the entity's bookkeeping."""

    def __str__(self) -> str:
        return self.name


class NameExtractor(TransformComponent):
    """Names of each passage, by rule: where they occur, and which follow one another there."""

    common: int

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Add names and relations to the nodes' metadata, where the index looks for them."""
        found = mentions([node.get_content(MetadataMode.NONE) for node in nodes], terms=False)
        held = Counter(name for names in found for name in names)
        for node, names in zip(nodes, found, strict=True):
            kept = [name for name in names if held[name] <= self.common]
            node.metadata[KG_NODES_KEY] = [Name(name=name) for name in kept]
            node.metadata[KG_RELATIONS_KEY] = [
                *(Relation(label="IN", source_id=name, target_id=node.node_id) for name in kept),
                *(
                    Relation(label="NEAR", source_id=one, target_id=other)
                    for one, other in pairwise(kept)
                ),
            ]
        return nodes


class OrderedStore(SimplePropertyGraphStore):
    """LlamaIndex's store in memory, without looking at everything for each question.

    LlamaIndex keeps triplets in a set, so that their order, and with a limit the result, changes
    from process to process: here they come in the order in which they were found.
    """

    def get(
        self, properties: dict[str, Any] | None = None, ids: list[str] | None = None
    ) -> list[LabelledNode]:
        """Return nodes, those asked for by id in the order of the ids."""
        if properties or not ids:
            return super().get(properties, ids)
        return [self.graph.nodes[key] for key in ids if key in self.graph.nodes]

    def get_rel_map(
        self,
        graph_nodes: list[LabelledNode],
        depth: int = 2,
        limit: int = 30,
        ignore_rels: list[str] | None = None,
    ) -> list[Triplet]:
        """Return the triplets within ``depth`` steps of these nodes, nearest first."""
        found: dict[int, Triplet] = {}
        keys = [node.id for node in graph_nodes]
        for _ in range(depth):
            fresh = {id(triplet): triplet for key in keys for triplet in self._around.get(key, ())}
            found |= fresh
            keys = [other.id for _, _, other in fresh.values()]
        ignored = ignore_rels or ()
        return [triplet for triplet in found.values() if triplet[1].id not in ignored][:limit]

    @cached_property
    def _around(self) -> dict[str, list[Triplet]]:
        """The triplets of each node; asked for when the graph is complete."""
        around: defaultdict[str, list[Triplet]] = defaultdict(list)
        nodes = self.graph.nodes
        for relation in self.graph.relations.values():
            triplet = nodes[relation.source_id], relation, nodes[relation.target_id]
            for key in {relation.source_id, relation.target_id}:
                around[key].append(triplet)
        return dict(around)


class PassageRetriever(VectorContextRetriever):
    """Finds the passages that state the relations around the names nearest to the question.

    LlamaIndex credits a relation to the passage that its first name was last seen in.
    """

    def _get_nodes_with_score(
        self, triplets: list[Triplet], scores: list[float] | None = None
    ) -> list[NodeWithScore]:
        found = []
        for (one, relation, other), score in zip(
            triplets, scores or [1.0] * len(triplets), strict=True
        ):
            source = RelatedNodeInfo(node_id=relation.properties[TRIPLET_SOURCE_KEY])
            node = TextNode(
                text=f"{one.id} -> {relation.id} -> {other.id}",
                relationships={NodeRelationship.SOURCE: source},
            )
            found.append(NodeWithScore(node=node, score=score))
        return found
