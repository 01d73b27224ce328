package dev.cofferdam.gateway.dispatch;

/** Is told how requests went, for metrics and spans. Must not block. */
public interface RequestObserver {
  /** A request ended. */
  void ended(Generation generation, Ending ending);

  /** A request's audit fact could not be kept. */
  void auditLost(Generation generation);

  /** A bug, without its message, which could hold content. */
  void broken(Generation generation, Throwable bug);
}
