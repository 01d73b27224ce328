package dev.cofferdam.scheduler.workers.grpc;

import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Guarantee;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.Preempt;
import dev.cofferdam.proto.scheduling.v1.Refused;
import dev.cofferdam.proto.scheduling.v1.RequestProgress;
import dev.cofferdam.proto.scheduling.v1.Resume;
import dev.cofferdam.proto.scheduling.v1.Revoke;
import dev.cofferdam.proto.scheduling.v1.RunningRequest;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.ledger.KvPool;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.Operations;
import dev.cofferdam.wire.TenantRecords;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Between the service's messages and the core's words. */
final class Messages {
  private Messages() {}

  /**
   * What is asked for.
   *
   * @throws IllegalArgumentException naming what does not hold
   */
  static PoolRequest request(EnqueueRequest m, Map<String, String> traceHeaders) {
    if (m.getWorkloadClass()
        == dev.cofferdam.proto.inference.v1.WorkloadClass.WORKLOAD_CLASS_UNSPECIFIED) {
      throw new IllegalArgumentException("workload_class: missing");
    }
    List<Candidate> candidates =
        m.getCandidatesList().stream()
            .map(c -> new Candidate(c.getWorkerId(), c.getScore(), c.getCachedTokens()))
            .sorted(Comparator.comparingDouble(Candidate::score).reversed())
            .toList();
    return new PoolRequest(
        new AttemptKey(new RequestId(m.getRequestId()), m.getAttempt()),
        Operations.of(m.getOperation()),
        new TenantId(m.getTenant()),
        m.getTier(),
        m.getWeight(),
        m.getModel(),
        m.getAdapter(),
        m.getAdapterVersion(),
        TenantRecords.workloadClass(m.getWorkloadClass(), WorkloadClass.INTERACTIVE),
        m.getPromptTokens(),
        m.getGeneratedTokens(),
        m.getOutputTokensMax(),
        m.getDeadlineEpochMs() == 0 ? Long.MAX_VALUE : m.getDeadlineEpochMs(),
        candidates,
        m.getRunningMax(),
        m.getKvBytesMax(),
        m.getKvEncrypted(),
        traceHeaders);
  }

  /**
   * A worker as it describes itself.
   *
   * @throws IllegalArgumentException naming what does not hold
   */
  static WorkerDescriptor worker(Hello m, long session) {
    return new WorkerDescriptor(
        m.getWorkerId(),
        m.getIncarnation(),
        session,
        m.getEndpoint(),
        Set.copyOf(m.getModelsList()),
        m.getSlots(),
        m.getKvBlocks(),
        m.getBlockTokens(),
        m.getBlockBytes(),
        m.getAdapterSlots(),
        m.getPoolsList().stream()
            .collect(
                Collectors.toMap(
                    p -> p.getModel(), p -> new KvPool(p.getKvBlocks(), p.getBlockBytes()))));
  }

  /**
   * What runs on a worker that attaches, as far as its grant tells.
   *
   * @throws IllegalArgumentException naming what does not hold
   */
  static PoolEvent.Running running(RunningRequest m) {
    GrantClaims c = m.getClaims();
    PoolRequest request =
        new PoolRequest(
            new AttemptKey(new RequestId(c.getRequestId()), c.getAttempt()),
            Operations.of(c.getOperation()),
            new TenantId(c.getTenant()),
            c.getTier(),
            c.getWeight(),
            c.getModel(),
            c.getAdapter(),
            c.getAdapterVersion(),
            TenantRecords.workloadClass(c.getWorkloadClass(), WorkloadClass.INTERACTIVE),
            c.getPromptTokens(),
            c.getGeneratedTokens(),
            c.getOutputTokensMax(),
            Long.MAX_VALUE,
            List.of(),
            0,
            c.getKvBytesMax(),
            c.getKvEncrypted(),
            Map.of());
    return new PoolEvent.Running(
        request,
        served(m.getProgress()),
        c.getQueueWaitMs(),
        m.getPaused(),
        Math.max(0, m.getPreemptions()));
  }

