package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchLines;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Together;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.ModelName;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.StrictJson;
import dev.cofferdam.gateway.ingress.rest.WholeRun;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.opentelemetry.context.Context;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lines of a batch as OpenAI words them: each is a request of its own, run as any other of the
 * tenant's, in the batch class. What the tenant's limits or the fleet refuse for the time being is
 * not the line's fault: it waits.
 */
public final class OpenAiLines implements BatchLines {
  /** Characters of a line's name. */
  private static final int CUSTOM_ID_MAX = 512;

  private static final Logger LOG = LoggerFactory.getLogger(OpenAiLines.class);
  private static final Duration WHILE_SUSPENDED = Duration.ofMinutes(1);
  private static final Duration WHILE_SPENT = Duration.ofMinutes(5);

  private static final KnownFields FIELDS = KnownFields.only("custom_id", "method", "url", "body");

  /** What a line may be sent to. */
  static final Map<String, Function<JsonNode, Query>> ENDPOINTS =
      Map.of(
          "/v1/chat/completions", ChatQuery::read,
          "/v1/completions", CompletionQuery::read,
          "/v1/embeddings", EmbeddingQuery::read);

  private final WholeRun runs;
  private final WholeRun runsAgain;
  private final Tenants tenants;
  private final BooleanSupplier ready;
  private final InstantSource clock;
  private final Executor disk;
  private final Dialect dialect = new OpenAiDialect();

  private record Line(String customId, JsonNode body) {}

  /**
   * @param ready whether tenants and keys are known
   * @param clock for the keys' expiry
   */
  public OpenAiLines(
      Intake intake,
      Dispatcher dispatcher,
      Tenants tenants,
      BooleanSupplier ready,
      InstantSource clock) {
    AuditFacts quiet = new FactsOfWaiting(dispatcher.facts());
    this.runs = new WholeRun(intake, dispatcher);
    this.runsAgain = new WholeRun(intake.tellingTo(quiet), dispatcher.tellingTo(quiet));
    this.tenants = tenants;
    this.ready = ready;
    this.clock = clock;
    this.disk = dispatcher.disk();
  }

  /**
   * Checks all lines of a job before it is taken on: their form, and that each model is the
   * caller's and served in the batch class.
   *
   * @throws RefusedException that names the first line that does not hold, and nothing that it says
   */
  static void check(TenantProfile tenant, String endpoint, List<String> lines, Offers offers) {
    Set<String> ids = new HashSet<>();
    Set<String> models = new HashSet<>();
    for (int i = 0; i < lines.size(); i++) {
      try {
        Line line = read(endpoint, lines.get(i));
        if (!ids.add(line.customId())) {
          throw Fields.invalid("custom_id", "is another line's, too");
        }
        ModelName name = ModelName.of(line.body());
        if (models.add(name.model())) {
          ModelEntry model = offers.model(tenant, name.model(), "model");
          if (!offers.served(tenant, model, WorkloadClass.BATCH)) {
            throw Refusal.ofParameter(
                    ErrorCode.NOT_ALLOWED,
                    "model",
                    "no pool that the tenant may use serves the model in the class batch")
                .asException();
          }
        }
      } catch (RefusedException e) {
        Refusal why = e.refusal();
        throw new Refusal(
                why.code(),
                "line " + (i + 1) + " of the input file: " + why.message(),
                Optional.of("input_file_id"),
                Optional.empty(),
                Map.of())
            .asException();
      }
    }
  }

  private static Line read(String endpoint, String text) {
    JsonNode line = StrictJson.object(text.getBytes(StandardCharsets.UTF_8));
    FIELDS.check(line, "");
    String customId = Fields.text(line, "custom_id", "custom_id");
    if (customId.isEmpty() || customId.length() > CUSTOM_ID_MAX) {
      throw Fields.invalid(
          "custom_id", "has another length (expected: 1 to " + CUSTOM_ID_MAX + " characters)");
    }
    if (!Fields.text(line, "method", "method").equals("POST")) {
      throw Fields.invalid("method", "must be POST");
    }
    if (!Fields.text(line, "url", "url").equals(endpoint)) {
      throw Fields.invalid("url", "must be the batch's endpoint");
    }
    JsonNode body = line.path("body");
    if (!body.isObject()) {
      throw Fields.invalid("body", "must be an object");
    }
    return new Line(customId, body);
  }

  @Override
  public boolean ready() {
    return ready.getAsBoolean();
  }

  @Override
  public boolean mayRun(Batch batch) {
    String key = batch.submitter().keyId();
    return key.isEmpty()
        || tenants
            .key(key)
            .filter(k -> k.tenant().equals(batch.tenant()))
            .filter(k -> !k.expired(clock.instant().getEpochSecond()))
            .isPresent();
  }

  /** Half of the places that the tenant has: the other half is for those who wait. */
  @Override
  public int atOnceMax(Batch batch) {
    int places = tenants.tenant(batch.tenant()).map(t -> t.limits().concurrentRequests()).orElse(1);
    return Math.max(1, places / 2);
  }

