package dev.cofferdam.verification.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.http.HttpResponse;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.Rest.Answer;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Requests that say something unmistakable, by every way in and to every kind of end. Afterwards it
 * is looked for in all that the mesh has written: logs, spans, Kafka's segments, PostgreSQL's pages
 * and write-ahead log, spools, snapshots, and in what the metrics endpoints show.
 */
class ContentCanaryTest {
  private static final Mesh MESH = Mesh.shared();

  /** What holds secrets or programs by design, and no record of a request. */
  private static final Set<String> BY_DESIGN =
      Set.of("pki", "secrets", "apps", "binaries", "tenants.json");

  private final List<String> needles = new ArrayList<>();

  private String canary(String place) {
    String canary = "Canary" + place + Long.toString(System.nanoTime(), 36);
    needles.add(canary);
    return canary;
  }

  @Test
  void whatARequestSaysIsWrittenNowhere() {
    TenantHandle tenant = MESH.newTenant("canary", "standard");
    // The key's secret half; its first half is the public key id.
    needles.add(tenant.apiKey().substring(tenant.apiKey().length() - 24));

    String requestId = served(tenant);
    refused(tenant);
    cancelled(tenant);
    kept(MESH.newTenant("keeper", "standard", record -> record.setPromptStorageSeconds(3_600)));
    embedded(tenant);
    batched(tenant);

    Patience.until("all requests' audit records are kept", () -> records(tenant) >= 14);
    Patience.until(
        "the trace is complete", () -> MESH.servicesInTrace(requestId).contains("audit"));
    assertThat(filesThatHold(List.of(tenant.id())))
        .as("the search finds what it should")
        .anyMatch(file -> file.startsWith("kafka/"))
        .anyMatch(file -> file.startsWith("postgres/"))
        .anyMatch(file -> file.startsWith("traces/"));
    assertThat(filesThatHold(needles)).isEmpty();
    String metrics = MESH.metrics().all();
    assertThat(metrics).contains("cofferdam_");
    assertThat(needles).noneMatch(metrics::contains);
  }

  /** Requests that are answered; the answers are looked for, too. The last one's id. */
  private String served(TenantHandle tenant) {
    GenerateRequest.Builder chat =
        Generation.chat("Where is my parcel? " + canary("User") + " " + canary("Name"));
    chat.getSamplingBuilder().addStop(canary("Stop")).setIgnoreEnd(true).setMaxOutputTokens(80);
    Generation grpc = Generation.run(MESH.grpc(), tenant.apiKey(), chat.build());
    assertThat(grpc.status().isOk()).isTrue();
    remember(grpc.text());

    for (boolean stream : new boolean[] {false, true}) {
      Answer answer = post(tenant, canary("Rest"), ",\"max_tokens\":40,\"stream\":" + stream);
      assertThat(answer.status()).isEqualTo(200);
      if (!stream) {
        remember(answer.json().at("/choices/0/message/content").asText());
      }
    }
    Generation raw =
        Generation.run(
            MESH.grpc(),
            tenant.apiKey(),
            Generation.chat("").clearChat().setPrompt("The parcel of " + canary("Raw")).build());
    assertThat(raw.status().isOk()).isTrue();
    return grpc.requestId();
  }

  /** A piece of an answer that nothing else says by chance. */
  private void remember(String answer) {
    assertThat(answer).hasSizeGreaterThan(11);
    needles.add(answer.substring(0, Math.min(answer.length(), 30)));
  }

  private void embedded(TenantHandle tenant) {
    Answer answer =
        MESH.rest()
            .post(
                "/v1/embeddings",
                tenant.apiKey(),
                "{\"model\":\"support-desk\",\"input\":\"" + canary("Embedded") + "\"}");
    assertThat(answer.status()).isEqualTo(200);
    needles.add(answer.json().at("/data/0/embedding/0").asText());
  }

