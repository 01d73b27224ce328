package dev.cofferdam.local.demo;

import com.google.protobuf.ByteString;
import dev.cofferdam.local.Endpoints;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc.AuditServiceBlockingStub;
import dev.cofferdam.proto.audit.v1.GetCheckpointRequest;
import dev.cofferdam.proto.audit.v1.GetCheckpointResponse;
import dev.cofferdam.proto.audit.v1.GetInclusionProofRequest;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc.UsageServiceBlockingStub;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What a request left in the ledger and in the audit log, read with the operator's identity. */
public final class Books implements AutoCloseable {
  private static final long CALL_MS = 20_000;

  private final MeshChannels channels;
  private final Endpoints endpoints;

  public Books(Endpoints endpoints, TlsFiles operator) {
    this.channels = new MeshChannels(operator);
    this.endpoints = endpoints;
  }

  /**
   * A record of the audit log that was proved to be in the tree of a signed checkpoint.
   *
   * @param logged the record
   * @param origin name of the log
   * @param treeSize size of the checkpoint's tree
   * @param rootHash its root, signed, and reached from the leaf
   * @param pathLength number of hashes on the way
   */
  public record Proved(
      LoggedRecord logged, String origin, long treeSize, ByteString rootHash, int pathLength) {}

  /** Usage rows of a request; empty until they arrive. */
  public List<UsageRow> usage(String requestId) {
    UsageServiceBlockingStub stub =
        UsageServiceGrpc.newBlockingStub(channels.to(endpoints.metering(), SpiffeId.Role.METERING))
            .withWaitForReady()
            .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
    return stub.listUsage(ListUsageRequest.newBuilder().setRequestId(requestId).build())
        .getRowsList();
  }

  /** Audit records of a request, or the latest ones where it is empty. */
  public List<LoggedRecord> records(String requestId) {
    return audit()
        .listRecords(ListRecordsRequest.newBuilder().setRequestId(requestId).build())
        .getRecordsList();
  }

  /**
   * Proves that a record is in the log: leaf hash, audit path, root, signature, all computed here.
   *
   * @return empty until a checkpoint covers the record
   * @throws IllegalArgumentException where something does not hold
   */
  public Optional<Proved> prove(LoggedRecord logged) {
    GetCheckpointResponse latest = audit().getCheckpoint(GetCheckpointRequest.getDefaultInstance());
    if (latest.getTreeSize() <= logged.getIndex()) {
      return Optional.empty();
    }
    CheckpointNote checkpoint =
        CheckpointNote.open(latest.getCheckpoint(), latest.getVerifierKey());
    GetInclusionProofResponse proof =
        audit()
            .getInclusionProof(
                GetInclusionProofRequest.newBuilder()
                    .setIndex(logged.getIndex())
                    .setTreeSize(checkpoint.treeSize())
                    .build());
    byte[] leafHash = InclusionProof.leafHash(logged.getLeaf().toByteArray());
    byte[] root =
        InclusionProof.root(
            leafHash,
            logged.getIndex(),
            checkpoint.treeSize(),
            proof.getPathList().stream().map(ByteString::toByteArray).toList());
    if (!Arrays.equals(root, checkpoint.rootHash())) {
      throw new IllegalArgumentException("the proof does not lead to the checkpoint's root");
    }
    return Optional.of(
        new Proved(
            logged,
            checkpoint.origin(),
            checkpoint.treeSize(),
            ByteString.copyFrom(root),
            proof.getPathCount()));
  }

  private AuditServiceBlockingStub audit() {
    return AuditServiceGrpc.newBlockingStub(channels.to(endpoints.audit(), SpiffeId.Role.AUDIT))
        .withWaitForReady()
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    try {
      channels.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
