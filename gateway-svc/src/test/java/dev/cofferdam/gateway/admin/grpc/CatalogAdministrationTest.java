package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.DeleteAdapterRequest;
import dev.cofferdam.proto.admin.v1.DeleteModelRequest;
import dev.cofferdam.proto.admin.v1.DeletePoolRequest;
import dev.cofferdam.proto.admin.v1.DeleteTenantRequest;
import dev.cofferdam.proto.admin.v1.GetTenantRequest;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.ModelShift;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PutPoolRequest;
import dev.cofferdam.proto.admin.v1.PutPoolResponse;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutRateCardResponse;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.ShadowTraffic;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import org.junit.jupiter.api.Test;

class CatalogAdministrationTest extends AdminCalls {
  @Test
  void moneyBudgetsNeedARateCard() {
    Tenant budgeted =
        acme().toBuilder()
            .setLimits(LimitOverrides.newBuilder().setMonthlyCostMicros(5_000_000))
            .build();
    assertThat(put(budgeted).refusal().message())
        .contains("rate_card: default (expected: a known rate card)");

    RateCard card =
        RateCard.newBuilder()
            .setId("default")
            .setCurrency("EUR")
            .addRates(ModelRate.newBuilder().setOutputMicrosPerMillion(2_000_000))
            .build();
    Answer<PutRateCardResponse> answer =
        call(service::putRateCard, PutRateCardRequest.newBuilder().setRateCard(card).build());

    assertThat(answer.value.getRateCard().getChangedEpochS()).isEqualTo(NOW_S);
    assertThat(facts.last().operation()).isEqualTo("admin.put_rate_card");
    assertThat(put(budgeted).value.getTenant().getLimits().getMonthlyCostMicros())
        .isEqualTo(5_000_000);
  }

  @Test
  void allProblemsOfARateCardAreToldAtOnce() {
    RateCard bad =
        RateCard.newBuilder()
            .setId("a b")
            .setCurrency("euro")
            .addRates(ModelRate.newBuilder().setInputMicrosPerMillion(-1))
            .addRates(ModelRate.newBuilder().setOutputMicrosPerMillion(Long.MAX_VALUE))
            .build();

    Refusal refusal =
        call(service::putRateCard, PutRateCardRequest.newBuilder().setRateCard(bad).build())
            .refusal();

    assertThat(refusal.message())
        .contains("id: a b")
        .contains("currency: euro")
        .contains("rates.input_micros_per_million: -1")
        .contains("rates.output_micros_per_million: 9223372036854775807")
        .contains("rates.model: missing (expected: one entry for each model)");
  }

  @Test
  void aModelsDigestIsComputedAndItsFirstTimeIsKept() {
    Model model = put(model("support-desk")).value.getModel();
    written.models().put(model.getId(), model.toBuilder().setCreatedEpochS(5).build());

    Model again = put(model("support-desk")).value.getModel();

    assertThat(model.getDigest()).matches("[0-9a-f]{64}");
    assertThat(model.getCreatedEpochS()).isEqualTo(NOW_S);
    assertThat(again.getCreatedEpochS()).isEqualTo(5);
  }

  @Test
  void aModelsFolderMustLieBelowTheRoot() {
    assertThat(put(model("../adapters/books")).refusal().message()).contains("folder: ../adapters");
    assertThat(put(model("missing")).refusal().message()).contains("folder: missing");
    assertThat(written.models()).isEmpty();
  }

  @Test
  void aModelsShadowIsAnotherKnownModelThatIsThenNotRemoved() throws java.io.IOException {
    file("models/next/config.json", "{}");
    Model.Builder model =
        model("support-desk").toBuilder()
            .setShadow(ShadowTraffic.newBuilder().setModel("next").setShare(2));
    assertThat(put(model.build()).refusal().message())
        .contains("shadow.share: 2.0")
        .contains("shadow.model: next (expected: a known model)");
    put(Model.newBuilder().setId("next").setFolder("next").setContextTokensMax(512).build());
    model.getShadowBuilder().setShare(0.1);
    assertThat(put(model.build()).value.getModel().getShadow().getShare()).isEqualTo(0.1);
    assertThat(
            call(service::deleteModel, DeleteModelRequest.newBuilder().setId("next").build())
                .refusal()
                .message())
        .contains("the shadow of model support-desk");
  }

