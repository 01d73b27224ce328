package dev.cofferdam.router.routing;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.routing.Scorer.RequestView;
import dev.cofferdam.router.routing.Scorers.Weighted;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.Directory.OwnedAdapter;
import dev.cofferdam.router.tenancy.Directory.PoolRecord;
import dev.cofferdam.router.tenancy.Directory.ServedModel;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Filter, score, pick: from an envelope to the pool whose best worker scores highest, and that
 * pool's workers, best first. What a request may do comes from the tenant's record alone.
 */
public final class RoutePlanner {
  /** Workers that the scheduler is told of. */
  public static final int CANDIDATES_MAX = 64;

  private static final int TENANTS_REMEMBERED_MAX = 100_000;

  private final Directory directory;
  private final PrefixIndex index;
  private final List<Weighted> scorers;
  private final double weightSum;
  private final Map<TenantId, String> lastWorkers =
      Collections.synchronizedMap(
          new LinkedHashMap<>(256, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<TenantId, String> eldest) {
              return size() > TENANTS_REMEMBERED_MAX;
            }
          });

  public RoutePlanner(Directory directory, PrefixIndex index, RoutingWeights weights) {
    this.directory = directory;
    this.index = index;
    this.scorers = Scorers.of(weights);
    this.weightSum = scorers.stream().mapToDouble(Weighted::weight).sum();
  }

  /** A tenant was served by a worker. */
  public void served(TenantId tenant, String workerId) {
    lastWorkers.put(tenant, workerId);
  }

  /**
   * Routes a request.
   *
   * @param live live workers
   * @param startedMs when the placement began: an excluded worker that came back since then counts
   *     again
   * @param lastResort whether an excluded worker is taken where no other is left
   */
  public Route plan(Envelope request, List<Worker> live, long startedMs, boolean lastResort) {
    Route route = plan(request, live, startedMs);
    if (lastResort && route instanceof Route.NoWorker && !request.excludedWorkers().isEmpty()) {
      return plan(request.withoutExclusions(), live, startedMs);
    }
    return route;
  }

  /** Routes a request, never to an excluded worker that did not come back since it began. */
  public Route plan(Envelope request, List<Worker> live, long startedMs) {
    Optional<TenantProfile> tenant = directory.tenant(request.tenant());
    if (tenant.isEmpty()) {
      return directory.ready()
          ? refused(ErrorCode.NOT_ALLOWED, "this tenant is not known")
          : new Route.NoWorker(
              Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the router has no configuration yet")
                  .withRetryAfter(Duration.ofSeconds(1)));
    }
    return plan(request, tenant.get(), live, startedMs);
  }

  private Route plan(Envelope request, TenantProfile tenant, List<Worker> live, long startedMs) {
    if (tenant.status() == TenantProfile.Status.SUSPENDED) {
      return refused(ErrorCode.TENANT_SUSPENDED, "this tenant is suspended");
    }
    Optional<ServedModel> model = directory.model(request.model());
    if (model.isEmpty()) {
      return refused(ErrorCode.MODEL_NOT_FOUND, "no such model");
    }
    boolean named = tenant.modelsAllowed().contains(request.model());
    if (!named && (model.get().restricted() || !tenant.modelsAllowed().isEmpty())) {
      return refused(ErrorCode.NOT_ALLOWED, "this tenant may not use this model");
    }
    if (!tenant.workloadClassesAllowed().contains(request.workloadClass())) {
      return refused(
          ErrorCode.NOT_ALLOWED,
          "this tenant may not use class " + request.workloadClass().label());
    }
    int contextMax = Math.min(model.get().contextTokensMax(), tenant.limits().contextTokensMax());
    if (request.contextTokens() > contextMax) {
      return refused(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "input and output of "
              + request.contextTokens()
              + " tokens exceed the context of "
              + contextMax);
    }
    String version = "";
    if (!request.adapter().isEmpty()) {
      Optional<OwnedAdapter> adapter =
          directory
              .adapter(tenant.id(), request.adapter())
              .filter(a -> a.model().equals(request.model()));
      if (adapter.isEmpty()) {
        return refused(ErrorCode.ADAPTER_NOT_FOUND, "no such adapter");
      }
      version = adapter.get().version();
    }
    return rank(request, tenant, model.get(), version, live, startedMs);
  }

  private Route rank(
      Envelope request,
      TenantProfile tenant,
      ServedModel model,
      String version,
      List<Worker> live,
      long startedMs) {
    Map<String, List<Candidate>> pools = new TreeMap<>();
    Map<String, Integer> matched = index.match(request.prefixDigests());
    for (Worker worker : live) {
      if (eligible(worker, request, startedMs)
          && PoolFilter.allows(
              tenant,
              model,
              request,
              directory.pool(worker.pool()).orElseGet(() -> PoolRecord.shared(worker.pool())))) {
        int cached =
            Math.min(
                matched.getOrDefault(worker.id(), 0) * worker.blockTokens(),
                Math.max(0, request.promptTokens() - 1));
        pools
            .computeIfAbsent(worker.pool(), unused -> new ArrayList<>())
            .add(score(worker, request, version, cached));
      }
    }
    Comparator<Candidate> best =
        Comparator.comparingDouble(Candidate::score).reversed().thenComparing(Candidate::workerId);
    pools.values().forEach(candidates -> candidates.sort(best));
    return pools.entrySet().stream()
        .min(Comparator.comparing(entry -> entry.getValue().getFirst(), best))
        .<Route>map(
            entry ->
                new Route.Ranked(
                    entry.getKey(),
                    tenant,
                    version,
                    List.copyOf(
                        entry
                            .getValue()
                            .subList(0, Math.min(CANDIDATES_MAX, entry.getValue().size())))))
        .orElseGet(
            () ->
                new Route.NoWorker(
                    Refusal.of(
                            ErrorCode.NO_CAPACITY,
                            "no worker of a pool that this tenant may use is live")
                        .withRetryAfter(Duration.ofSeconds(2))));
  }

  private static boolean eligible(Worker worker, Envelope request, long startedMs) {
    return worker.models().contains(request.model())
        && !worker.load().draining()
        && (!request.excludedWorkers().contains(worker.id()) || worker.attachedMs() > startedMs);
  }

  private Candidate score(Worker worker, Envelope request, String version, int cached) {
    String last = lastWorkers.getOrDefault(request.tenant(), "");
    RequestView view =
        new RequestView(
            request, version.isEmpty() ? "" : request.model() + "/" + version, cached, last);
    double sum = 0;
    List<String> explanation = new ArrayList<>(scorers.size());
    for (Weighted weighted : scorers) {
      Scorer.Score score = weighted.scorer().score(worker, view);
      sum += weighted.weight() * score.value();
      explanation.add(line(weighted, score));
    }
    return new Candidate(worker.id(), worker.endpoint(), sum / weightSum, cached, explanation);
  }

  /** "name 0.00 ×weight reason"; put together by hand, because a Formatter costs ten times that. */
  private static String line(Weighted weighted, Scorer.Score score) {
    long hundredths = Math.round(score.value() * 100);
    return weighted.scorer().name()
        + ' '
        + hundredths / 100
        + '.'
        + hundredths / 10 % 10
        + hundredths % 10
        + " ×"
        + weighted.weight()
        + ' '
        + score.reason();
  }

  private static Route refused(ErrorCode code, String message) {
    return new Route.Refused(Refusal.of(code, message));
  }
}
