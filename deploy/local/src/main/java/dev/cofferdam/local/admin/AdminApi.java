package dev.cofferdam.local.admin;

import com.google.protobuf.Message;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc.AdminServiceBlockingStub;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeleteRateCardRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.ListAdaptersRequest;
import dev.cofferdam.proto.admin.v1.ListModelsRequest;
import dev.cofferdam.proto.admin.v1.ListPoolsRequest;
import dev.cofferdam.proto.admin.v1.ListRateCardsRequest;
import dev.cofferdam.proto.admin.v1.ListTenantsRequest;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The admin API over gRPC, by kind of record; refusals are gRPC's exceptions. */
public final class AdminApi implements AutoCloseable {
  private static final long CALL_MS = 30_000;

  private final Optional<MeshChannels> channels;
  private final Channel channel;

  /**
   * Opens a channel to a gateway, which must prove that it is one.
   *
   * @param endpoint host:port of its gRPC port
   * @param operator an operator's identity
   */
  public AdminApi(String endpoint, TlsFiles operator) {
    MeshChannels own = new MeshChannels(operator);
    this.channels = Optional.of(own);
    this.channel = own.to(endpoint, SpiffeId.Role.GATEWAY);
  }

  AdminApi(Channel channel) {
    this.channels = Optional.empty();
    this.channel = channel;
  }

  /** The service itself, for one call. */
  public AdminServiceBlockingStub service() {
    return AdminServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  /** The rollout methods. */
  public RolloutServiceGrpc.RolloutServiceBlockingStub rollouts() {
    return RolloutServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  /** The records of a kind by key. */
  public Map<String, Message> list(RecordKind kind) {
    List<? extends Message> records =
        switch (kind) {
          case POOL -> service().listPools(ListPoolsRequest.getDefaultInstance()).getPoolsList();
          case RATE_CARD ->
              service().listRateCards(ListRateCardsRequest.getDefaultInstance()).getRateCardsList();
          case MODEL ->
              service().listModels(ListModelsRequest.getDefaultInstance()).getModelsList();
          case TENANT ->
              service().listTenants(ListTenantsRequest.getDefaultInstance()).getTenantsList();
          case ADAPTER ->
              service().listAdapters(ListAdaptersRequest.getDefaultInstance()).getAdaptersList();
        };
    Map<String, Message> byKey = new TreeMap<>();
    records.forEach(record -> byKey.put(kind.key(record), record));
    return byKey;
  }

  /** The records of some kinds. */
  public Map<RecordKind, Map<String, Message>> list(Iterable<RecordKind> kinds) {
    Map<RecordKind, Map<String, Message>> all = new EnumMap<>(RecordKind.class);
    kinds.forEach(kind -> all.put(kind, list(kind)));
    return all;
  }

  /**
   * Writes a record.
   *
   * @param revision what it was made from; 0: it is new
   * @return the record as it was written
   */
  public Message put(Message record, long revision) {
    return switch (record) {
      case Pool pool ->
          service()
              .putPool(
                  PutPoolRequest.newBuilder().setPool(pool).setExpectedRevision(revision).build())
              .getPool();
      case RateCard card ->
          service()
              .putRateCard(
                  PutRateCardRequest.newBuilder()
                      .setRateCard(card)
                      .setExpectedRevision(revision)
                      .build())
              .getRateCard();
      case Model model ->
          service()
              .putModel(
                  PutModelRequest.newBuilder()
                      .setModel(model)
                      .setExpectedRevision(revision)
                      .build())
              .getModel();
      case Tenant tenant ->
          service()
              .putTenant(
                  PutTenantRequest.newBuilder()
                      .setTenant(tenant)
                      .setExpectedRevision(revision)
                      .build())
              .getTenant();
      case Adapter adapter ->
          service()
              .putAdapter(
                  PutAdapterRequest.newBuilder()
                      .setAdapter(adapter)
                      .setExpectedRevision(revision)
                      .build())
              .getAdapter();
      default -> throw new IllegalArgumentException("no record of the admin API");
    };
  }

  /** Removes a record that has this revision. */
  public void delete(RecordKind kind, String key, long revision) {
    switch (kind) {
      case POOL ->
          service()
              .deletePool(
                  DeletePoolRequest.newBuilder().setId(key).setExpectedRevision(revision).build());
      case RATE_CARD ->
          service()
              .deleteRateCard(
                  DeleteRateCardRequest.newBuilder()
                      .setId(key)
                      .setExpectedRevision(revision)
                      .build());
      case MODEL ->
          service()
              .deleteModel(
                  DeleteModelRequest.newBuilder().setId(key).setExpectedRevision(revision).build());
      case TENANT ->
          service()
              .deleteTenant(
                  DeleteTenantRequest.newBuilder()
                      .setTenant(key)
                      .setExpectedRevision(revision)
                      .build());
      case ADAPTER -> {
        Adapter named = (Adapter) kind.empty(key).build();
        service()
            .deleteAdapter(
                DeleteAdapterRequest.newBuilder()
                    .setTenant(named.getTenant())
                    .setName(named.getName())
                    .setExpectedRevision(revision)
                    .build());
      }
    }
  }

  /** Makes a step of a plan. */
  public void make(Plan.Step step) {
    switch (step) {
      case Plan.Step.Add add -> put(add.record(), 0);
      case Plan.Step.Change change -> put(change.record(), change.revision());
      case Plan.Step.Remove remove -> delete(remove.kind(), remove.key(), remove.revision());
    }
  }

  @Override
  public void close() {
    channels.ifPresent(
        own -> {
          try {
            own.close();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }
}
