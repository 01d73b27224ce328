package dev.cofferdam.gateway.console;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Checks a proof of inclusion (RFC 9162, section 2.1.3.2) against the root of a checkpoint (C2SP
 * tlog-checkpoint: origin, size and root, a line each).
 *
 * @param problem why it does not hold; empty: it does
 */
record InclusionCheck(String problem) {
  private static final byte NODE = 1;

  boolean holds() {
    return problem.isEmpty();
  }

  static InclusionCheck of(LoggedRecord record, GetInclusionProofResponse proof) {
    if (proof.getIndex() != record.getIndex()
        || !proof.getLeafHash().equals(record.getLeafHash())) {
      return new InclusionCheck("it is of another record");
    }
    List<String> lines = proof.getCheckpoint().lines().toList();
    if (lines.size() < 3 || !lines.get(1).equals(Long.toString(proof.getTreeSize()))) {
      return new InclusionCheck("the checkpoint is not of that size");
    }
    byte[] root;
    try {
      root = Base64.getDecoder().decode(lines.get(2));
    } catch (IllegalArgumentException e) {
      return new InclusionCheck("the checkpoint has no root");
    }
    return Arrays.equals(root, rootOf(proof))
        ? new InclusionCheck("")
        : new InclusionCheck("the path leads to another root");
  }

  /** The root that the path leads to; no bytes where the path has not the length that it needs. */
  private static byte[] rootOf(GetInclusionProofResponse proof) {
    long node = proof.getIndex();
    long last = proof.getTreeSize() - 1;
    byte[] hash = proof.getLeafHash().toByteArray();
    for (ByteString sibling : proof.getPathList()) {
      if (last == 0) {
        return new byte[0];
      }
      if ((node & 1) == 1 || node == last) {
        hash = hash(sibling.toByteArray(), hash);
        while ((node & 1) == 0 && node != 0) {
          node >>= 1;
          last >>= 1;
        }
      } else {
        hash = hash(hash, sibling.toByteArray());
      }
      node >>= 1;
      last >>= 1;
    }
    return last == 0 ? hash : new byte[0];
  }

  private static byte[] hash(byte[] left, byte[] right) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(NODE);
      sha256.update(left);
      return sha256.digest(right);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
