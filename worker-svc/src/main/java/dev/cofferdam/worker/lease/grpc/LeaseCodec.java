package dev.cofferdam.worker.lease.grpc;

import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Guarantee;
import dev.cofferdam.proto.scheduling.v1.Guarantees;
import dev.cofferdam.proto.scheduling.v1.RequestProgress;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.wire.Operations;
import dev.cofferdam.wire.TenantRecords;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.SessionKeys;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Leases and progress as messages. */
public final class LeaseCodec {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseCodec.class);

  private LeaseCodec() {}

  /** The lease of a grant whose signature holds and whose claims make sense. */
  public static Optional<Lease> open(Grant grant, SessionKeys keys, long nowEpochMs) {
    return GrantSeal.open(grant, id -> keys.find(id, nowEpochMs)).flatMap(LeaseCodec::lease);
  }

  private static Optional<Lease> lease(GrantClaims claims) {
    try {
      Operation operation = Operations.of(claims.getOperation());
      boolean sane =
          claims.getAttempt() >= 1
              && claims.getPromptTokens() >= 1
              && claims.getGeneratedTokens() >= 0
              && operation.fits(claims.getOutputTokensMax())
              && claims.getWeight() > 0
              && Double.isFinite(claims.getWeight())
              && Double.isFinite(claims.getStartTag());
      if (!sane) {
        return Optional.empty();
      }
      return Optional.of(
          new Lease(
              operation,
              new RequestId(claims.getRequestId()),
              claims.getAttempt(),
              new TenantId(claims.getTenant()),
              claims.getTier(),
              claims.getWorkerId(),
              claims.getModel(),
              claims.getAdapter(),
              claims.getAdapterVersion(),
              claims.getPromptTokens(),
              claims.getGeneratedTokens(),
              claims.getOutputTokensMax(),
              claims.getKvBlocks(),
              claims.getKvBytesMax(),
              claims.getKvEncrypted(),
              claims.getStartTag(),
              claims.getWeight(),
              TenantRecords.workloadClass(claims.getWorkloadClass(), WorkloadClass.STANDARD),
              claims.getExpiresEpochMs(),
              claims.getTerm(),
              claims.getQueueWaitMs()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The claims of a lease, as they were granted. */
  static GrantClaims claims(Lease lease) {
    return GrantClaims.newBuilder()
        .setOperation(Operations.of(lease.operation()))
        .setRequestId(lease.request().value())
        .setAttempt(lease.attempt())
        .setTenant(lease.tenant().value())
        .setTier(lease.tier())
        .setWorkerId(lease.workerId())
        .setModel(lease.model())
        .setAdapter(lease.adapter())
        .setAdapterVersion(lease.adapterVersion())
        .setPromptTokens(lease.promptTokens())
        .setGeneratedTokens(lease.generatedTokens())
        .setOutputTokensMax(lease.outputTokensMax())
        .setKvBlocks(lease.kvBlocks())
        .setKvBytesMax(lease.kvBytesMax())
        .setKvEncrypted(lease.kvEncrypted())
        .setStartTag(lease.startTag())
        .setWeight(lease.weight())
        .setWorkloadClass(TenantRecords.workloadClass(lease.workloadClass()))
        .setExpiresEpochMs(lease.expiresEpochMs())
        .setTerm(lease.term())
        .setQueueWaitMs(lease.queueWaitMs())
        .build();
  }

  /** KV bytes that tenants are sure of; what makes no sense is left out. */
  static Map<TenantId, Long> guarantees(Guarantees message) {
    Map<TenantId, Long> bytes = new HashMap<>();
    for (Guarantee one : message.getTenantsList()) {
      try {
        if (one.getKvBytes() > 0) {
          bytes.put(new TenantId(one.getTenant()), one.getKvBytes());
        }
      } catch (IllegalArgumentException e) {
        LOG.warn("the scheduler guarantees memory to a tenant whose id has no form");
      }
    }
    return bytes;
  }

  /** What an attempt was served. */
  static RequestProgress progress(SequenceId id, SequenceUsage usage) {
    return RequestProgress.newBuilder()
        .setRequestId(id.request().value())
        .setAttempt(id.attempt())
        .setPrefillTokens(usage.prefillTokens())
        .setCachedTokens(usage.cachedPromptTokens())
        .setDecodeTokens(usage.outputTokens())
        .setComputeUs(usage.computeUs())
        .setKvBlockMs(usage.kvBlockMs())
        .build();
  }
}
