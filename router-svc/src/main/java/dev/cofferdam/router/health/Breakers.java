package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A circuit breaker for each model and each version of an adapter: what fails wherever it runs is
 * refused at once instead of failing on one worker after the other.
 *
 * <table>
 *   <caption>Transitions</caption>
 *   <tr><th>from</th><th>when</th><th>to</th></tr>
 *   <tr><td>closed</td><td>too many fail</td><td>open</td></tr>
 *   <tr><td>open</td><td>its time is over</td><td>half open</td></tr>
 *   <tr><td>half open</td><td>a try fails</td><td>open, for twice as long</td></tr>
 *   <tr><td>half open</td><td>enough tries succeed</td><td>closed</td></tr>
 * </table>
 *
 * <p>Thread-safe.
 */
public final class Breakers {
  private static final int KEYS_MAX = 20_000;

  private final Settings settings;
  private final Map<Key, Breaker> breakers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Breaker> eldest) {
          return size() > KEYS_MAX;
        }
      };

  /**
   * When a breaker opens and closes.
   *
   * @param requestsMin from how many requests of the window on
   * @param failureRateMax mean of the tenants' rates above which it opens
   * @param windowMs the window
   * @param openMs for how long the first time
   * @param openMsMax bound of that
   * @param tryMs while half open, one request is let through in so many milliseconds
   * @param tries so many of them must succeed
   */
  public record Settings(
      int requestsMin,
      double failureRateMax,
      long windowMs,
      long openMs,
      long openMsMax,
      long tryMs,
      int tries) {
    /** Ten requests of which more than half fail, within 30 s. */
    public static final Settings DEFAULT = new Settings(10, 0.5, 30_000, 5_000, 300_000, 1_000, 3);

    /** These, open for another time at first. */
    public Settings withOpenMs(long ms) {
      return new Settings(
          requestsMin, failureRateMax, windowMs, ms, Math.max(ms, openMsMax), tryMs, tries);
    }
  }

  /**
   * What a breaker is for.
   *
   * @param model model id
   * @param adapterVersion adapter version, empty for the base model
   */
  public record Key(String model, String adapterVersion) {
    /** An adapter is one tenant's; none may close a base model to the others. */
    private int tenantsMin() {
      return adapterVersion.isEmpty() ? 2 : 1;
    }
  }

  private enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  private static final class Breaker {
    private final FailureRate rate;
    private State state = State.CLOSED;
    private long openMs;
    private long untilMs;
    private long nextTryMs;
    private int succeeded;

    private Breaker(long windowMs) {
      rate = new FailureRate(windowMs);
    }
  }

  public Breakers(Settings settings) {
    this.settings = settings;
  }

  /** An attempt ended. */
  public synchronized void observe(Key key, TenantId tenant, boolean failed, long nowMs) {
    Breaker breaker = breakers.computeIfAbsent(key, unused -> new Breaker(settings.windowMs()));
    switch (state(breaker, nowMs)) {
      case CLOSED -> {
        breaker.rate.add(tenant, failed, nowMs);
        if (breaker.rate.requests(nowMs) >= settings.requestsMin()
            && breaker.rate.mean(nowMs) > settings.failureRateMax()
            && breaker.rate.tenantsFailing(nowMs) >= key.tenantsMin()) {
          open(breaker, settings.openMs(), nowMs);
        }
      }
      case OPEN -> {
        // What began before it opened says nothing new.
      }
      case HALF_OPEN -> {
        if (failed) {
          open(breaker, Math.min(2 * breaker.openMs, settings.openMsMax()), nowMs);
        } else if (++breaker.succeeded >= settings.tries()) {
          breaker.state = State.CLOSED;
        }
      }
    }
  }

  private static void open(Breaker breaker, long openMs, long nowMs) {
    breaker.state = State.OPEN;
    breaker.openMs = openMs;
    breaker.untilMs = nowMs + openMs;
    breaker.rate.forget();
  }

  private static State state(Breaker breaker, long nowMs) {
    if (breaker.state == State.OPEN && nowMs >= breaker.untilMs) {
      breaker.state = State.HALF_OPEN;
      breaker.nextTryMs = nowMs;
      breaker.succeeded = 0;
    }
    return breaker.state;
  }

  /**
   * Lets a request through, or not.
   *
   * @return milliseconds after which another try makes sense; empty where it may go now
   */
  public synchronized OptionalLong enter(Key key, long nowMs) {
    Breaker breaker = breakers.get(key);
    if (breaker == null) {
      return OptionalLong.empty();
    }
    return switch (state(breaker, nowMs)) {
      case CLOSED -> OptionalLong.empty();
      case OPEN -> OptionalLong.of(breaker.untilMs - nowMs);
      case HALF_OPEN -> {
        if (nowMs < breaker.nextTryMs) {
          yield OptionalLong.of(breaker.nextTryMs - nowMs);
        }
        breaker.nextTryMs = nowMs + settings.tryMs();
        yield OptionalLong.empty();
      }
    };
  }

  /**
   * Breakers that are not closed. What nobody has asked for since it might be tried, for as long as
   * a breaker may be open, does not count: a version that was taken back is missed by nobody.
   */
  public synchronized int open(long nowMs) {
    return (int)
        breakers.values().stream()
            .filter(
                b ->
                    switch (state(b, nowMs)) {
                      case CLOSED -> false;
                      case OPEN -> true;
                      case HALF_OPEN -> nowMs - b.nextTryMs <= settings.openMsMax();
                    })
            .count();
  }
}