  /**
   * What an attempt was served.
   *
   * @throws IllegalArgumentException where the request's id has not the form
   */
  static PoolEvent.Report report(RequestProgress m) {
    return new PoolEvent.Report(
        new AttemptKey(new RequestId(m.getRequestId()), m.getAttempt()), served(m));
  }

  static GrantClaims claims(PoolEffect.Granted g, long term) {
    PoolRequest request = g.request();
    return GrantClaims.newBuilder()
        .setRequestId(request.key().request().value())
        .setAttempt(request.key().attempt())
        .setTenant(request.tenant().value())
        .setTier(request.tier())
        .setWorkerId(g.worker().workerId())
        .setModel(request.model())
        .setAdapter(request.adapter())
        .setAdapterVersion(request.adapterVersion())
        .setPromptTokens(request.promptTokens())
        .setGeneratedTokens(request.generatedTokens())
        .setOutputTokensMax(request.outputTokensMax())
        .setKvBlocks(g.kvBlocks())
        .setStartTag(g.startTag())
        .setWeight(request.weight())
        .setWorkloadClass(TenantRecords.workloadClass(request.workloadClass()))
        .setExpiresEpochMs(g.expiresMs())
        .setTerm(term)
        .setQueueWaitMs(g.queueWaitMs())
        .setKvBytesMax(request.kvBytesMax())
        .setKvEncrypted(request.kvEncrypted())
        .setOperation(Operations.of(request.operation()))
        .build();
  }

  static AttachResponse guarantees(Guarantees guarantees) {
    var message = dev.cofferdam.proto.scheduling.v1.Guarantees.newBuilder();
    guarantees
        .bytes()
        .forEach(
            (tenant, bytes) ->
                message.addTenants(Guarantee.newBuilder().setTenant(tenant).setKvBytes(bytes)));
    return AttachResponse.newBuilder().setGuarantees(message).build();
  }

  static AttachResponse revoke(PoolEffect.Revoke e) {
    return AttachResponse.newBuilder()
        .setRevoke(
            Revoke.newBuilder()
                .setRequestId(e.key().request().value())
                .setAttempt(e.key().attempt())
                .setCode(e.code()))
        .build();
  }

  static AttachResponse preempt(PoolEffect.Preempt e) {
    return AttachResponse.newBuilder()
        .setPreempt(
            Preempt.newBuilder()
                .setRequestId(e.request().key().request().value())
                .setAttempt(e.request().key().attempt())
                .setCausedByTenant(e.causedBy().value()))
        .build();
  }

  static AttachResponse resume(PoolEffect.Resume e) {
    return AttachResponse.newBuilder()
        .setResume(
            Resume.newBuilder()
                .setRequestId(e.key().request().value())
                .setAttempt(e.key().attempt()))
        .build();
  }

  static EnqueueResponse refused(Refusal refusal, boolean wasAdmitted) {
    return EnqueueResponse.newBuilder()
        .setRefused(
            Refused.newBuilder()
                .setCode(refusal.code().wireName())
                .setMessage(refusal.message())
                .setRetryAfterMs(refusal.retryAfter().map(w -> w.toMillis()).orElse(0L))
                .setWasAdmitted(wasAdmitted))
        .build();
  }

  static Refusal invalid(IllegalArgumentException problem) {
    return Refusal.of(ErrorCode.INVALID_REQUEST, String.valueOf(problem.getMessage()));
  }

  private static Served served(RequestProgress m) {
    return new Served(
        Math.max(0, m.getPrefillTokens()),
        Math.max(0, m.getCachedTokens()),
        Math.max(0, m.getDecodeTokens()),
        Math.max(0, m.getComputeUs()),
        Math.max(0, m.getKvBlockMs()));
  }
}
