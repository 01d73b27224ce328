package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStatus;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.Reply;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.ingress.rest.StrictJson;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.vertx.ext.web.Router;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * OpenAI's batches. A job is checked before it is taken on, so none is ever "validating", and a bad
 * line is refused with its number instead of failing the job later.
 */
final class BatchesApi {
  private static final int BODY_BYTES_MAX = 64 << 10;
  private static final int NOTES_MAX = 16;
  private static final int NOTE_NAME_MAX = 64;
  private static final int NOTE_MAX = 512;
  private static final JsonMapper JSON = new JsonMapper();

  private static final JsonNode REVOKED = revoked();

  private static final KnownFields FIELDS =
      KnownFields.only("input_file_id", "endpoint", "completion_window", "metadata");

  private final RestEdge edge;
  private final Intake intake;
  private final BatchStore store;
  private final BatchSettings settings;
  private final InstantSource clock;
  private final FilesApi files;
  private final MissingIds missing;

  /**
   * @param files where the input of jobs is
   */
  BatchesApi(
      RestEdge edge,
      BatchStore store,
      BatchSettings settings,
      FilesApi files,
      ForeignIds foreign,
      InstantSource clock) {
    this.edge = edge;
    this.intake = edge.intake();
    this.store = store;
    this.settings = settings;
    this.clock = clock;
    this.files = files;
    this.missing = new MissingIds(intake, foreign, GeneratedId.Kind.BATCH);
  }

  void mount(Router router, Dialect dialect) {
    edge.call(
        router.post("/v1/batches"),
        "/v1/batches",
        dialect,
        "batch.create",
        BODY_BYTES_MAX,
        this::create);
    edge.call(router.get("/v1/batches"), "/v1/batches", dialect, "batch.list", 0, this::list);
    edge.call(
        router.get("/v1/batches/:id"), "/v1/batches/{id}", dialect, "batch.get", 0, this::describe);
    edge.call(
        router.post("/v1/batches/:id/cancel"),
        "/v1/batches/{id}/cancel",
        dialect,
        "batch.cancel",
        0,
        this::cancel);
  }

  private Reply create(Call call) {
    JsonNode body = StrictJson.object(call.body());
    FIELDS.check(body, "");
    TenantProfile tenant = call.identity().tenant();
    String endpoint = Fields.text(body, "endpoint", "endpoint");
    if (!OpenAiLines.ENDPOINTS.containsKey(endpoint)) {
      throw Fields.invalid(
          "endpoint",
          "is unknown (expected: /v1/chat/completions, /v1/completions or /v1/embeddings)");
    }
    if (!Fields.text(body, "completion_window", "completion_window").equals("24h")) {
      throw Fields.invalid("completion_window", "must be 24h");
    }
    String metadata = metadata(body);
    if (!tenant.workloadClassesAllowed().contains(WorkloadClass.BATCH)) {
      throw Refusal.ofParameter(
              ErrorCode.NOT_ALLOWED, "endpoint", "the tenant may not use the class batch")
          .asException();
    }
    String input = Fields.text(body, "input_file_id", "input_file_id");
    int lines = lines(call, endpoint, input);
    if (store.usage(tenant.id()).unfinished() >= settings.unfinishedMax()) {
      throw Refusal.of(
              ErrorCode.CONCURRENCY_LIMIT,
              "the tenant has "
                  + settings.unfinishedMax()
                  + " batches that have not ended; more are refused")
          .asException();
    }
    Batch batch = batch(call, endpoint, input, lines, metadata);
    store.create(batch);
    intake.done(call.id(), call.identity(), call.sourceIp(), "batch.create", batch.id());
    return new Reply.Body(json(batch));
  }

  private Batch batch(Call call, String endpoint, String input, int lines, String metadata) {
    long now = clock.millis();
    return new Batch(
        call.identity().tenant().id(),
        "batch_" + RequestId.random().value(),
        endpoint,
        input,
        "file-" + RequestId.random().value(),
        "file-" + RequestId.random().value(),
        BatchStatus.IN_PROGRESS,
        new Batch.Counts(lines, 0, 0),
        now,
        now + settings.window().toMillis(),
        OptionalLong.empty(),
        OptionalLong.empty(),
        metadata,
        new Batch.Submitter(call.identity().actor(), call.sourceIp(), call.identity().keyId()));
  }

