package dev.cofferdam.metering.api.grpc;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.store.Access;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The view of the caller that is being served, and refusals that all query services share. */
public final class CallerViews {
  private static final Logger LOG = LoggerFactory.getLogger(CallerViews.class);

  private final Violation.Recorder violations;

  /**
   * @param violations told of each attempt to see another tenant's, before it is refused
   */
  public CallerViews(Violation.Recorder violations) {
    this.violations = violations;
  }

  /**
   * What the caller may look through.
   *
   * @param asked the tenant that is asked about; empty: the caller's own, or all for an operator
   * @param method what is called, for the record of an attempt
   * @throws RefusedException where it is another tenant's, or nobody's
   */
  public View of(String asked, String method) {
    return Access.ofCaller(asked, method, "usage", violations);
  }

  /** The caller named something of another tenant's, and is told that nobody has it. */
  public void crossed(String method) {
    violations.record(Violation.of(Caller.current(), method));
  }

  /** The answer of a query, or the refusal that says that the ledger is away. */
  public static <T> T available(Supplier<T> query) {
    try {
      return query.get();
    } catch (StoreUnavailableException e) {
      LOG.warn("the ledger cannot be read: {}", e.getMessage());
      throw refused(ErrorCode.DEPENDENCY_UNAVAILABLE, "the ledger is not available");
    }
  }

  /** A field that does not hold. */
  public static RefusedException invalid(String field, String message) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, field, field + ": " + message)
        .asException();
  }

  /** Any other refusal. */
  public static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
