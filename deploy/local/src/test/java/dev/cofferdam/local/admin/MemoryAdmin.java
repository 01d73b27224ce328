package dev.cofferdam.local.admin;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteAdapterResponse;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelResponse;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolResponse;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantResponse;
import dev.cofferdam.proto.admin.v1.ListAdaptersRequest;
import dev.cofferdam.proto.admin.v1.ListAdaptersResponse;
import dev.cofferdam.proto.admin.v1.ListModelsRequest;
import dev.cofferdam.proto.admin.v1.ListModelsResponse;
import dev.cofferdam.proto.admin.v1.ListPoolsRequest;
import dev.cofferdam.proto.admin.v1.ListPoolsResponse;
import dev.cofferdam.proto.admin.v1.ListRateCardsRequest;
import dev.cofferdam.proto.admin.v1.ListRateCardsResponse;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsResponse;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutAdapterResponse;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutModelResponse;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutPoolResponse;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.PutTenantResponse;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The admin API's promises about records, kept in memory. */
final class MemoryAdmin extends AdminServiceGrpc.AdminServiceImplBase {
  private final Map<RecordKind, Map<String, Message>> records = new TreeMap<>();

  /** What this gateway computes of a folder. */
  /** What a model's files say. */
  static final long KV_BYTES_PER_TOKEN = 1536;

  static String digest(String folder) {
    return "digest-of-" + folder;
  }

  synchronized void suspend(String tenant) {
    Tenant record = (Tenant) records(RecordKind.TENANT).get(tenant);
    write(
        RecordKind.TENANT,
        record.toBuilder().setStatus(TenantStatus.TENANT_STATUS_SUSPENDED).build(),
        record.getRevision());
  }

  private Map<String, Message> records(RecordKind kind) {
    return records.computeIfAbsent(kind, unused -> new TreeMap<>());
  }

  private synchronized Message write(RecordKind kind, Message record, long expected) {
    check(kind, kind.key(record), expected);
    FieldDescriptor revision = record.getDescriptorForType().findFieldByName("revision");
    Message written = record.toBuilder().setField(revision, expected + 1).build();
    records(kind).put(kind.key(written), written);
    return written;
  }

  private synchronized void remove(RecordKind kind, String key, long expected) {
    check(kind, key, expected);
    records(kind).remove(key);
  }

  private void check(RecordKind kind, String key, long expected) {
    Message present = records(kind).get(key);
    if (expected != (present == null ? 0 : kind.revision(present))) {
      throw Status.ABORTED.asRuntimeException();
    }
  }

  private static <R> void tell(StreamObserver<R> out, Supplier<R> work) {
    try {
      out.onNext(work.get());
      out.onCompleted();
    } catch (StatusRuntimeException e) {
      out.onError(e);
    }
  }

  @SuppressWarnings("unchecked")
  private synchronized <T> List<T> all(RecordKind kind) {
    return (List<T>) List.copyOf(records(kind).values());
  }

  @Override
  public void putPool(PutPoolRequest q, StreamObserver<PutPoolResponse> out) {
    tell(
        out,
        () -> {
          write(RecordKind.POOL, q.getPool(), q.getExpectedRevision());
          return PutPoolResponse.getDefaultInstance();
        });
  }

  @Override
  public void putModel(PutModelRequest q, StreamObserver<PutModelResponse> out) {
    tell(
        out,
        () -> {
          Model model = q.getModel();
          if (model.getDigest().isEmpty()) {
            model = model.toBuilder().setDigest(digest(model.getFolder())).build();
          }
          if (model.getKvBytesPerToken() == 0) {
            model = model.toBuilder().setKvBytesPerToken(KV_BYTES_PER_TOKEN).build();
          }
          write(RecordKind.MODEL, model, q.getExpectedRevision());
          return PutModelResponse.getDefaultInstance();
        });
  }

  @Override
  public void putTenant(PutTenantRequest q, StreamObserver<PutTenantResponse> out) {
    tell(
        out,
        () -> {
          write(
              RecordKind.TENANT,
              q.getTenant().toBuilder().setChangedEpochS(1_800_000_000L).build(),
              q.getExpectedRevision());
          return PutTenantResponse.getDefaultInstance();
        });
  }

  @Override
  public void putAdapter(PutAdapterRequest q, StreamObserver<PutAdapterResponse> out) {
    tell(
        out,
        () -> {
          write(RecordKind.ADAPTER, q.getAdapter(), q.getExpectedRevision());
          return PutAdapterResponse.getDefaultInstance();
        });
  }

  @Override
  public void listPools(ListPoolsRequest q, StreamObserver<ListPoolsResponse> out) {
    tell(out, () -> ListPoolsResponse.newBuilder().addAllPools(all(RecordKind.POOL)).build());
  }

  @Override
  public void listModels(ListModelsRequest q, StreamObserver<ListModelsResponse> out) {
    tell(out, () -> ListModelsResponse.newBuilder().addAllModels(all(RecordKind.MODEL)).build());
  }

  @Override
  public void listTenants(ListTenantsRequest q, StreamObserver<ListTenantsResponse> out) {
    tell(out, () -> ListTenantsResponse.newBuilder().addAllTenants(all(RecordKind.TENANT)).build());
  }

  @Override
  public void listAdapters(ListAdaptersRequest q, StreamObserver<ListAdaptersResponse> out) {
    tell(
        out,
        () -> ListAdaptersResponse.newBuilder().addAllAdapters(all(RecordKind.ADAPTER)).build());
  }

  @Override
  public void listRateCards(ListRateCardsRequest q, StreamObserver<ListRateCardsResponse> out) {
    tell(
        out,
        () ->
            ListRateCardsResponse.newBuilder().addAllRateCards(all(RecordKind.RATE_CARD)).build());
  }

  @Override
  public void deletePool(DeletePoolRequest q, StreamObserver<DeletePoolResponse> out) {
    tell(
        out,
        () -> {
          remove(RecordKind.POOL, q.getId(), q.getExpectedRevision());
          return DeletePoolResponse.getDefaultInstance();
        });
  }

  @Override
  public void deleteModel(DeleteModelRequest q, StreamObserver<DeleteModelResponse> out) {
    tell(
        out,
        () -> {
          remove(RecordKind.MODEL, q.getId(), q.getExpectedRevision());
          return DeleteModelResponse.getDefaultInstance();
        });
  }

  @Override
  public void deleteTenant(DeleteTenantRequest q, StreamObserver<DeleteTenantResponse> out) {
    tell(
        out,
        () -> {
          remove(RecordKind.TENANT, q.getTenant(), q.getExpectedRevision());
          return DeleteTenantResponse.getDefaultInstance();
        });
  }

  @Override
  public void deleteAdapter(DeleteAdapterRequest q, StreamObserver<DeleteAdapterResponse> out) {
    tell(
        out,
        () -> {
          remove(RecordKind.ADAPTER, q.getTenant() + "/" + q.getName(), q.getExpectedRevision());
          return DeleteAdapterResponse.getDefaultInstance();
        });
  }
}
