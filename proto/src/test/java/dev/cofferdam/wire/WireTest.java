package dev.cofferdam.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
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
