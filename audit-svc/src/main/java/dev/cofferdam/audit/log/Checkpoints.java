package dev.cofferdam.audit.log;

import java.util.Optional;

/** Where signed checkpoints are kept. */
public interface Checkpoints {
  /** The latest note. */
  Optional<String> latest();

  /** The note for exactly a size, where this place keeps more than the latest. */
  Optional<String> of(long size);

  /** Keeps a note for a tree size; one that is there for that size stays. */
  void keep(long size, byte[] root, String note);
}
