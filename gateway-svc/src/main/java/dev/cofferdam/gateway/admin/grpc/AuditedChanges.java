package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** Makes changes, and leaves an audit fact of each, of refused ones too; without, there is none. */
final class AuditedChanges {
  private final Configuration configuration;
  private final AuditFacts facts;
  private final Supplier<Caller> caller;

  AuditedChanges(Configuration configuration, AuditFacts facts, Supplier<Caller> caller) {
    this.configuration = configuration;
    this.facts = facts;
    this.caller = caller;
  }

  /** What a call changes, for its audit fact. */
  static final class Change {
    private final String operation;
    private String tenant;
    private String detail = "";

    private Change(String method, String tenant) {
      this.operation = "admin." + method;
      this.tenant = shown(tenant);
    }

    /** Whose record it turned out to be. */
    void tenant(String id) {
      this.tenant = shown(id);
    }

    /** What it does; no secrets. */
    void detail(String text) {
      this.detail = text;
    }

    private static String shown(String tenant) {
      return TenantId.isValid(tenant) ? tenant : "-";
    }
  }

  /**
   * Makes a change and answers it.
   *
   * @param method the method's name in audit facts
   * @param tenant whose record is changed; anything else: nobody's
   * @param work says what to write; may run several times
   */
  <R> void answer(
      StreamObserver<R> out,
      String method,
      String tenant,
      BiFunction<Change, Configuration.Changes, R> work) {
    Change change = new Change(method, tenant);
    R response;
    try {
      if (!facts.accepting()) {
        throw Answers.refused(
            ErrorCode.AUDIT_UNAVAILABLE, "audit records cannot be kept right now");
      }
      response = configuration.change(written -> work.apply(change, written));
      record(change, AuditFact.Severity.INFO, AuditFact.Outcome.COMPLETED, "", change.detail);
    } catch (RefusedException e) {
      ErrorCode code = e.refusal().code();
      boolean refused = code.category() == ErrorCode.Category.CALLER;
      recordFailure(
          change,
          refused ? AuditFact.Outcome.REFUSED : AuditFact.Outcome.FAILED,
          code,
          refused ? e.refusal().message() : change.detail);
      out.onError(Statuses.toStatus(e));
      return;
    } catch (RuntimeException e) {
      recordFailure(change, AuditFact.Outcome.FAILED, ErrorCode.INTERNAL, change.detail);
      throw e;
    }
    out.onNext(response);
    out.onCompleted();
  }

  private void recordFailure(
      Change change, AuditFact.Outcome outcome, ErrorCode code, String detail) {
    if (code != ErrorCode.AUDIT_UNAVAILABLE) {
      record(change, AuditFact.Severity.WARNING, outcome, code.wireName(), detail);
    }
  }

  private void record(
      Change change,
      AuditFact.Severity severity,
      AuditFact.Outcome outcome,
      String code,
      String detail) {
    Caller who = caller.get();
    facts.record(
        new AuditFact(
            Optional.empty(),
            change.tenant,
            "",
            who.actor(),
            who.address(),
            change.operation,
            severity,
            outcome,
            code,
            detail,
            Optional.empty()));
  }
}
