package dev.cofferdam.audit.witness;

/** Where cosignatures are kept, beside the checkpoints that they sign. */
public interface Cosignatures {
  /** Size of the largest tree that a witness is known to have cosigned; 0 for none. */
  long latest(String witness);

  /** Keeps a line for the checkpoint of a size; one that is there stays. */
  void keep(long size, String witness, String line);
}