  @Override
  public Running run(Batch batch, String text, boolean again) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    Optional<TenantProfile> tenant = tenants.tenant(batch.tenant());
    if (tenant.isEmpty()) {
      outcome.complete(new Outcome.Never());
      return running(outcome, () -> {});
    }
    if (tenant.get().status() == TenantProfile.Status.SUSPENDED) {
      outcome.complete(new Outcome.Later(WHILE_SUSPENDED));
      return running(outcome, () -> {});
    }
    Line line = read(batch.endpoint(), text);
    WholeRun.Asker asker =
        new WholeRun.Asker(
            RequestId.random(),
            new Identity(tenant.get(), batch.submitter().actor(), batch.submitter().keyId()),
            batch.submitter().sourceIp());
    try {
      Query query = query(batch.endpoint(), line);
      Together together =
          (again ? runsAgain : runs)
              .start(
                  query,
                  asker,
                  OpenAiLines::inBatch,
                  inTrace(tenant.get(), asker.id()),
                  listener(line, asker.id(), outcome));
      return running(outcome, together::cancel);
    } catch (RefusedException e) {
      outcome.complete(outcome(line, asker.id(), e.refusal()));
    } catch (RuntimeException bug) {
      StackTraceElement[] trace = bug.getStackTrace();
      LOG.error(
          "a line of batch {} failed: {} at {}",
          batch.id(),
          bug.getClass().getName(),
          trace.length == 0 ? "-" : trace[0]);
      Refusal internal = Refusal.of(ErrorCode.INTERNAL, "internal error");
      outcome.complete(outcome(line, asker.id(), internal));
    }
    return running(outcome, () -> {});
  }

  private static Query query(String endpoint, Line line) {
    Query query = ENDPOINTS.getOrDefault(endpoint, ChatQuery::read).apply(line.body());
    if (query.stream()) {
      throw Fields.unsupported("stream", "is not supported in a batch");
    }
    return query;
  }

  private static Asked inBatch(Asked asked) {
    return new Asked(
        asked.model(),
        asked.adapter(),
        asked.input(),
        asked.tuning(),
        Optional.of(WorkloadClass.BATCH),
        asked.deadlineEpochMs(),
        asked.retrieval(),
        asked.names());
  }

  private Threads inTrace(TenantProfile tenant, RequestId id) {
    io.grpc.Context context =
        Tracing.with(
            Tracing.tagged(Context.root(), tenant.id().value(), tenant.tier().label(), id.value()));
    return new Threads(
        context.fixedContextExecutor(Runnable::run), context.fixedContextExecutor(disk));
  }

  private WholeRun.Listener listener(Line line, RequestId id, CompletableFuture<Outcome> outcome) {
    return new WholeRun.Listener() {
      @Override
      public void answered(JsonNode body, Optional<LimitState> limits) {
        outcome.complete(new Outcome.Done(true, written(line, id, 200, body)));
      }

      @Override
      public void failed(Told.Failed failed) {
        outcome.complete(outcome(line, id, failed.refusal()));
      }
    };
  }

  private Outcome outcome(Line line, RequestId id, Refusal refusal) {
    ErrorCode code = refusal.code();
    if (waits(code)) {
      Duration least = code == ErrorCode.BUDGET_EXHAUSTED ? WHILE_SPENT : Duration.ZERO;
      return new Outcome.Later(refusal.retryAfter().orElse(least));
    }
    return new Outcome.Done(
        false, written(line, id, code.httpStatus(), dialect.error(id, refusal)));
  }

  /** Whether a line that is refused so is tried again. */
  static boolean waits(ErrorCode code) {
    return code == ErrorCode.BUDGET_EXHAUSTED
        || (code.retryable() && code != ErrorCode.DEADLINE_EXCEEDED);
  }

  private static Running running(CompletableFuture<Outcome> outcome, Runnable end) {
    return new Running() {
      @Override
      public CompletableFuture<Outcome> outcome() {
        return outcome;
      }

      @Override
      public void cancel() {
        if (outcome.cancel(false)) {
          end.run();
        }
      }
    };
  }

  private static String written(Line line, RequestId id, int status, JsonNode body) {
    ObjectNode written = head(id.value(), line.customId());
    written
        .putObject("response")
        .put("status_code", status)
        .put("request_id", id.value())
        .set("body", body);
    return written.putNull("error").toString();
  }

  @Override
  public String given(Batch batch, String text, String code) {
    Line line = read(batch.endpoint(), text);
    ObjectNode written = head(RequestId.random().value(), line.customId()).putNull("response");
    written
        .putObject("error")
        .put("code", code)
        .put("message", "the batch ended before this line was run");
    return written.toString();
  }

  private static ObjectNode head(String id, String customId) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", "batch_req_" + id)
        .put("custom_id", customId);
  }
}
