package dev.cofferdam.audit.witness;

import dev.cofferdam.audit.proof.TreeHash;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a witness is asked to cosign (C2SP tlog-witness, add-checkpoint).
 *
 * @param oldSize size of the tree that the witness cosigned last; 0 for none
 * @param proof that the checkpoint's tree continues that one; empty from 0
 * @param note the checkpoint, signed by the log
 */
public record AddCheckpoint(long oldSize, List<TreeHash> proof, String note) {
  private static final Pattern OLD = Pattern.compile("old (0|[1-9][0-9]{0,17})");
  private static final int PROOF_LINES_MAX = 63;

  public AddCheckpoint {
    proof = List.copyOf(proof);
  }

  /** The request's body. */
  public String body() {
    StringBuilder body = new StringBuilder("old ").append(oldSize).append('\n');
    proof.forEach(
        hash -> body.append(Base64.getEncoder().encodeToString(hash.bytes())).append('\n'));
    return body.append('\n').append(note).toString();
  }

  /**
   * Reads a body.
   *
   * @throws IllegalArgumentException where it is none
   */
  public static AddCheckpoint parse(String body) {
    int end = body.indexOf("\n\n");
    List<String> lines = end < 0 ? List.of() : body.substring(0, end).lines().toList();
    if (lines.isEmpty()
        || !OLD.matcher(lines.getFirst()).matches()
        || lines.size() > 1 + PROOF_LINES_MAX) {
      throw new IllegalArgumentException("not a checkpoint to add");
    }
    List<TreeHash> proof = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      proof.add(TreeHash.of(Base64.getDecoder().decode(line)));
    }
    return new AddCheckpoint(
        Long.parseLong(lines.getFirst().substring(4)), proof, body.substring(end + 2));
  }
}
