package dev.cofferdam.mesh.store;

import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;

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
}
