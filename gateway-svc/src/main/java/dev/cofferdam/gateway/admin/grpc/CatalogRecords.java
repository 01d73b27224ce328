package dev.cofferdam.gateway.admin.grpc;

import static dev.cofferdam.gateway.admin.grpc.Answers.tell;
import static dev.cofferdam.gateway.admin.grpc.Records.expected;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.admin.RateCardRules;
import dev.cofferdam.gateway.admin.RecordRules;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteAdapterResponse;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelResponse;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolResponse;
import dev.cofferdam.proto.admin.v1.DeleteRateCardRequest;
import dev.cofferdam.proto.admin.v1.DeleteRateCardResponse;
import dev.cofferdam.proto.admin.v1.ListAdaptersRequest;
import dev.cofferdam.proto.admin.v1.ListAdaptersResponse;
import dev.cofferdam.proto.admin.v1.ListModelsRequest;
import dev.cofferdam.proto.admin.v1.ListModelsResponse;
import dev.cofferdam.proto.admin.v1.ListPoolsRequest;
import dev.cofferdam.proto.admin.v1.ListPoolsResponse;
import dev.cofferdam.proto.admin.v1.ListRateCardsRequest;
import dev.cofferdam.proto.admin.v1.ListRateCardsResponse;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutAdapterRequest;
import dev.cofferdam.proto.admin.v1.PutAdapterResponse;
import dev.cofferdam.proto.admin.v1.PutModelRequest;
import dev.cofferdam.proto.admin.v1.PutModelResponse;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutPoolResponse;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutRateCardResponse;
import dev.cofferdam.proto.admin.v1.RateCard;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;

/** The admin API's part on models, adapters, pools and rate cards. */
final class CatalogRecords {
  private final Configuration configuration;
  private final AuditedChanges changes;
  private final FolderRoot models;
  private final Optional<FolderRoot> adapters;
  private final InstantSource clock;
  private final Records<Model> modelRecords;
  private final Records<Adapter> adapterRecords;
  private final Records<Pool> poolRecords;
  private final Records<RateCard> rateCardRecords;

  CatalogRecords(
      Configuration configuration,
      AuditedChanges changes,
      FolderRoot models,
      Optional<FolderRoot> adapters,
      InstantSource clock) {
    this.configuration = configuration;
    this.changes = changes;
    this.models = models;
    this.adapters = adapters;
    this.clock = clock;
    this.modelRecords =
        new Records<>(
            "model",
            configuration::models,
            Model::getRevision,
            id -> References.ofModel(configuration, id),
            Configuration.Changes::removeModel);
    this.adapterRecords = Records.ofAdapters(configuration);
    this.poolRecords =
        new Records<>(
            "pool",
            configuration::pools,
            Pool::getRevision,
            id -> References.ofPool(configuration, id),
            Configuration.Changes::removePool);
    this.rateCardRecords =
        new Records<>(
            "rate card",
            configuration::rateCards,
            RateCard::getRevision,
            id -> References.ofRateCard(configuration, id),
            Configuration.Changes::removeRateCard);
  }

  void putModel(PutModelRequest request, StreamObserver<PutModelResponse> out) {
    changes.answer(
        out,
        "put_model",
        "-",
        (change, write) -> {
          Problems problems = RecordRules.check(request.getModel());
          Model.Builder model = request.getModel().toBuilder();
          folder(problems, model.getFolder());
          String shadow = model.getShadow().getModel();
          if (!shadow.isEmpty() && !configuration.models().containsKey(shadow)) {
            problems.add("shadow.model", shadow, "a known model");
          }
          checkShift(problems, model);
          if (problems.found().isEmpty() && model.getDigest().isEmpty()) {
            models
                .modelDigest(model.getFolder())
                .ifPresentOrElse(
                    model::setDigest,
                    () ->
                        problems.add(
                            "folder", model.getFolder(), "a model's folder below the model root"));
          }
          problems.refuseIfAny();
          if (model.getKvBytesPerToken() == 0) {
            models.kvBytesPerToken(model.getFolder()).ifPresent(model::setKvBytesPerToken);
          }
          model.setRevision(
              modelRecords.next(
                  model.getId(),
                  expected(request.hasExpectedRevision(), request.getExpectedRevision())));
          if (model.getCreatedEpochS() == 0) {
            model.setCreatedEpochS(
                modelRecords
                    .present(model.getId())
                    .map(Model::getCreatedEpochS)
                    .orElseGet(this::epochS));
          }
          change.detail("model " + model.getId() + " digest " + model.getDigest());
          write.put(model.build());
          return PutModelResponse.newBuilder().setModel(model).build();
        });
  }

  private void checkShift(Problems problems, Model.Builder model) {
    if (!model.hasShift()) {
      return;
    }
    String other = model.getShift().getModel();
    Model known = configuration.models().get(other);
    if (known == null || known.getContextTokensMax() < model.getContextTokensMax()) {
      problems.add("shift.model", other, "a known model whose context is no smaller");
    } else if (known.hasShift()) {
      problems.add("shift.model", other, "a model that is not shifted itself");
    }
  }

