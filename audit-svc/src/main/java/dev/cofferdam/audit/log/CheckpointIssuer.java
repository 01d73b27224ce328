package dev.cofferdam.audit.log;

import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import java.util.List;
import java.util.Optional;

/**
 * Signs the log's head. Before it does, it proves from the stored nodes that the new tree continues
 * every tree that it knows to have been signed; a log that was changed, shortened or set back is
 * never signed again.
 */
public final class CheckpointIssuer {
  private final String origin;
  private final NoteSigner signer;
  private final LogReader log;
  private final List<Checkpoints> kept;

  /** What came of a try to sign. */
  public sealed interface Outcome {
    /** The head was signed. */
    record Signed(Checkpoint checkpoint, String note) implements Outcome {}

    /** The head has been signed already. */
    record Unchanged() implements Outcome {}

    /**
     * The log does not continue what was signed.
     *
     * @param size size of the log
     * @param signedSize size of the signed tree that it contradicts
     */
    record Inconsistent(long size, long signedSize) implements Outcome {}
  }

  /**
   * @param origin name of the log
   * @param log what to sign
   * @param kept all places that remember signed checkpoints, each of which is checked and written
   */
  public CheckpointIssuer(String origin, NoteSigner signer, LogReader log, List<Checkpoints> kept) {
    this.origin = origin;
    this.signer = signer;
    this.log = log;
    this.kept = List.copyOf(kept);
  }

  /**
   * Signs the head where it has grown.
   *
   * @throws IllegalStateException where a kept note was not signed by this key for this log
   */
  public Outcome step() {
    LogReader.Head head = log.head();
    boolean behind = false;
    for (Checkpoints place : kept) {
      Optional<Checkpoint> signed = place.latest().map(this::open);
      if (signed.isPresent() && !continues(signed.get(), head)) {
        return new Outcome.Inconsistent(head.size(), signed.get().size());
      }
      behind |= signed.isEmpty() || signed.get().size() < head.size();
    }
    if (!behind) {
      return new Outcome.Unchanged();
    }
    if (!rootHolds(head)) {
      return new Outcome.Inconsistent(head.size(), head.size());
    }
    Checkpoint checkpoint = new Checkpoint(origin, head.size(), head.root());
    String note = signer.sign(checkpoint.text());
    kept.forEach(place -> place.keep(head.size(), head.root().bytes(), note));
    return new Outcome.Signed(checkpoint, note);
  }

  private Checkpoint open(String note) {
    Checkpoint checkpoint =
        signer
            .verifier()
            .open(note)
            .map(Checkpoint::parse)
            .orElseThrow(
                () -> new IllegalStateException("a kept checkpoint has no signature of this key"));
    if (!checkpoint.origin().equals(origin)) {
      throw new IllegalStateException("a kept checkpoint is of another log");
    }
    return checkpoint;
  }

  private boolean continues(Checkpoint signed, LogReader.Head head) {
    return isPrefix(signed, head, log);
  }

  private boolean rootHolds(LogReader.Head head) {
    try {
      return Proofs.root(head.size(), log).equals(head.root());
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /** Whether the stored nodes prove that a signed tree is a prefix of the head's. */
  private static boolean isPrefix(Checkpoint signed, LogReader.Head head, NodeSource nodes) {
    if (signed.size() > head.size()) {
      return false;
    }
    try {
      List<TreeHash> path = Proofs.consistency(signed.size(), head.size(), nodes);
      return ProofCheck.consistency(signed.size(), signed.root(), head.size(), head.root(), path);
    } catch (IllegalStateException e) {
      return false;
    }
  }
}