  @Test
  void aModelIsShiftedToAKnownOneOfNoSmallerContextThatIsThenNotRemoved()
      throws java.io.IOException {
    file("models/next/config.json", "{}");
    Model old = model("support-desk");
    Model next =
        Model.newBuilder()
            .setId("next")
            .setFolder("next")
            .setContextTokensMax(old.getContextTokensMax() - 1)
            .build();
    Model.Builder shifted =
        old.toBuilder().setShift(ModelShift.newBuilder().setModel("next").setShare(2));
    assertThat(put(shifted.build()).refusal().message())
        .contains("shift.share: 2.0")
        .contains("shift.model: next");
    shifted.getShiftBuilder().setShare(0.1);
    put(next);
    assertThat(put(shifted.build()).refusal().message()).contains("no smaller");
    put(next.toBuilder().setContextTokensMax(old.getContextTokensMax()).build());
    assertThat(put(shifted.build()).value.getModel().getShift().getShare()).isEqualTo(0.1);
    assertThat(
            call(service::deleteModel, DeleteModelRequest.newBuilder().setId("next").build())
                .refusal()
                .message())
        .contains("the shift of model support-desk");
  }

  @Test
  void anAdaptersVersionIsComputed() {
    put(acme());
    put(model("support-desk"));

    Adapter adapter = put(adapter("acme", "support-desk", "books")).value.getAdapter();

    assertThat(adapter.getVersion()).matches("[0-9a-f]{64}");
    assertThat(written.adapters()).containsKey("acme/books");
  }

  @Test
  void anAdapterNeedsItsTenantItsModelAndItsFiles() {
    assertThat(put(adapter("nobody", "nothing", "..")).refusal().message())
        .contains("tenant: nobody (expected: a known tenant)")
        .contains("model: nothing (expected: a known model)")
        .contains("folder: ..");
    put(acme());
    put(model("support-desk"));
    assertThat(put(adapter("acme", "support-desk", "empty")).refusal().message())
        .contains("version: missing");
    assertThat(written.adapters()).isEmpty();
  }

  @Test
  void aPoolIsWritten() {
    Pool pool = Pool.newBuilder().setId("shared").build();
    Answer<PutPoolResponse> answer =
        call(service::putPool, PutPoolRequest.newBuilder().setPool(pool).build());

    assertThat(answer.value.getPool()).isEqualTo(pool.toBuilder().setRevision(1).build());
    assertThat(written.pools()).containsEntry("shared", answer.value.getPool());
    assertThat(facts.last().operation()).isEqualTo("admin.put_pool");
  }

  @Test
  void whatOthersReferToIsNotRemoved() {
    put(acme().toBuilder().addPoolsAllowed("shared").build());
    put(model("support-desk"));
    put(adapter("acme", "support-desk", "books"));
    call(
        service::putPool,
        PutPoolRequest.newBuilder().setPool(Pool.newBuilder().setId("shared")).build());

    DeleteModelRequest model = DeleteModelRequest.newBuilder().setId("support-desk").build();
    DeletePoolRequest pool = DeletePoolRequest.newBuilder().setId("shared").build();
    assertThat(call(service::deleteModel, model).refusal().message())
        .isEqualTo("still in use by adapter acme/books");
    assertThat(call(service::deletePool, pool).refusal().message())
        .isEqualTo("still in use by model support-desk");

    call(
        service::deleteAdapter,
        DeleteAdapterRequest.newBuilder().setTenant("acme").setName("books").build());
    assertThat(call(service::deleteModel, model).value).isNotNull();
    assertThat(call(service::deletePool, pool).refusal().message())
        .isEqualTo("still in use by tenant acme");
    assertThat(written.models()).isEmpty();
    assertThat(written.pools()).containsKey("shared");
  }

  @Test
  void whatIsNotThereCannotBeRemovedOrChanged() {
    assertThat(
            call(service::deleteTenant, DeleteTenantRequest.newBuilder().setTenant("x").build())
                .refusal()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(throttle(0.5).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            call(service::getTenant, GetTenantRequest.newBuilder().setTenant("acme").build())
                .refusal()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }
}
