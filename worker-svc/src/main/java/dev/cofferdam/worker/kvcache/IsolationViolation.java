package dev.cofferdam.worker.kvcache;

/**
 * A use of a KV block that would cross the border of a tenant, or of a block that nobody holds. It
 * is a bug, and the sequence that ran into it must end; it says nothing about content or owners.
 */
public final class IsolationViolation extends Error {
  private static final long serialVersionUID = 1L;

  IsolationViolation(String message) {
    super(message);
  }
}
