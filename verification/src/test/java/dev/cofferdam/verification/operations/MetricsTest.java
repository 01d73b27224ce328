package dev.cofferdam.verification.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import io.grpc.Status;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What running services publish is what the list says, and leads from a bucket to a trace. */
class MetricsTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String OPERATION = "gen_ai.operation.name";
  private static final Pattern TYPE =
      Pattern.compile("# TYPE ((?:cofferdam|tenant|gen_ai)_\\S+|vllm:\\S+) (\\w+)");
  private static final Pattern EXEMPLAR =
      Pattern.compile(
          "cofferdam_ttft_seconds_bucket\\{.*} \\S+ # \\{.*trace_id=\"([0-9a-f]{32})\"");

  private static Set<String> published(String service) {
    Set<String> published = new TreeSet<>();
    MESH.metrics()
        .pages()
        .forEach(
            (process, page) -> {
              if (process.equals(service) || process.startsWith(service + "-")) {
                Matcher matcher = TYPE.matcher(page);
                while (matcher.find()) {
                  // Micrometer's own: the largest value of the last minutes.
                  if (!matcher.group(1).endsWith("_max")) {
                    published.add(matcher.group(1) + " " + matcher.group(2));
                  }
                }
              }
            });
    return published;
  }

  /** A request that is answered; returns its id. */
  private static String served() {
    TenantHandle tenant = MESH.newTenant("metrics", "standard");
    Generation generation =
        Generation.run(
            MESH.grpc(), tenant.apiKey(), Generation.chat("Where is my parcel?").build());
    assertThat(generation.status().getCode()).isEqualTo(Status.Code.OK);
    return generation.requestId();
  }

  @Test
  void theListNamesWhatServicesPublishAndNothingElse() {
    served();
    List<MetricNames.Listed> listed = MetricNames.listed();
    for (String service :
        List.of("gateway", "router", "scheduler", "worker", "metering", "audit")) {
      Set<String> always = new TreeSet<>();
      Set<String> all = new TreeSet<>();
      for (MetricNames.Listed metric : listed) {
        if (metric.service().equals(service)) {
          String line = metric.name() + " " + metric.type();
          all.add(line);
          if (metric.always()) {
            always.add(line);
          }
        }
      }
      // Facts of the request are counted when they are stored.
      Patience.until(
          service + " publishes what is listed", () -> published(service).containsAll(always));
      assertThat(all).as(service).containsAll(published(service));
    }
  }

  @Test
  void aBucketOfTheFirstTokensTimeNamesTheRequestsTrace() {
    // The first request of a tenant is the first in its bucket.
    String request = served();

    Set<String> named =
        EXEMPLAR
            .matcher(MESH.metrics().openMetrics("gateway"))
            .results()
            .map(exemplar -> exemplar.group(1))
            .collect(Collectors.toSet());
    Patience.until(
        "a bucket names the trace of the request",
        () -> MESH.spans(request).stream().anyMatch(span -> named.contains(span.trace())));
  }

  @Test
  void aRequestsSpanSaysWhatWasGeneratedByTheConventionsForGenerativeAi() {
    String request = served();

    Patience.until(
        "the request's span",
        () -> MESH.spans(request).stream().anyMatch(s -> s.attributes().containsKey(OPERATION)));
    assertThat(MESH.spans(request))
        .anySatisfy(
            span ->
                assertThat(span.attributes())
                    .containsEntry(OPERATION, "chat")
                    .containsEntry("gen_ai.provider.name", "cofferdam")
                    .containsEntry("gen_ai.request.model", "support-desk")
                    .containsKeys("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"));
  }
}
