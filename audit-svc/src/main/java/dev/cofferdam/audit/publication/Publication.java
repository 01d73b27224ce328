package dev.cofferdam.audit.publication;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.log.LogCopy;
import dev.cofferdam.audit.log.LogCopy.SignedNote;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TilePath;
import dev.cofferdam.audit.proof.TlogProof;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What a log publishes: a checkpoint, the tiles and entries of its tree, all earlier checkpoints,
 * and single records with their proofs. Nothing that is not below the checkpoint is shown.
 */
public final class Publication {
  /** Earlier checkpoints on one page. */
  public static final int NOTES_MAX = 1_000;

  private final LogCopy log;
  private final NodeSource nodes;
  private final Supplier<Optional<String>> published;
  private final NoteVerifier key;

  /**
   * @param published the checkpoint to be shown, with its cosignatures
   * @param key signs the checkpoints
   */
  public Publication(
      LogCopy log, NodeSource nodes, Supplier<Optional<String>> published, NoteVerifier key) {
    this.log = log;
    this.nodes = nodes;
    this.published = published;
    this.key = key;
  }

  /** The checkpoint; empty before the first. */
  public Optional<String> checkpoint() {
    return published.get();
  }

  /** What the checkpoint says. */
  public Optional<Checkpoint> tree() {
    return checkpoint().flatMap(key::open).map(Checkpoint::parse);
  }

  /** The verifier key. */
  public NoteVerifier key() {
    return key;
  }

  /** The bytes of a tile or a bundle; empty where the checkpoint's tree has no such. */
  public Optional<byte[]> tile(TilePath path) {
    if (tree().filter(tree -> path.isWithin(tree.size())).isEmpty()) {
      return Optional.empty();
    }
    byte[] bytes =
        path.entries()
            ? TileBytes.ofEntries(
                log.leaves(path.first(), path.width()).stream()
                    .map(LogCopy.CopiedLeaf::bytes)
                    .toList())
            : TileBytes.ofHashes(log.entries(path.level(), path.first(), path.width()));
    return Optional.of(bytes);
  }

  /**
   * Checkpoints of a size and more in the order of their sizes, at most {@link #NOTES_MAX}, each
   * encoded in a line: its size, a space, the note in base64.
   */
  public String notes(long fromSize) {
    return log.checkpoints(fromSize, NOTES_MAX).stream()
        .map(Publication::line)
        .collect(Collectors.joining());
  }

  /** A note as a line of a list. */
  public static String line(SignedNote note) {
    return note.size()
        + " "
        + Base64.getEncoder().encodeToString(note.note().getBytes(UTF_8))
        + "\n";
  }

  /** A record with its proof; empty where the checkpoint's tree has no such. */
  public Optional<TlogProof> record(long index) {
    Optional<String> note = checkpoint();
    Optional<Checkpoint> tree = note.flatMap(key::open).map(Checkpoint::parse);
    if (tree.isEmpty() || index < 0 || index >= tree.get().size()) {
      return Optional.empty();
    }
    List<LogCopy.CopiedLeaf> leaf = log.leaves(index, 1);
    if (leaf.isEmpty() || leaf.getFirst().index() != index) {
      return Optional.empty();
    }
    return Optional.of(
        new TlogProof(
            leaf.getFirst().bytes(),
            index,
            Proofs.inclusion(index, tree.get().size(), nodes),
            note.orElseThrow()));
  }
}