  /** The number of lines, all of them checked. */
  private int lines(Call call, String endpoint, String input) {
    TenantProfile tenant = call.identity().tenant();
    if (files.named(call, input, "input_file_id").output()) {
      throw Fields.invalid("input_file_id", "is a file that a batch wrote");
    }
    List<String> lines = store.lines(tenant.id(), input);
    if (lines.isEmpty() || lines.size() > settings.linesMax()) {
      throw Fields.invalid(
          "input_file_id",
          "has " + lines.size() + " lines (expected: 1 to " + settings.linesMax() + ")");
    }
    OpenAiLines.check(tenant, endpoint, lines, intake.offers());
    return lines.size();
  }

  private static String metadata(JsonNode body) {
    JsonNode metadata = Fields.present(body, "metadata").orElse(null);
    if (metadata == null) {
      return "null";
    }
    boolean fits = metadata.isObject() && metadata.size() <= NOTES_MAX;
    for (Map.Entry<String, JsonNode> note : metadata.properties()) {
      fits &= note.getKey().length() <= NOTE_NAME_MAX;
      fits &= note.getValue().isTextual() && note.getValue().textValue().length() <= NOTE_MAX;
    }
    if (!fits) {
      throw Fields.invalid("metadata", "must be an object of at most 16 short strings");
    }
    return metadata.toString();
  }

  private Reply list(Call call) {
    TenantId tenant = call.identity().tenant().id();
    int limit = Pages.limit(call);
    String after = Pages.parameter(call, "after").orElse("");
    List<Batch> found = store.batches(tenant, after, limit + 1);
    List<Batch> shown = found.subList(0, Math.min(limit, found.size()));
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    shown.forEach(batch -> data.add(json(batch)));
    if (!shown.isEmpty()) {
      body.put("first_id", shown.getFirst().id()).put("last_id", shown.getLast().id());
    }
    return new Reply.Body(body.put("has_more", found.size() > limit));
  }

  private Reply describe(Call call) {
    return new Reply.Body(
        json(
            store.batch(call.identity().tenant().id(), id(call)).orElseThrow(() -> unknown(call))));
  }

  private Reply cancel(Call call) {
    Batch batch =
        store
            .cancel(call.identity().tenant().id(), id(call), clock.millis())
            .orElseThrow(() -> unknown(call));
    if (batch.status() != BatchStatus.CANCELLING && batch.status() != BatchStatus.CANCELLED) {
      throw Refusal.ofParameter(ErrorCode.FAILED_PRECONDITION, "batch_id", "the batch has ended")
          .asException();
    }
    intake.done(call.id(), call.identity(), call.sourceIp(), "batch.cancel", batch.id());
    return new Reply.Body(json(batch));
  }

  private static String id(Call call) {
    return call.path().getOrDefault("id", "");
  }

  private RefusedException unknown(Call call) {
    return missing.refusal(
        call,
        id(call),
        Refusal.ofParameter(
            ErrorCode.NOT_FOUND, "batch_id", "the batch does not exist or is not yours"));
  }

  private static ObjectNode json(Batch batch) {
    boolean ended = batch.status().ended();
    // Clients know no revoked jobs.
    boolean revoked = batch.status() == BatchStatus.REVOKED;
    String status = (revoked ? BatchStatus.FAILED : batch.status()).label();
    Batch.Counts counts = batch.counts();
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("id", batch.id())
            .put("object", "batch")
            .put("endpoint", batch.endpoint())
            .put("input_file_id", batch.inputFile())
            .put("completion_window", "24h")
            .put("status", status)
            .put("output_file_id", ended && counts.completed() > 0 ? batch.outputFile() : null)
            .put("error_file_id", ended && counts.failed() > 0 ? batch.errorFile() : null)
            .put("created_at", batch.createdMs() / 1000)
            .put("in_progress_at", batch.createdMs() / 1000)
            .put("expires_at", batch.expiresMs() / 1000);
    batch.cancellingMs().ifPresent(ms -> node.put("cancelling_at", ms / 1000));
    batch.endedMs().ifPresent(ms -> node.put(status + "_at", ms / 1000));
    node.putObject("request_counts")
        .put("total", counts.total())
        .put("completed", counts.completed())
        .put("failed", counts.failed());
    node.set("metadata", notes(batch.metadata()));
    node.set("errors", revoked ? REVOKED : JsonNodeFactory.instance.nullNode());
    return node;
  }

  private static JsonNode revoked() {
    ObjectNode errors = JsonNodeFactory.instance.objectNode().put("object", "list");
    errors
        .putArray("data")
        .addObject()
        .put("code", "batch_revoked")
        .put("message", "the API key that asked for the batch was revoked")
        .putNull("param")
        .putNull("line");
    return errors;
  }

  private static JsonNode notes(String metadata) {
    try {
      return JSON.readTree(metadata);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("notes that were JSON are not");
    }
  }
}