  void putAdapter(PutAdapterRequest request, StreamObserver<PutAdapterResponse> out) {
    changes.answer(
        out,
        "put_adapter",
        request.getAdapter().getTenant(),
        (change, write) -> {
          Problems problems = RecordRules.check(request.getAdapter());
          Adapter.Builder adapter = request.getAdapter().toBuilder();
          folder(problems, adapter.getFolder());
          if (!configuration.tenants().containsKey(adapter.getTenant())) {
            problems.add("tenant", adapter.getTenant(), "a known tenant");
          }
          if (!configuration.models().containsKey(adapter.getModel())) {
            problems.add("model", adapter.getModel(), "a known model");
          }
          if (problems.found().isEmpty() && adapter.getVersion().isEmpty()) {
            adapters
                .flatMap(root -> root.adapterDigest(adapter.getFolder()))
                .ifPresentOrElse(
                    adapter::setVersion,
                    () ->
                        problems.add(
                            "version", "", "64 hexadecimal digits, as the folder is not at hand"));
          }
          problems.refuseIfAny();
          String key = adapter.getTenant() + "/" + adapter.getName();
          Optional<Adapter> present = adapterRecords.present(key);
          adapter
              .clearRollout()
              .setRevision(
                  adapterRecords.next(
                      key, expected(request.hasExpectedRevision(), request.getExpectedRevision())))
              .setCreatedEpochS(epochS());
          present
              .filter(a -> a.getVersion().equals(adapter.getVersion()))
              .ifPresent(a -> adapter.mergeRollout(a.getRollout())); // another is compared anew
          change.detail("adapter " + adapter.getName() + " version " + adapter.getVersion());
          write.put(adapter.build());
          return PutAdapterResponse.newBuilder().setAdapter(adapter).build();
        });
  }

  void putPool(PutPoolRequest request, StreamObserver<PutPoolResponse> out) {
    changes.answer(
        out,
        "put_pool",
        "-",
        (change, write) -> {
          RecordRules.check(request.getPool()).refuseIfAny();
          String id = request.getPool().getId();
          change.detail("pool " + id);
          Pool pool =
              request.getPool().toBuilder()
                  .setRevision(
                      poolRecords.next(
                          id,
                          expected(request.hasExpectedRevision(), request.getExpectedRevision())))
                  .build();
          write.put(pool);
          return PutPoolResponse.newBuilder().setPool(pool).build();
        });
  }

  void putRateCard(PutRateCardRequest request, StreamObserver<PutRateCardResponse> out) {
    changes.answer(
        out,
        "put_rate_card",
        "-",
        (change, write) -> {
          RateCardRules.check(request.getRateCard()).refuseIfAny();
          String id = request.getRateCard().getId();
          Problems problems = new Problems();
          RateCard succeeding =
              RateCardRules.succeeding(
                  Optional.ofNullable(configuration.rateCards().get(id)),
                  request.getRateCard(),
                  epochS(),
                  problems);
          problems.refuseIfAny();
          RateCard card =
              succeeding.toBuilder()
                  .setChangedEpochS(epochS())
                  .setRevision(
                      rateCardRecords.next(
                          id,
                          expected(request.hasExpectedRevision(), request.getExpectedRevision())))
                  .build();
          change.detail("rate card " + card.getId());
          write.put(card);
          return PutRateCardResponse.newBuilder().setRateCard(card).build();
        });
  }

  void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> out) {
    tell(out, ListModelsResponse.newBuilder().addAllModels(modelRecords.inOrder()).build());
  }

  void deleteModel(DeleteModelRequest request, StreamObserver<DeleteModelResponse> out) {
    changes.answer(
        out,
        "delete_model",
        "",
        (change, write) -> {
          modelRecords.remove(
              change,
              write,
              request.getId(),
              expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return DeleteModelResponse.getDefaultInstance();
        });
  }

  void listAdapters(ListAdaptersRequest request, StreamObserver<ListAdaptersResponse> out) {
    tell(
        out,
        ListAdaptersResponse.newBuilder()
            .addAllAdapters(
                configuration.adapters().values().stream()
                    .filter(
                        a ->
                            request.getTenant().isEmpty()
                                || a.getTenant().equals(request.getTenant()))
                    .sorted(
                        Comparator.comparing(Adapter::getTenant).thenComparing(Adapter::getName))
                    .toList())
            .build());
  }

  void deleteAdapter(DeleteAdapterRequest request, StreamObserver<DeleteAdapterResponse> out) {
    changes.answer(
        out,
        "delete_adapter",
        request.getTenant(),
        (change, write) -> {
          String key = request.getTenant() + "/" + request.getName();
          adapterRecords.remove(
              change,
              write,
              key,
              expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return DeleteAdapterResponse.getDefaultInstance();
        });
  }

  void listPools(ListPoolsRequest request, StreamObserver<ListPoolsResponse> out) {
    tell(out, ListPoolsResponse.newBuilder().addAllPools(poolRecords.inOrder()).build());
  }

  void deletePool(DeletePoolRequest request, StreamObserver<DeletePoolResponse> out) {
    changes.answer(
        out,
        "delete_pool",
        "",
        (change, write) -> {
          poolRecords.remove(
              change,
              write,
              request.getId(),
              expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return DeletePoolResponse.getDefaultInstance();
        });
  }

  void listRateCards(ListRateCardsRequest request, StreamObserver<ListRateCardsResponse> out) {
    tell(
        out, ListRateCardsResponse.newBuilder().addAllRateCards(rateCardRecords.inOrder()).build());
  }

  void deleteRateCard(DeleteRateCardRequest request, StreamObserver<DeleteRateCardResponse> out) {
    changes.answer(
        out,
        "delete_rate_card",
        "",
        (change, write) -> {
          rateCardRecords.remove(
              change,
              write,
              request.getId(),
              expected(request.hasExpectedRevision(), request.getExpectedRevision()));
          return DeleteRateCardResponse.getDefaultInstance();
        });
  }

  private static void folder(Problems problems, String folder) {
    if (!FolderRoot.isPlain(folder)) {
      problems.add("folder", folder, "plain names separated by /, below the root");
    }
  }

  private long epochS() {
    return clock.instant().getEpochSecond();
  }
}
