package dev.cofferdam.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.proto.admin.v1.SimilarResponses;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptResponsesTest {
  private static final Tenant SIMILAR =
      Tenant.newBuilder()
          .setId("harbor-books")
          .setTier(Tier.TIER_STANDARD)
          .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
          .setResponseCacheSeconds(60)
          .setSimilarResponses(SimilarResponses.getDefaultInstance())
          .build();

  @TempDir Path folder;
  private final Vertx vertx = Vertx.vertx();
  private boolean served = true;

  @AfterEach
  void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** Over a Redis that is away. */
  private KeptResponses responses(boolean withSecret) throws Exception {
    Optional<Path> secret =
        withSecret
            ? Optional.of(Files.write(folder.resolve("secret"), new byte[32]))
            : Optional.empty();
    GatewayConfig.Responses config =
        new GatewayConfig.Responses() {
          @Override
          public Optional<Path> secretFile() {
            return secret;
          }

          @Override
          public long timeoutMs() {
            return 200;
          }
        };
    return new KeptResponses(
        config, Redis.createClient(vertx, "redis://127.0.0.1:1"), new Offers(catalog()));
  }

  /** One model, which pools serve or do not. */
  private Catalog catalog() {
    return (Catalog)
        Proxy.newProxyInstance(
            Catalog.class.getClassLoader(),
            new Class<?>[] {Catalog.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "models" -> List.of(Samples.MODEL);
                  case "served" -> served;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static List<String> problems(KeptResponses responses, Tenant tenant) {
    Problems problems = new Problems();
    responses.check(problems, tenant);
    return problems.found();
  }

  @Test
  void aTenantWhoseQuestionsCanBeEmbeddedMayHaveSimilarAnswers() throws Exception {
    assertThat(problems(responses(true), SIMILAR)).isEmpty();
  }

  @Test
  void aGatewayWithoutAKeyForAnswersSaysSoByName() throws Exception {
    assertThat(problems(responses(false), SIMILAR))
        .singleElement()
        .asString()
        .startsWith("similar_responses")
        .contains("cofferdam.responses.secret-file");
  }

  @Test
  void aTenantWithoutAPoolToEmbedInIsRefusedByName() throws Exception {
    served = false;
    assertThat(problems(responses(true), SIMILAR))
        .singleElement()
        .asString()
        .startsWith("similar_responses")
        .contains("embeddings");
    assertThat(problems(responses(true), SIMILAR.toBuilder().clearSimilarResponses().build()))
        .isEmpty();
  }

  @Test
  void aTenantWhoseAnswersCannotBeErasedNowIsNotRemoved() throws Exception {
    KeptResponses away = responses(true);
    assertThatThrownBy(() -> away.erase(new TenantId("harbor-books")))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE));
  }
}
