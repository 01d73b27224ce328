package dev.cofferdam.audit.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every proof of every tree of up to 200 leaves, against RFC 6962's recursive definitions. */
class ProofsAgainstDefinitionTest {
  private static final int SIZE_MAX = 200;
  private static final long SEED = 6962;

  private static final MemoryLog LOG = new MemoryLog();
  private static final TreeHash[] ROOTS = new TreeHash[SIZE_MAX + 1];

  @BeforeAll
  static void fill() {
    SplittableRandom random = new SplittableRandom(SEED);
    ROOTS[0] = TreeHash.EMPTY;
    for (int size = 1; size <= SIZE_MAX; size++) {
      byte[] leaf = new byte[random.nextInt(40)];
      random.nextBytes(leaf);
      LOG.add(leaf);
      ROOTS[size] = mth(0, size);
      assertThat(LOG.frontier().root()).as("frontier of %d", size).isEqualTo(ROOTS[size]);
    }
  }

  /** MTH(D[from:to]), word for word. */
  private static TreeHash mth(int from, int to) {
    if (to - from == 1) {
      return TreeHash.leaf(LOG.leaves().get(from));
    }
    int k = split(to - from);
    return TreeHash.node(mth(from, from + k), mth(from + k, to));
  }

  private static int split(int n) {
    int k = 1;
    while (2 * k < n) {
      k *= 2;
    }
    return k;
  }

  /** PATH(m, D[from:to]), word for word. */
  private static List<TreeHash> path(int m, int from, int to) {
    if (to - from == 1) {
      return new ArrayList<>();
    }
    int k = split(to - from);
    List<TreeHash> path;
    if (m < k) {
      path = path(m, from, from + k);
      path.add(mth(from + k, to));
    } else {
      path = path(m - k, from + k, to);
      path.add(mth(from, from + k));
    }
    return path;
  }

  /** SUBPROOF(m, D[from:to], b), word for word. */
  private static List<TreeHash> subproof(int m, int from, int to, boolean b) {
    int n = to - from;
    if (m == n) {
      List<TreeHash> end = new ArrayList<>();
      if (!b) {
        end.add(mth(from, to));
      }
      return end;
    }
    int k = split(n);
    List<TreeHash> proof;
    if (m <= k) {
      proof = subproof(m, from, from + k, b);
      proof.add(mth(from + k, to));
    } else {
      proof = subproof(m - k, from + k, to, false);
      proof.add(mth(from, from + k));
    }
    return proof;
  }

  @Test
  void everyRootIsThatOfTheDefinition() {
    for (int size = 0; size <= SIZE_MAX; size++) {
      assertThat(Proofs.root(size, LOG)).isEqualTo(ROOTS[size]);
      assertThat(Frontier.load(size, LOG).root()).isEqualTo(ROOTS[size]);
    }
  }

  @Test
  void everyInclusionProofIsThatOfTheDefinitionAndHolds() {
    for (int size = 1; size <= SIZE_MAX; size++) {
      for (int index = 0; index < size; index++) {
        List<TreeHash> path = Proofs.inclusion(index, size, LOG);
        assertThat(path).isEqualTo(path(index, 0, size));
        TreeHash leaf = TreeHash.leaf(LOG.leaves().get(index));
        assertThat(ProofCheck.inclusion(leaf, index, size, path, ROOTS[size])).isTrue();
      }
    }
  }

  @Test
  void everyConsistencyProofIsThatOfTheDefinitionAndHolds() {
    for (int second = 1; second <= SIZE_MAX; second++) {
      for (int first = 1; first <= second; first++) {
        List<TreeHash> path = Proofs.consistency(first, second, LOG);
        assertThat(path).isEqualTo(subproof(first, 0, second, true));
        assertThat(ProofCheck.consistency(first, ROOTS[first], second, ROOTS[second], path))
            .isTrue();
      }
    }
  }

  @Test
  void anInclusionProofHoldsForNoOtherLeafIndexSizeOrRoot() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int size = 2; size <= SIZE_MAX; size++) {
      int index = random.nextInt(size);
      List<TreeHash> path = Proofs.inclusion(index, size, LOG);
      TreeHash leaf = TreeHash.leaf(LOG.leaves().get(index));
      int other = (index + 1 + random.nextInt(size - 1)) % size;
      TreeHash otherLeaf = TreeHash.leaf(LOG.leaves().get(other));
      assertThat(ProofCheck.inclusion(otherLeaf, index, size, path, ROOTS[size])).isFalse();
      assertThat(ProofCheck.inclusion(leaf, other, size, path, ROOTS[size])).isFalse();
      assertThat(ProofCheck.inclusion(leaf, index, size, path, ROOTS[size - 1])).isFalse();
      assertThat(
              ProofCheck.inclusion(
                  leaf, index, size, path.subList(0, path.size() - 1), ROOTS[size]))
          .isFalse();
      List<TreeHash> longer = new ArrayList<>(path);
      longer.add(leaf);
      assertThat(ProofCheck.inclusion(leaf, index, size, longer, ROOTS[size])).isFalse();
    }
  }

  @Test
  void aConsistencyProofHoldsForNoOtherTree() {
    for (int second = 2; second <= SIZE_MAX; second++) {
      for (int first = 1; first < second; first += 7) {
        List<TreeHash> path = Proofs.consistency(first, second, LOG);
        TreeHash wrong = TreeHash.leaf(new byte[] {(byte) first});
        assertThat(ProofCheck.consistency(first, wrong, second, ROOTS[second], path)).isFalse();
        assertThat(ProofCheck.consistency(first, ROOTS[first], second, wrong, path)).isFalse();
        assertThat(
                ProofCheck.consistency(
                    first, ROOTS[first], second, ROOTS[second], path.subList(1, path.size())))
            .isFalse();
      }
    }
  }
}
