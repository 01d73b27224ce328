package dev.cofferdam.local.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class InclusionProofTest {
  /** Merkle tree hash by its recursive definition (RFC 6962, section 2.1). */
  private static byte[] tree(List<byte[]> leaves) throws Exception {
    if (leaves.size() == 1) {
      return InclusionProof.leafHash(leaves.get(0));
    }
    int split = Integer.highestOneBit(leaves.size() - 1);
    return node(tree(leaves.subList(0, split)), tree(leaves.subList(split, leaves.size())));
  }

  private static byte[] node(byte[] left, byte[] right) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update((byte) 1);
    digest.update(left);
    return digest.digest(right);
  }

  /** Audit path by its recursive definition (RFC 6962, section 2.1.1). */
  private static List<byte[]> path(int index, List<byte[]> leaves) throws Exception {
    List<byte[]> path = new ArrayList<>();
    if (leaves.size() == 1) {
      return path;
    }
    int split = Integer.highestOneBit(leaves.size() - 1);
    List<byte[]> left = leaves.subList(0, split);
    List<byte[]> right = leaves.subList(split, leaves.size());
    path.addAll(index < split ? path(index, left) : path(index - split, right));
    path.add(tree(index < split ? right : left));
    return path;
  }

  private static List<byte[]> leaves(int count) {
    List<byte[]> leaves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      leaves.add(("leaf " + i).getBytes(StandardCharsets.UTF_8));
    }
    return leaves;
  }

  @Test
  void everyLeafOfTreesOfAllSizesLeadsToTheRoot() throws Exception {
    for (int size = 1; size <= 33; size++) {
      List<byte[]> leaves = leaves(size);
      byte[] root = tree(leaves);
      for (int i = 0; i < size; i++) {
        assertThat(
                InclusionProof.root(
                    InclusionProof.leafHash(leaves.get(i)), i, size, path(i, leaves)))
            .isEqualTo(root);
      }
    }
  }

  @Test
  void anotherLeafOrPlaceLeadsElsewhere() throws Exception {
    List<byte[]> leaves = leaves(11);
    byte[] root = tree(leaves);
    List<byte[]> path = path(4, leaves);

    assertThat(InclusionProof.root(InclusionProof.leafHash(leaves.get(5)), 4, 11, path))
        .isNotEqualTo(root);
    assertThat(InclusionProof.root(InclusionProof.leafHash(leaves.get(4)), 5, 11, path))
        .isNotEqualTo(root);
  }

  @Test
  void aPathThatDoesNotFitIsRefused() throws Exception {
    List<byte[]> leaves = leaves(11);
    byte[] leaf = InclusionProof.leafHash(leaves.get(4));
    List<byte[]> path = path(4, leaves);
    List<byte[]> longer = new ArrayList<>(path);
    longer.add(leaf);

    assertThatThrownBy(() -> InclusionProof.root(leaf, 4, 11, path.subList(0, 2)))
        .hasMessageContaining("too short");
    assertThatThrownBy(() -> InclusionProof.root(leaf, 4, 11, longer))
        .hasMessageContaining("too long");
    assertThatThrownBy(() -> InclusionProof.root(leaf, 11, 11, path))
        .hasMessageContaining("not in a tree of 11");
  }

  @Test
  void theHashOfAnEmptyLeafIsThatOfTheSpecification() {
    assertThat(HexFormat.of().formatHex(InclusionProof.leafHash(new byte[0])))
        .isEqualTo("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  }
}
