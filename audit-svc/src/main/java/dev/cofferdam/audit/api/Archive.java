package dev.cofferdam.audit.api;

import dev.cofferdam.audit.log.Checkpoints;
import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.log.LogReader.Leaf;
import dev.cofferdam.audit.log.LogReader.RecordQuery;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.mesh.store.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The log for readers: records opened where their keys still exist, proofs and checkpoints. */
public final class Archive {
  private final LogReader log;
  private final Checkpoints checkpoints;
  private final Function<Set<UUID>, Map<UUID, DataKey>> keys;
  private final NoteVerifier verifier;

  /**
   * A record and its place.
   *
   * @param leaf the sealed record
   * @param payload the record's bytes; empty where its key was destroyed
   */
  public record Opened(Leaf leaf, Optional<byte[]> payload) {}

  /**
   * A signed checkpoint.
   *
   * @param checkpoint what it says
   * @param note the signed text
   */
  public record Signed(Checkpoint checkpoint, String note) {}

  /**
   * @param keys data keys by id, those that still exist
   */
  public Archive(
      LogReader log,
      Checkpoints checkpoints,
      Function<Set<UUID>, Map<UUID, DataKey>> keys,
      NoteVerifier verifier) {
    this.log = log;
    this.checkpoints = checkpoints;
    this.keys = keys;
    this.verifier = verifier;
  }

  /** Records of a view, newest first. */
  public List<Opened> records(View view, RecordQuery query) {
    List<Leaf> leaves = log.records(view, query);
    List<SealedRecord> sealed =
        leaves.stream().map(leaf -> SealedRecord.decode(leaf.bytes())).toList();
    Set<UUID> ids = sealed.stream().map(SealedRecord::keyId).collect(Collectors.toSet());
    Map<UUID, DataKey> existing = ids.isEmpty() ? Map.of() : keys.apply(ids);
    List<Opened> opened = new ArrayList<>(leaves.size());
    for (int i = 0; i < leaves.size(); i++) {
      Leaf leaf = leaves.get(i);
      SealedRecord record = sealed.get(i);
      Optional<byte[]> payload =
          Optional.ofNullable(existing.get(record.keyId()))
              .map(key -> record.open(key, leaf.eventId()));
      opened.add(new Opened(leaf, payload));
    }
    return opened;
  }

  /** The latest checkpoint. */
  public Optional<Signed> latest() {
    return checkpoints
        .latest()
        .map(
            note ->
                new Signed(
                    Checkpoint.parse(
                        verifier
                            .open(note)
                            .orElseThrow(
                                () ->
                                    new IllegalStateException(
                                        "the latest checkpoint has no signature of this key"))),
                    note));
  }

  /** The signed checkpoint of exactly a size. */
  public Optional<String> checkpoint(long size) {
    return checkpoints.of(size);
  }

  /** The verifier key of checkpoints. */
  public String verifierKey() {
    return verifier.text();
  }

  /** Number of leaves, signed or not yet. */
  public long size() {
    return log.head().size();
  }

  /** Hash of a leaf. */
  public Optional<TreeHash> leafHash(long index) {
    return log.leafHash(index);
  }

  /** Audit path of a leaf in the tree of a size. */
  public List<TreeHash> inclusion(long index, long size) {
    return Proofs.inclusion(index, size, log);
  }

  /** Proof that one tree is a prefix of another. */
  public List<TreeHash> consistency(long first, long second) {
    return Proofs.consistency(first, second, log);
  }
}
