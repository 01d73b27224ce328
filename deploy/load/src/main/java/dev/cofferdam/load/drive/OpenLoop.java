package dev.cofferdam.load.drive;

import dev.cofferdam.load.result.Outcome;
import dev.cofferdam.load.scenario.Planned;
import dev.cofferdam.load.scenario.Stream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Sends each request when it was planned, whether or not earlier ones are answered, and collects
 * what became of them. One run.
 */
public final class OpenLoop {
  private static final long TELL_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long NS_OF_US = 1_000;

  private final Function<Stream, Client> clients;
  private final Clock clock;
  private final Bounds bounds;
  private final Progress progress;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Map<Integer, Flight> flights = new ConcurrentHashMap<>();
  private final List<Outcome> outcomes = new ArrayList<>();
  private long beginNs;

  /**
   * How far a run goes.
   *
   * @param inFlightMax requests that are not sent while so many are unanswered
   * @param drainS seconds for answers after the last was sent
   */
  public record Bounds(int inFlightMax, int drainS) {}

  /** Told each second how far a run is. */
  public interface Progress {
    /**
     * @param seconds since the begin
     * @param sent requests so far
     * @param inFlight unanswered ones
     * @param ended those that are over, served or not
     */
    void at(double seconds, int sent, int inFlight, int ended);
  }

  /**
   * @param clients the client of a stream's requests
   */
  public OpenLoop(Function<Stream, Client> clients, Clock clock, Bounds bounds, Progress progress) {
    this.clients = clients;
    this.clock = clock;
    this.bounds = bounds;
    this.progress = progress;
  }

  /** Ends the run early, from another thread: nothing more is sent, and what waits is given up. */
  public void stop() {
    stopped.set(true);
  }

  /** Whether the run was ended early. */
  public boolean wasStopped() {
    return stopped.get();
  }

  /** Sends the requests, waits for their answers, and says what became of each that was due. */
  public List<Outcome> run(List<Planned> plan) {
    beginNs = clock.nanos();
    long tellNs = beginNs + TELL_NS;
    int sent = 0;
    for (Planned planned : plan) {
      long dueNs = beginNs + planned.atUs() * NS_OF_US;
      while (!stopped.get() && clock.nanos() < dueNs) {
        clock.sleepUntil(Math.min(dueNs, tellNs));
        tellNs = tell(tellNs, sent);
      }
      if (stopped.get()) {
        break;
      }
      send(planned);
      sent++;
    }
    long endNs = clock.nanos() + TimeUnit.SECONDS.toNanos(bounds.drainS());
    while (!stopped.get() && !flights.isEmpty() && clock.nanos() < endNs) {
      clock.sleepUntil(Math.min(endNs, clock.nanos() + LOOK_NS));
      tellNs = tell(tellNs, sent);
    }
    flights.values().forEach(flight -> flight.end(Outcome.CUT_OFF, 0, 0, 0));
    synchronized (outcomes) {
      return List.copyOf(outcomes);
    }
  }

  private long tell(long tellNs, int sent) {
    long now = clock.nanos();
    if (now < tellNs) {
      return tellNs;
    }
    int ended;
    synchronized (outcomes) {
      ended = outcomes.size();
    }
    progress.at((now - beginNs) / 1e9, sent, flights.size(), ended);
    return now + TELL_NS;
  }

  private void send(Planned planned) {
    long nowUs = elapsedUs();
    Flight flight = new Flight(planned, nowUs);
    if (flights.size() >= bounds.inFlightMax()) {
      keep(new Outcome(planned, nowUs, -1, nowUs, Outcome.CLIENT_OVERRUN, 0, 0, 0));
      return;
    }
    flights.put(planned.number(), flight);
    flight.began(clients.apply(planned.stream()).send(planned, flight));
  }

  private long elapsedUs() {
    return (clock.nanos() - beginNs) / NS_OF_US;
  }

  private void keep(Outcome outcome) {
    synchronized (outcomes) {
      outcomes.add(outcome);
    }
  }

  /** A request that is on its way; whoever ends it first keeps its outcome. */
  private final class Flight implements Client.Answers {
    private final Planned planned;
    private final long sentUs;
    private long firstUs = -1;
    private Runnable giveUp = () -> {};
    private boolean ended;

    Flight(Planned planned, long sentUs) {
      this.planned = planned;
      this.sentUs = sentUs;
    }

    synchronized void began(Runnable cancel) {
      giveUp = cancel;
    }

    @Override
    public synchronized void output() {
      if (firstUs < 0) {
        firstUs = elapsedUs();
      }
    }

    @Override
    public void served(int promptTokens, int cachedTokens, int outputTokens) {
      output();
      end("", promptTokens, cachedTokens, outputTokens);
    }

    @Override
    public void refused(String code) {
      end(code.isEmpty() ? "unknown" : code, 0, 0, 0);
    }

    void end(String code, int promptTokens, int cachedTokens, int outputTokens) {
      Runnable cancel;
      synchronized (this) {
        if (ended) {
          return;
        }
        ended = true;
        keep(
            new Outcome(
                planned,
                sentUs,
                firstUs,
                elapsedUs(),
                code,
                promptTokens,
                cachedTokens,
                outputTokens));
        flights.remove(planned.number());
        cancel = giveUp;
      }
      if (code.equals(Outcome.CUT_OFF)) {
        cancel.run();
      }
    }
  }
}
