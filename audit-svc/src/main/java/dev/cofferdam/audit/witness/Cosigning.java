package dev.cofferdam.audit.witness;

import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.CosignerKey;
import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Gets one witness to cosign the log's checkpoints. The witness decides whether the log only grew;
 * what it answers counts only where its own key signed it.
 */
public final class Cosigning {
  private static final int CONFLICT = 409;

  private final CosignerKey key;
  private final Witness witness;
  private final NodeSource log;
  private final Cosignatures kept;

  /** What came of a try. */
  public sealed interface Outcome {
    /**
     * The witness cosigned.
     *
     * @param epochSeconds when it says that it did
     */
    record Cosigned(long size, long epochSeconds) implements Outcome {}

    /** There is nothing newer to cosign. */
    record Unchanged() implements Outcome {}

    /** The witness has cosigned a larger tree of this log: the log was set back, or forked. */
    record Ahead(long size, long witnessedSize) implements Outcome {}

    /** The witness refuses: the status, or 0 where its cosignature does not hold. */
    record Refused(int status) implements Outcome {}
  }

  /**
   * @param log proves that the log only grew
   */
  public Cosigning(CosignerKey key, Witness witness, NodeSource log, Cosignatures kept) {
    this.key = key;
    this.witness = witness;
    this.log = log;
    this.kept = kept;
  }

  /** The witness' name. */
  public String name() {
    return key.name();
  }

  /**
   * Has a checkpoint cosigned.
   *
   * @param checkpoint what the note says
   * @param note signed by the log
   * @throws Witness.WitnessAwayException where the witness cannot be reached
   */
  public Outcome step(Checkpoint checkpoint, String note) {
    long old = kept.latest(key.name());
    if (old >= checkpoint.size()) {
      return new Outcome.Unchanged();
    }
    Witness.Answer answer = ask(old, checkpoint, note);
    if (answer.status() == CONFLICT) {
      OptionalLong theirs = size(answer.body());
      if (theirs.isEmpty() || theirs.getAsLong() == old) {
        return new Outcome.Refused(CONFLICT);
      }
      if (theirs.getAsLong() > checkpoint.size()) {
        return new Outcome.Ahead(checkpoint.size(), theirs.getAsLong());
      }
      answer = ask(theirs.getAsLong(), checkpoint, note);
    }
    return answer.status() == 200
        ? keep(checkpoint, answer.body())
        : new Outcome.Refused(answer.status());
  }

  private Witness.Answer ask(long old, Checkpoint checkpoint, String note) {
    List<TreeHash> proof = Proofs.consistency(old, checkpoint.size(), log);
    return witness.add(new AddCheckpoint(old, proof, note));
  }

  private Outcome keep(Checkpoint checkpoint, String lines) {
    for (String line : lines.lines().toList()) {
      OptionalLong time = key.time(checkpoint.text(), line);
      if (time.isPresent()) {
        kept.keep(checkpoint.size(), key.name(), line + "\n");
        return new Outcome.Cosigned(checkpoint.size(), time.getAsLong());
      }
    }
    return new Outcome.Refused(0);
  }

  private static OptionalLong size(String body) {
    return Optional.of(body.strip())
        .filter(text -> text.matches("0|[1-9][0-9]{0,17}"))
        .map(text -> OptionalLong.of(Long.parseLong(text)))
        .orElse(OptionalLong.empty());
  }
}
