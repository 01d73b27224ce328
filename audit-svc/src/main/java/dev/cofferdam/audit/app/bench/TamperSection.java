package dev.cofferdam.audit.app.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.log.LogCopy.CopiedLeaf;
import dev.cofferdam.audit.log.LogVerifier;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.tampering.CopiedLog;
import dev.cofferdam.audit.log.tampering.Tampering;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.bench.BenchResults;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * The share of changes to a log of 10,000 records that are found at their place: every bit of every
 * leaf (by the check of its hash), of every checkpoint and of the key (by the whole verification);
 * and every kind of change at random places (by the whole verification).
 */
final class TamperSection {
  private static final int TRIALS = 150;

  private final CopiedLog log;
  private final NoteVerifier key;
  private final List<Checkpoint> remembered;
  private final BenchResults results;
  private long tried;
  private long found;

  /**
   * @param log an intact log
   * @param key signed its checkpoints
   */
  TamperSection(CopiedLog log, NoteVerifier key, BenchResults results) {
    this.log = log;
    this.key = key;
    this.results = results;
    this.remembered =
        List.of(key.open(log.notes.getLast().note()).map(Checkpoint::parse).orElseThrow());
  }

  void run() {
    if (!(verify(log, key) instanceof Finding.Intact)) {
      throw new IllegalStateException("the log does not verify before it is changed");
    }
    leaves();
    checkpoints();
    keys();
    kinds();
    results.add("tamper_log_size", log.leaves.size(), "records", 0);
    results.add("tamper_tried", tried, "changes", 0);
    results.add("tamper_found_share", (double) found / tried, "share", 1);
  }

  private Finding verify(CopiedLog changed, NoteVerifier by) {
    return LogVerifier.verify(changed, by, remembered);
  }

  private void count(boolean isFound) {
    tried++;
    found += isFound ? 1 : 0;
  }

  private void leaves() {
    for (CopiedLeaf leaf : log.leaves) {
      TreeHash kept = log.entries.getOrDefault(new NodeId(0, leaf.index()), TreeHash.EMPTY);
      byte[] bytes = leaf.bytes().clone();
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit / 8] ^= (byte) (1 << (bit % 8));
        count(!LogVerifier.holds(bytes, kept));
        bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      }
    }
  }

  private void checkpoints() {
    for (int at = 0; at < log.notes.size(); at++) {
      int bits = log.notes.get(at).note().getBytes(UTF_8).length * 8;
      for (int bit = 0; bit < bits; bit++) {
        CopiedLog changed = log.copy();
        Predicate<Finding> expected = Tampering.flipNote(changed, at, bit);
        count(expected.test(verify(changed, key)));
      }
    }
  }

  /** Whoever is given another key notices by its hash, or at the first checkpoint. */
  private void keys() {
    byte[] text = key.text().getBytes(UTF_8);
    for (int bit = 0; bit < text.length * 8; bit++) {
      byte[] changed = text.clone();
      changed[bit / 8] ^= (byte) (1 << (bit % 8));
      Optional<NoteVerifier> other = parse(new String(changed, UTF_8));
      count(
          other
              .map(by -> verify(log, by))
              .map(new Finding.BadCheckpoint(log.notes.getFirst().size())::equals)
              .orElse(true));
    }
  }

  private static Optional<NoteVerifier> parse(String text) {
    try {
      return Optional.of(NoteVerifier.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private void kinds() {
    SplittableRandom random = new SplittableRandom(162);
    for (Tampering kind : Tampering.values()) {
      long before = found;
      for (int i = 0; i < TRIALS; i++) {
        CopiedLog changed = log.copy();
        Predicate<Finding> expected = kind.apply(changed, random);
        count(expected.test(verify(changed, key)));
      }
      if (found - before < TRIALS) {
        results.add("tamper_missed_" + kind.name(), TRIALS - (found - before), "changes", 0);
      }
    }
  }
}
