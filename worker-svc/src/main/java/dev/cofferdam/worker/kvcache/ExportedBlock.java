package dev.cofferdam.worker.kvcache;

/** The content of a KV block outside of the pool, sealed under its tenant's key. */
public final class ExportedBlock {
  final BlockVault.Safe safe;
  final long seal;
  final byte[] content;

  ExportedBlock(BlockVault.Safe safe, long seal, byte[] content) {
    this.safe = safe;
    this.seal = seal;
    this.content = content;
  }
}
