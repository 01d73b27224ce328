package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicIoException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The REST edge as the official Anthropic SDK for Java sees it. */
class AnthropicSdkTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String QUESTION = "How do I print a return label?";
  private static AnthropicClient client;

  @BeforeAll
  static void makeTenant() {
    client = MESH.anthropic(MESH.newTenant("anthropic", "standard").apiKey());
  }

  private static MessageCreateParams.Builder ask(String model) {
    return MessageCreateParams.builder()
        .model(model)
        .maxTokens(40)
        .temperature(0)
        .addUserMessage(QUESTION);
  }

  private static String text(Message message) {
    return message.content().getFirst().asText().text();
  }

  @Test
  void aStreamedMessageIsTheSameAsAWholeOne() {
    Message whole = client.messages().create(ask("support-desk").build());
    assertThat(text(whole)).isNotBlank();
    assertThat(whole.stopReason()).contains(StopReason.END_TURN);
    MessageAccumulator streamed = MessageAccumulator.create();
    try (StreamResponse<RawMessageStreamEvent> stream =
        client.messages().createStreaming(ask("support-desk").build())) {
      stream.stream().forEach(streamed::accumulate);
    }
    assertThat(text(streamed.message())).isEqualTo(text(whole));
    assertThat(streamed.message().stopReason()).isEqualTo(whole.stopReason());
    assertThat(streamed.message().usage().outputTokens()).isEqualTo(whole.usage().outputTokens());
  }

  @Test
  void theTokensOfAMessageAreThoseThatWereCounted() {
    long counted =
        client
            .messages()
            .countTokens(
                MessageCountTokensParams.builder()
                    .model("support-desk")
                    .system("You are brief.")
                    .addUserMessage(QUESTION)
                    .build())
            .inputTokens();
    Message message =
        client.messages().create(ask("support-desk").system("You are brief.").build());
    assertThat(message.usage().inputTokens() + message.usage().cacheReadInputTokens().orElse(0L))
        .isEqualTo(counted);
  }

  @Test
  void aStopSequenceAndTheBoundSayWhyAMessageEnded() {
    String full = text(client.messages().create(ask("support-desk").build()));
    String stop = full.substring(8, 12);
    Message stopped =
        client.messages().create(ask("support-desk").stopSequences(List.of(stop)).build());
    assertThat(stopped.stopReason()).contains(StopReason.STOP_SEQUENCE);
    assertThat(stopped.stopSequence()).contains(stop);
    assertThat(text(stopped)).isEqualTo(full.substring(0, full.indexOf(stop)));
    Message bounded = client.messages().create(ask("support-desk").maxTokens(2).build());
    assertThat(bounded.stopReason()).contains(StopReason.MAX_TOKENS);
  }

  @Test
  void aClientThatMeetsA503TriesAgainAndIsServed() {
    TenantHandle free = MESH.newTenant("anthropic-503", "free");
    AnthropicClient patient = MESH.anthropic(free.apiKey(), 8, Duration.ofMinutes(1));
    Message answer =
        MESH.throughRefusals(() -> patient.messages().create(ask("support-desk").build()));
    assertThat(text(answer)).isNotBlank();
  }

  @Test
  void aClientThatIsOverItsLimitTriesAgainAndIsServed() throws Exception {
    TenantHandle one =
        MESH.newTenant(
            "anthropic-429",
            "standard",
            LimitOverrides.newBuilder().setConcurrentRequests(1).build());
    AnthropicClient patient = MESH.anthropic(one.apiKey(), 8, Duration.ofMinutes(1));
    AtomicReference<CompletableFuture<Message>> second = new AtomicReference<>();
    Generation.run(
        MESH.grpc(),
        Generation.credentials(one.apiKey(), ""),
        Generation.endless(true, 1_000),
        event -> {
          if (event.hasDelta() && second.get() == null) {
            second.set(
                CompletableFuture.supplyAsync(
                    () -> patient.messages().create(ask("support-desk").build())));
          }
        });
    assertThat(text(second.get().get(60, TimeUnit.SECONDS))).isNotBlank();
  }

  @Test
  void aClientThatDoesNotWaitGivesUp() {
    TenantHandle tenant = MESH.newTenant("anthropic-hasty", "standard");
    AnthropicClient hasty = MESH.anthropic(tenant.apiKey(), 0, Duration.ofMillis(1));
    assertThatThrownBy(() -> hasty.messages().create(ask("support-desk").build()))
        .isInstanceOf(AnthropicIoException.class);
  }

  @Test
  void errorsAreOfTheirClasses() {
    assertThatThrownBy(() -> client.messages().create(ask("nope").build()))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> client.messages().create(ask("support-desk").maxTokens(0).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("max_tokens");
    AnthropicClient stranger = MESH.anthropic("nobody");
    assertThatThrownBy(() -> stranger.messages().create(ask("support-desk").build()))
        .isInstanceOf(UnauthorizedException.class);
  }
}
