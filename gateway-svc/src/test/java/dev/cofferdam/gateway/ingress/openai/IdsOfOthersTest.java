package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.SampleBatches;
import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.retrieval.Document;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.retrieval.postgres.PostgresDocuments;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.postgres.PostgresOwners;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.gateway.transcripts.Transcript;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.gateway.transcripts.postgres.PostgresTranscripts;
import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A tenant names what another keeps in the gateway's database. */
@Timeout(60)
class IdsOfOthersTest {
  private static final TenantId OTHER = new TenantId("globex");
  private static final DocumentLimits ROOM = DocumentLimits.of(10, 1 << 20, 1 << 18);
  private static final Document DOCUMENT =
      new Document("doc-" + RequestId.random(), "books", "title", "Where it lies.");

  @TempDir Path folder;
  private final ServingDatabase server = ServingDatabase.emptied();
  private final TenantDatabase database = server.open();
  private final BatchStore batches = new PostgresBatchStore(database, new byte[32]);
  private final Documents documents = new PostgresDocuments(database);
  private final Transcripts transcripts =
      new PostgresTranscripts(database, new Vault(new byte[32]));
  private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
  private final ForeignIds foreign = new ForeignIds(new PostgresOwners(database), thread);
  private RestHarness rest;

  @BeforeEach
  void start() throws Exception {
    rest =
        new RestHarness(
            folder,
            documents,
            transcripts,
            foreign,
            (edge, router) ->
                new OpenAiBatches(
                        edge, batches, BatchSettings.DEFAULTS, foreign, InstantSource.system())
                    .mount(router));
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
    thread.shutdownNow();
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    return rest.send(
        rest.request(path).method(method, HttpRequest.BodyPublishers.noBody()).build());
  }

  private HttpResponse<String> jobOf(String file) throws Exception {
    return rest.post(
        "/v1/batches",
        "{\"input_file_id\":\"%s\",\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\"}"
            .formatted(file));
  }

  /** Each way to name a file, a job, a document and a stored request. */
  private List<HttpResponse<String>> named(
      String file, String batch, String document, String request) throws Exception {
    List<HttpResponse<String>> answers = new ArrayList<>();
    answers.add(send("GET", "/v1/files/" + file));
    answers.add(send("GET", "/v1/files/" + file + "/content"));
    answers.add(send("DELETE", "/v1/files/" + file));
    answers.add(jobOf(file));
    answers.add(send("GET", "/v1/batches/" + batch));
    answers.add(send("POST", "/v1/batches/" + batch + "/cancel"));
    answers.add(send("GET", "/v1/documents/" + document));
    answers.add(send("DELETE", "/v1/documents/" + document));
    answers.add(send("GET", "/v1/stored-requests/" + request));
    answers.add(send("DELETE", "/v1/stored-requests/" + request));
    return answers;
  }

  private List<AuditFact> violations() throws Exception {
    // What is looked up is looked up in its order.
    thread.submit(() -> {}).get(10, TimeUnit.SECONDS);
    return rest.gateway.facts.facts().stream()
        .filter(fact -> fact.severity() == AuditFact.Severity.CRITICAL)
        .toList();
  }

  private static RequestId stored(Transcripts transcripts, TenantId tenant) {
    RequestId id = RequestId.random();
    long now = System.currentTimeMillis();
    transcripts.put(
        tenant,
        List.of(
            new Transcript(
                id,
                now,
                now + 3_600_000,
                "m",
                "",
                "completed",
                7,
                5,
                List.of(new ChatMessage("user", "Where is it?")),
                "On Monday.")));
    return id;
  }

  @Test
  void eachIsAnsweredAsIfNobodyHadItAndIsACriticalFact() throws Exception {
    Batch batch = SampleBatches.create(batches, OTHER, 2);
    var unused = documents.put(OTHER, DOCUMENT, ROOM);
    RequestId request = stored(transcripts, OTHER);
    List<HttpResponse<String>> ofNobody =
        named(
            "file-" + RequestId.random(),
            "batch_" + RequestId.random(),
            "doc-" + RequestId.random(),
            RequestId.random().value());
    assertThat(violations()).isEmpty();

    List<HttpResponse<String>> ofAnother =
        named(batch.inputFile(), batch.id(), DOCUMENT.id(), request.value());

    assertThat(ofAnother)
        .allMatch(answer -> answer.statusCode() == 404)
        .extracting(HttpResponse::body)
        .containsExactlyElementsOf(ofNobody.stream().map(HttpResponse::body).toList());
    assertThat(violations())
        .hasSize(ofAnother.size())
        .allMatch(fact -> fact.tenant().equals("harbor-books"))
        .allMatch(fact -> fact.operation().equals("hidden_violation"))
        .extracting(AuditFact::detail)
        .contains(
            "asked for a file of another tenant: " + batch.inputFile(),
            "asked for a batch of another tenant: " + batch.id(),
            "asked for a document of another tenant: " + DOCUMENT.id(),
            "asked for a stored request of another tenant: " + request);
    assertThat(foreign.unchecked()).isZero();
    assertThat(batches.batch(OTHER, batch.id())).isPresent();
  }

  @Test
  void aNameThatATenantChoseMayBeTheSameByChance() throws Exception {
    var unused = documents.put(OTHER, new Document("faq", "books", "", "Text."), ROOM);

    assertThat(send("GET", "/v1/documents/faq").statusCode()).isEqualTo(404);
    assertThat(violations()).isEmpty();
  }

  @Test
  void theUserThatServesSeesNoForeignRowAndTheOwnerNoneThatWasNotNamed() {
    Batch batch = SampleBatches.create(batches, OTHER, 2);
    String named = "set cofferdam.named = '" + batch.inputFile() + "'; ";

    assertThat(server.as("serving", named + "select count(*) from batch_files")).isEqualTo("0");
    assertThat(server.as("gateway", "select count(*) from batch_files")).isEqualTo("0");
    assertThat(server.as("gateway", named + "select count(*) from batch_files")).isEqualTo("1");
    assertThat(server.asSuperuser("select count(*) from batch_files")).isNotEqualTo("1");
  }
}