  /** Lines, names, notes and answers of a batch are kept, and sealed. */
  private void batched(TenantHandle tenant) {
    OpenAIClient client = MESH.openAi(tenant.apiKey());
    String line =
        "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/completions\",\"body\":{\"model\":"
            + "\"support-desk\",\"max_tokens\":40,\"prompt\":\"Your parcel, %s, is\"}}";
    String file =
        client
            .files()
            .create(
                FileCreateParams.builder()
                    .purpose(FilePurpose.BATCH)
                    .file(
                        line.formatted(canary("Line"), canary("Prompt"))
                            .getBytes(StandardCharsets.UTF_8))
                    .build())
            .id();
    Batch batch =
        client
            .batches()
            .create(
                BatchCreateParams.builder()
                    .inputFileId(file)
                    .endpoint(BatchCreateParams.Endpoint.V1_COMPLETIONS)
                    .completionWindow(BatchCreateParams.CompletionWindow._24H)
                    .build());
    Patience.until(
        "the batch has ended",
        () -> client.batches().retrieve(batch.id()).status().equals(Batch.Status.COMPLETED));
    String output = client.batches().retrieve(batch.id()).outputFileId().orElseThrow();
    try (HttpResponse answers = client.files().content(output)) {
      String text = new String(answers.body().readAllBytes(), StandardCharsets.UTF_8);
      remember(new JsonMapper().readTree(text).at("/response/body/choices/0/text").asText());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void refused(TenantHandle tenant) {
    assertThat(post(tenant, canary("Odd"), ",\"temperature\":-1").status()).isEqualTo(400);
    assertThat(post(tenant, canary("Long") + " parcel".repeat(9_000), "").status()).isEqualTo(400);
    Answer unknown =
        MESH.rest()
            .post(
                "/v1/chat/completions",
                tenant.apiKey(),
                "{\"model\":\"no-such-model\",\"messages\":[{\"role\":\"user\",\"content\":\""
                    + canary("Unknown")
                    + "\"}]}");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(
            MESH.rest().post("/v1/chat/completions", "cdm_" + canary("Key") + "_x", "{}").status())
        .isEqualTo(401);
    assertThat(
            MESH.rest()
                .post("/v1/chat/completions", tenant.apiKey(), "{\"" + canary("Broken"))
                .status())
        .isEqualTo(400);
  }

  private void cancelled(TenantHandle tenant) {
    GenerateRequest.Builder endless = Generation.endless(true, 2_000).toBuilder();
    endless.getChatBuilder().getMessagesBuilder(0).setContent("Explain " + canary("Gone"));
    Generation generation =
        Generation.run(
            MESH.grpc(),
            Generation.credentials(tenant.apiKey(), ""),
            endless.build(),
            event -> {
              if (event.hasDelta()) {
                throw new Generation.StopReading();
              }
            });
    assertThat(generation.status().getCode()).isEqualTo(Status.Code.CANCELLED);
  }

  /** A request that its tenant has kept: sealed. Only the tenant reads it. */
  private void kept(TenantHandle tenant) {
    String said = canary("Kept");
    Answer answer = post(tenant, said, ",\"max_tokens\":40");
    assertThat(answer.status()).isEqualTo(200);
    remember(answer.json().at("/choices/0/message/content").asText());
    String path = "/v1/stored-requests/" + answer.header("x-request-id");
    Patience.until(
        "the request is kept", () -> MESH.rest().get(path, tenant.apiKey()).status() == 200);
    JsonNode read = MESH.rest().get(path, tenant.apiKey()).json();
    assertThat(read.at("/input/1/content").asText()).contains(said);
    assertThat(read.path("answer").asText())
        .isEqualTo(answer.json().at("/choices/0/message/content").asText());
    TenantHandle other = MESH.newTenant("other", "standard");
    assertThat(MESH.rest().get(path, other.apiKey()).status()).isEqualTo(404);
  }

  private Answer post(TenantHandle tenant, String text, String more) {
    return MESH.rest()
        .post(
            "/v1/chat/completions",
            tenant.apiKey(),
            "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"system\",\"content\":\"You are "
                + canary("System")
                + "\"},{\"role\":\"user\",\"content\":\"How do I print a return label? "
                + text
                + "\"}]"
                + more
                + "}");
  }

  private static int records(TenantHandle tenant) {
    return AuditServiceGrpc.newBlockingStub(MESH.audit())
        .listRecords(ListRecordsRequest.newBuilder().setTenant(tenant.id()).build())
        .getRecordsCount();
  }

  /** Files below the mesh's folder in which any of the texts is found. */
  private static Set<String> filesThatHold(List<String> texts) {
    Path state = MESH.state();
    Set<String> found = new TreeSet<>();
    try (Stream<Path> files = Files.walk(state)) {
      files
          .filter(Files::isRegularFile)
          .filter(file -> !BY_DESIGN.contains(state.relativize(file).getName(0).toString()))
          .filter(file -> holdsAny(file, texts))
          .forEach(file -> found.add(state.relativize(file).toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static boolean holdsAny(Path file, List<String> texts) {
    try {
      String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
      return texts.stream().anyMatch(bytes::contains);
    } catch (java.nio.file.NoSuchFileException e) {
      return false; // it was temporary
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
