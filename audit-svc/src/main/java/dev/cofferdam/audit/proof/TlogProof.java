package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One record with everything that proves it, in a text (C2SP tlog-proof): the leaf as its extra
 * data, the index, the audit path, and a checkpoint.
 *
 * @param leaf the leaf's bytes; not to be changed
 * @param index its place
 * @param path hashes from the leaf's sibling upwards
 * @param note the checkpoint, signed
 */
@SuppressWarnings("ArrayRecordComponent")
public record TlogProof(byte[] leaf, long index, List<TreeHash> path, String note) {
  private static final String FIRST = "c2sp.org/tlog-proof@v1";
  private static final Pattern INDEX = Pattern.compile("0|[1-9][0-9]{0,17}");

  public TlogProof {
    path = List.copyOf(path);
  }

  /** What is wrong with a proof, in a word for people; empty where it holds. */
  public Optional<String> fault(NoteVerifier key) {
    Optional<Checkpoint> checkpoint;
    try {
      checkpoint = key.open(note).map(Checkpoint::parse);
    } catch (IllegalArgumentException e) {
      checkpoint = Optional.empty();
    }
    if (checkpoint.isEmpty()) {
      return Optional.of("the checkpoint has no signature of the log's key");
    }
    Checkpoint tree = checkpoint.get();
    return ProofCheck.inclusion(TreeHash.leaf(leaf), index, tree.size(), path, tree.root())
        ? Optional.empty()
        : Optional.of(
            "record " + index + " is not in the signed tree of " + tree.size() + " records");
  }

  /** As text. */
  public String text() {
    Base64.Encoder base64 = Base64.getEncoder();
    StringBuilder text = new StringBuilder(FIRST).append('\n');
    text.append("extra ").append(base64.encodeToString(leaf)).append('\n');
    text.append("index ").append(index).append('\n');
    path.forEach(hash -> text.append(base64.encodeToString(hash.bytes())).append('\n'));
    return text.append('\n').append(note).toString();
  }

  /**
   * Reads a proof.
   *
   * @throws IllegalArgumentException where it is none, or brings no leaf
   */
  public static TlogProof parse(String text) {
    int end = text.indexOf("\n\n");
    if (end < 0 || !text.startsWith(FIRST + "\n")) {
      throw new IllegalArgumentException("not a proof of a record");
    }
    List<String> lines = text.substring(0, end).lines().toList();
    if (lines.size() < 3
        || !lines.get(1).startsWith("extra ")
        || !lines.get(2).startsWith("index ")
        || !INDEX.matcher(lines.get(2).substring(6)).matches()) {
      throw new IllegalArgumentException("a proof with neither a record nor its index");
    }
    List<TreeHash> path = new ArrayList<>();
    for (String line : lines.subList(3, lines.size())) {
      path.add(TreeHash.of(Base64.getDecoder().decode(line)));
    }
    return new TlogProof(
        Base64.getDecoder().decode(lines.get(1).substring(6)),
        Long.parseLong(lines.get(2).substring(6)),
        path,
        text.substring(end + 2));
  }
}
