package dev.cofferdam.audit.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A tree of which only the entries of tiles are kept, beside one of which every node is. */
class TileNodesTest {
  private static final int SIZE = 70_000;

  private static final Map<NodeId, TreeHash> ALL = new HashMap<>();
  private static final Map<NodeId, TreeHash> ENTRIES = new HashMap<>();
  private static final NodeSource EVERY = asked -> found(ALL, asked);
  private static final TileNodes TILES = new TileNodes(asked -> found(ENTRIES, asked));
  private static final Frontier TREE = Frontier.empty();

  @BeforeAll
  static void fill() {
    for (int i = 0; i < SIZE; i++) {
      TreeHash leaf = TreeHash.leaf(ByteBuffer.allocate(4).putInt(i).array());
      ALL.put(new NodeId(0, i), leaf);
      TREE.append(leaf, ALL::put);
    }
    ALL.forEach(
        (node, hash) -> {
          if (TileNodes.isEntry(node)) {
            ENTRIES.put(node, hash);
          }
        });
  }

  private static Map<NodeId, TreeHash> found(Map<NodeId, TreeHash> kept, Set<NodeId> asked) {
    Map<NodeId, TreeHash> found = new HashMap<>();
    asked.forEach(node -> kept.computeIfPresent(node, (id, hash) -> keep(found, id, hash)));
    return found;
  }

  private static TreeHash keep(Map<NodeId, TreeHash> found, NodeId node, TreeHash hash) {
    found.put(node, hash);
    return hash;
  }

  @Test
  void leavesAndTheRootsOfFullTilesAreAllThatIsKept() {
    assertThat(ENTRIES).hasSize(SIZE + SIZE / 256 + SIZE / 65_536);
  }

  @Test
  void proofsAreThoseOfTheWholeTree() {
    SplittableRandom random = new SplittableRandom(256);
    for (int i = 0; i < 300; i++) {
      int size = 1 + random.nextInt(SIZE);
      int index = random.nextInt(size);
      assertThat(Proofs.inclusion(index, size, TILES))
          .isEqualTo(Proofs.inclusion(index, size, EVERY));
      assertThat(Proofs.consistency(index, size, TILES))
          .isEqualTo(Proofs.consistency(index, size, EVERY));
    }
    assertThat(Frontier.load(SIZE, TILES).root()).isEqualTo(TREE.root());
  }

  @Test
  void aProofReadsTheOtherEntriesOfOneTileForEachLevel() {
    int[] reads = {0};
    TileNodes counted =
        new TileNodes(
            asked -> {
              reads[0] += asked.size();
              return found(ENTRIES, asked);
            });
    Proofs.inclusion(300, SIZE, counted);
    // 255 leaves of the tile, 255 roots of tiles; then the 17 tiles of the second 65,536 and the
    // last, unfinished tile of 112 leaves on the right.
    assertThat(reads[0]).isEqualTo(255 + 255 + 17 + 112);
  }

  @Test
  void aMissingEntryLeavesANodeMissing() {
    TileNodes torn =
        new TileNodes(
            asked -> {
              Map<NodeId, TreeHash> found = found(ENTRIES, asked);
              found.remove(new NodeId(0, 77));
              return found;
            });
    assertThat(torn.read(Set.of(new NodeId(7, 0)))).isEmpty();
    assertThatThrownBy(() -> Proofs.inclusion(3, SIZE, torn))
        .isInstanceOf(IllegalStateException.class);
    assertThat(Proofs.inclusion(77, SIZE, torn)).isEqualTo(Proofs.inclusion(77, SIZE, EVERY));
  }

  @Test
  void theRootOfHashesIsThatOfTheirTree() {
    assertThat(TileNodes.root(List.of(leaf(0), leaf(1), leaf(2), leaf(3))))
        .isEqualTo(ALL.get(new NodeId(2, 0)));
  }

  private static TreeHash leaf(long index) {
    return ALL.getOrDefault(new NodeId(0, index), TreeHash.EMPTY);
  }
}
