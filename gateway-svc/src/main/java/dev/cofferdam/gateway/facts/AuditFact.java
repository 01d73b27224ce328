package dev.cofferdam.gateway.facts;

import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.RequestId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One fact for the audit log; never content. Units are in the names; -1 where a count is unknown.
 *
 * @param requestId the request; empty for administration
 * @param tenant the authenticated tenant, "-" where none was
 * @param tier tier name, empty where none was
 * @param actor who acted
 * @param sourceIp address of the peer
 * @param operation what was done: "generate", "isolation_violation", "admin.put_tenant", …
 * @param severity how grave
 * @param outcome how it ended
 * @param code stable error code, empty where there was none
 * @param detail what was attempted; never content, never a secret
 * @param generation what a generation did; empty for other operations
 */
public record AuditFact(
    Optional<RequestId> requestId,
    String tenant,
    String tier,
    String actor,
    String sourceIp,
    String operation,
    Severity severity,
    Outcome outcome,
    String code,
    String detail,
    Optional<Generation> generation) {

  /** How grave a fact is. */
  public enum Severity {
    /** An ordinary operation. */
    INFO,
    /** A refusal or a failure. */
    WARNING,
    /** An attempt to cross a tenant's border. */
    CRITICAL
  }

  /** How an operation ended. */
  public enum Outcome {
    /** Answered to its end. */
    COMPLETED,
    /** Ended by the client. */
    CANCELLED,
    /** Ended by an error of the mesh. */
    FAILED,
    /** Refused before it was served. */
    REFUSED
  }

  /**
   * What a generation did.
   *
   * @param routingExplanation why this worker: one line for each scorer
   * @param promptHmac keyed hash of the prompt, empty where there was none
   * @param responseHmac keyed hash of the response, empty where there was none
   * @param masked different values that were masked in the input, by kind
   */
  public record Generation(
      String model,
      String adapter,
      String adapterVersion,
      String workerId,
      String pool,
      int attempts,
      List<String> routingExplanation,
      long promptTokens,
      long cachedPromptTokens,
      long outputTokens,
      long queueWaitMs,
      long ttftMs,
      long latencyMs,
      long kvBlocksAllocated,
      long kvBlocksZeroed,
      boolean kvEncrypted,
      long limitTokensRemaining,
      long limitRequestsRemaining,
      byte[] promptHmac,
      byte[] responseHmac,
      Map<PersonalData, Integer> masked) {
    public Generation {
      masked = Map.copyOf(masked);
    }
  }
}
