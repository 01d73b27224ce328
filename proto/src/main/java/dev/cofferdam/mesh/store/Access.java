package dev.cofferdam.mesh.store;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.OnBehalf;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import org.slf4j.LoggerFactory;

/** Decides whose rows a caller sees. The certificate binds the tenant, never the question. */
public sealed interface Access {
  /** The caller may look through this view. */
  record Granted(View view) implements Access {}

  /** A tenant asked for somebody else's rows. */
  record Crossing(TenantId caller) implements Access {}

  /** The question names no possible tenant. */
  record Malformed() implements Access {}

  /** The caller is neither a tenant nor an operator. */
  record Stranger() implements Access {}

  /**
   * @param caller who the certificate says is asking
   * @param asked whose rows the question is about; empty: the caller's own, or everybody's for an
   *     operator
   */
  static Access decide(SpiffeId caller, String asked) {
    return switch (caller.role()) {
      case TENANT -> {
        TenantId own = new TenantId(caller.name());
        yield asked.isEmpty() || asked.equals(own.value())
            ? new Granted(new View.Of(own))
            : new Crossing(own);
      }
      case OPERATOR -> {
        if (asked.isEmpty()) {
          yield new Granted(new View.Everybody());
        }
        yield TenantId.isValid(asked)
            ? new Granted(new View.Of(new TenantId(asked)))
            : new Malformed();
      }
      default -> new Stranger();
    };
  }

  /**
   * What the caller that is being served may look through. A gateway sees what the reader may see
   * whom it names ({@link OnBehalf}), and nothing where it names none.
   *
   * @param asked as above
   * @param method what is called, for the record of an attempt
   * @param rows what is kept, such as "usage"
   * @param violations told of an attempt to see another tenant's, before it is refused
   * @throws RefusedException where the rows are another tenant's, or nobody's
   */
  static View ofCaller(String asked, String method, String rows, Violation.Recorder violations) {
    Caller caller = Caller.current();
    SpiffeId id =
        OnBehalf.reader()
            .or(caller::id)
            .orElseThrow(() -> refused(ErrorCode.UNAUTHENTICATED, "a certificate is required"));
    return switch (decide(id, asked)) {
      case Granted granted -> granted.view();
      case Crossing crossing -> {
        LoggerFactory.getLogger(Access.class)
            .warn(
                "isolation violation: {} asked for another tenant's {} by {}",
                crossing.caller(),
                rows,
                method);
        violations.record(new Violation(crossing.caller(), id.uri(), caller.address(), method));
        throw refused(
            ErrorCode.IDENTITY_MISMATCH, "the certificate is another tenant's than the one asked");
      }
      case Malformed malformed ->
          throw Refusal.ofParameter(
                  ErrorCode.INVALID_REQUEST, "tenant", "tenant: expected [a-z0-9-]{1,63}")
              .asException();
      case Stranger stranger ->
          throw refused(ErrorCode.CALL_NOT_ALLOWED, "this identity may not read " + rows);
    };
  }

  private static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
