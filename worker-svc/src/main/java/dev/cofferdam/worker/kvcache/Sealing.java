package dev.cofferdam.worker.kvcache;

/** How the KV of tenants that ask for encryption is kept. */
public enum Sealing {
  /**
   * Blocks that no running sequence reads are encrypted: idle ones in the prefix cache and those of
   * paused sequences.
   */
  AT_REST,
  /**
   * Every full block is encrypted for good, and each step decrypts what it reads, layer by layer,
   * beside the pool. Only the block that a running sequence is filling is open.
   */
  ALWAYS
}
