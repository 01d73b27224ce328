package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.Rest;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Limits as tenants meet them. */
class LimitsTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String SHORT =
      "{\"model\":\"support-desk\",\"max_tokens\":2,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";

  @Test
  void theRequestAfterTheLastOfTheMinuteIsRefusedWithWhatTheSdkNeeds() {
    TenantHandle tenant =
        MESH.newTenant(
            "rpm", "standard", LimitOverrides.newBuilder().setRequestsPerMinute(3).build());
    for (int i = 0; i < 3; i++) {
      assertThat(MESH.rest().post("/v1/chat/completions", tenant.apiKey(), SHORT).status())
          .isEqualTo(200);
    }
    Rest.Answer refused = MESH.rest().post("/v1/chat/completions", tenant.apiKey(), SHORT);
    assertThat(refused.status()).isEqualTo(429);
    assertThat(Long.parseLong(refused.header("retry-after"))).isBetween(1L, 60L);
    assertThat(Long.parseLong(refused.header("retry-after-ms"))).isBetween(1L, 60_000L);
    assertThat(refused.header("x-ratelimit-limit-requests")).isEqualTo("3");
    assertThat(refused.header("x-ratelimit-remaining-requests")).isEqualTo("0");
    assertThat(refused.json().path("error").path("code").asText()).isEqualTo("rate_limit_exceeded");
  }

  @Test
  void aReservationThatCanNeverFitSaysThatWaitingDoesNotHelp() {
    TenantHandle tenant =
        MESH.newTenant(
            "tpm", "standard", LimitOverrides.newBuilder().setTokensPerMinute(50).build());
    Rest.Answer refused =
        MESH.rest()
            .post(
                "/v1/chat/completions",
                tenant.apiKey(),
                SHORT.replace("\"max_tokens\":2", "\"max_tokens\":500"));
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.header("x-should-retry")).isEqualTo("false");
  }

  @Test
  void whatWasReservedAndNotUsedComesBack() {
    TenantHandle tenant =
        MESH.newTenant(
            "back", "standard", LimitOverrides.newBuilder().setTokensPerMinute(1_000).build());
    String reservesMost = SHORT.replace("\"max_tokens\":2", "\"max_tokens\":800");
    for (int i = 0; i < 3; i++) {
      Patience.until(
          "a reservation of most of the minute fits again",
          () ->
              MESH.rest().post("/v1/chat/completions", tenant.apiKey(), reservesMost).status()
                  == 200);
    }
  }

  @Test
  void oneRequestMoreThanTheConcurrencyLimitIsRefusedAndTheSlotComesBackAfterCancel() {
    TenantHandle tenant =
        MESH.newTenant(
            "conc", "standard", LimitOverrides.newBuilder().setConcurrentRequests(1).build());
    AtomicInteger seen = new AtomicInteger();
    StatusRuntimeException[] second = new StatusRuntimeException[1];
    Generation.run(
        MESH.grpc(),
        Generation.credentials(tenant.apiKey(), ""),
        Generation.endless(true, 1_500),
        event -> {
          if (event.hasDelta() && seen.getAndIncrement() == 0) {
            Generation other =
                Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build());
            second[0] = other.status().asRuntimeException(other.trailers());
            throw new Generation.StopReading();
          }
        });
    assertThat(second[0].getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    Refusal refusal = Statuses.toRefusal(second[0]);
    assertThat(refusal.code()).isEqualTo(ErrorCode.CONCURRENCY_LIMIT);
    assertThat(refusal.retryAfter()).isPresent();
    Patience.until(
        "the cancelled request's slot comes back",
        () ->
            Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build())
                .status()
                .isOk());
  }
}
