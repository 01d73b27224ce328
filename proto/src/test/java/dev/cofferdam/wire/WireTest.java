package dev.cofferdam.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WireTest {
  private static final byte[] KEY = new byte[32];

  private static Optional<byte[]> keys(String id) {
    return id.equals("k1") ? Optional.of(KEY) : Optional.empty();
  }

  @Test
  void aGrantOpensUnderItsKeyOnly() {
    GrantClaims claims =
        GrantClaims.newBuilder().setTenant("a").setWorkerId("w").setKvBlocks(3).build();
    Grant grant = GrantSeal.seal(claims, "k1", KEY);
    assertThat(GrantSeal.open(grant, WireTest::keys)).contains(claims);
    byte[] wrong = KEY.clone();
    wrong[0] = 1;
    assertThat(GrantSeal.open(grant, id -> Optional.of(wrong))).isEmpty();
    assertThat(GrantSeal.open(grant.toBuilder().setKeyId("k2").build(), WireTest::keys)).isEmpty();
  }

  @Test
  void aGrantWithAnyFlippedBitDoesNotOpen() {
    Grant grant =
        GrantSeal.seal(
            GrantClaims.newBuilder().setTenant("a").setRequestId("r").build(), "k1", KEY);
    byte[] claims = grant.getClaims().toByteArray();
    for (int bit = 0; bit < claims.length * 8; bit++) {
      byte[] flipped = claims.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThat(
              GrantSeal.open(
                  grant.toBuilder().setClaims(ByteString.copyFrom(flipped)).build(),
                  WireTest::keys))
          .isEmpty();
    }
    byte[] mac = grant.getMac().toByteArray();
    for (int bit = 0; bit < mac.length * 8; bit++) {
      byte[] flipped = mac.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThat(
              GrantSeal.open(
                  grant.toBuilder().setMac(ByteString.copyFrom(flipped)).build(), WireTest::keys))
          .isEmpty();
    }
  }

  @Test
  void aRecordWithoutBudgetsAndBurstHasThoseOfItsTier() {
    TenantLimits free = TenantRecords.profile(record("free", Tier.TIER_FREE)).limits();
    TenantLimits standard = TenantRecords.profile(record("paid", Tier.TIER_STANDARD)).limits();

    assertThat(free.budgets().dailyTokens()).hasValue(500_000);
    assertThat(free.budgets().hardStop()).isTrue();
    assertThat(standard.budgets()).isEqualTo(Budgets.NONE);
    assertThat(standard.burst()).isEqualTo(new Burst(300, 1_200));
  }

  @Test
  void aRecordsOwnBudgetsReplaceTheTiersAndZeroIsNone() {
    TenantLimits limits =
        TenantRecords.profile(
                record("free", Tier.TIER_FREE).toBuilder()
                    .setRateCard("contract-7")
                    .setLimits(
                        LimitOverrides.newBuilder()
                            .setDailyTokens(0)
                            .setMonthlyCostMicros(5_000_000)
                            .setBudgetHardStop(false)
                            .setBurstRequests(7))
                    .build())
            .limits();

    assertThat(limits.budgets().dailyTokens()).isEmpty();
    assertThat(limits.budgets().monthlyTokens()).hasValue(5_000_000);
    assertThat(limits.budgets().monthlyMicros()).hasValue(5_000_000);
    assertThat(limits.budgets().hardStop()).isFalse();
    assertThat(limits.budgets().rateCard()).isEqualTo("contract-7");
    assertThat(limits.burst()).isEqualTo(new Burst(7, 120));
  }

  @Test
  void aRecordHasItsTiersConnectionsUnlessItSaysOtherwise() {
    Tenant own =
        record("own", Tier.TIER_FREE).toBuilder()
            .setLimits(
                LimitOverrides.newBuilder()
                    .setConnections(5)
                    .setKeepaliveSeconds(7)
                    .setStreamBitsPerSecond(0))
            .build();

    assertThat(connections(record("a", Tier.TIER_FREE)))
        .isEqualTo(new ConnectionLimits(2, 60, 100_000_000));
    assertThat(connections(record("b", Tier.TIER_STANDARD)))
        .isEqualTo(new ConnectionLimits(8, 30, 1_000_000_000));
    assertThat(connections(record("c", Tier.TIER_ENTERPRISE)))
        .isEqualTo(new ConnectionLimits(32, 10, 0));
    assertThat(connections(own)).isEqualTo(new ConnectionLimits(5, 7, 0));
  }

  private static ConnectionLimits connections(Tenant record) {
    return TenantRecords.profile(record).limits().connections();
  }

  @Test
  void aBucketFollowsItsWindowAndAThrottle() {
    Tenant wide =
        record("wide", Tier.TIER_STANDARD).toBuilder()
            .setLimits(LimitOverrides.newBuilder().setRequestsPerMinute(6_000))
            .build();
    Tenant throttled =
        wide.toBuilder()
            .setStatus(TenantStatus.TENANT_STATUS_THROTTLED)
            .setThrottleShare(0.1)
            .build();
    Tenant narrow =
        wide.toBuilder().setLimits(LimitOverrides.newBuilder().setRequestsPerMinute(3)).build();

    assertThat(TenantRecords.profile(wide).limits().burst()).isEqualTo(new Burst(3_000, 12_000));
    assertThat(TenantRecords.profile(throttled).limits().burst()).isEqualTo(new Burst(300, 1_200));
    assertThat(TenantRecords.profile(throttled).limits().tokensPerMinute()).isEqualTo(10_000);
    assertThat(TenantRecords.profile(narrow).limits().burst()).isEqualTo(new Burst(3, 6));
  }

  private static Tenant record(String id, Tier tier) {
    return Tenant.newBuilder()
        .setId(id)
        .setTier(tier)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .build();
  }

  @Test
  void everyRefusalSurvivesTheWire() {
    for (ErrorCode code : ErrorCode.values()) {
      Refusal refusal =
          new Refusal(
              code,
              "why",
              Optional.of("field"),
              Optional.of(Duration.ofMillis(1_250)),
              Map.of("limit", "3"));
      assertThat(Statuses.toRefusal(Statuses.toStatus(refusal))).isEqualTo(refusal);
    }
  }

  @Test
  void anExceptionThatIsNoRefusalLosesItsMessage() {
    StatusRuntimeException status =
        Statuses.toStatus(new IllegalStateException("the prompt was: canary"));
    assertThat(status.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(status.getStatus().getDescription()).doesNotContain("canary");
    assertThat(status.getStatus().getCause()).isNull();
  }

  @Test
  void aRecordTakesItsTiersDefaultsWhereItSaysNothing() {
    TenantProfile profile =
        TenantRecords.profile(
            Tenant.newBuilder()
                .setId("a")
                .setTier(dev.cofferdam.proto.admin.v1.Tier.TIER_ENTERPRISE)
                .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
                .setLimits(LimitOverrides.newBuilder().setRequestsPerMinute(7))
                .build());
    assertThat(profile.limits().requestsPerMinute()).isEqualTo(7);
    assertThat(profile.limits().concurrentRequests()).isEqualTo(256);
    assertThat(profile.limits().weight()).isEqualTo(1.0);
    assertThat(profile.clientCertificateRequired()).isTrue();
    assertThat(profile.kvEncrypted()).isTrue();
  }

  @Test
  void aThrottledTenantKeepsAShareOfItsRatesAndNothingElseChanges() {
    Tenant.Builder record =
        Tenant.newBuilder()
            .setId("a")
            .setTier(dev.cofferdam.proto.admin.v1.Tier.TIER_STANDARD)
            .setStatus(TenantStatus.TENANT_STATUS_THROTTLED)
            .setThrottleShare(0.1);
    TenantProfile profile = TenantRecords.profile(record.build());
    assertThat(profile.limits().tokensPerMinute()).isEqualTo(10_000);
    assertThat(profile.limits().requestsPerMinute()).isEqualTo(60);
    assertThat(profile.limits().concurrentRequests()).isEqualTo(64);
    assertThatThrownBy(() -> TenantRecords.profile(record.setThrottleShare(0).build()))
        .hasMessageContaining("throttle_share");
  }
}
