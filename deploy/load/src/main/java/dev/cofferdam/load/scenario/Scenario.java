package dev.cofferdam.load.scenario;

import dev.cofferdam.load.scenario.Stream.Api;
import java.util.List;
import java.util.TreeSet;

/**
 * What a mesh is put through.
 *
 * @param name its name
 * @param description what it shows, in a sentence
 * @param seconds how long requests come
 * @param streams the requests, at least one stream
 */
public record Scenario(String name, String description, double seconds, List<Stream> streams) {
  /** Longest time in which requests come. */
  public static final double SECONDS_MAX = 3_600;

  /** Most streams. */
  public static final int STREAMS_MAX = 64;

  public Scenario {
    streams = List.copyOf(streams);
    if (!(seconds >= 1 && seconds <= SECONDS_MAX)) {
      throw new IllegalArgumentException(
          "seconds: " + seconds + " (expected: 1 to " + SECONDS_MAX + ")");
    }
    if (streams.isEmpty() || streams.size() > STREAMS_MAX) {
      throw new IllegalArgumentException("streams (expected: 1 to " + STREAMS_MAX + ")");
    }
    if (streams.stream().map(Stream::name).distinct().count() < streams.size()) {
      throw new IllegalArgumentException("streams (expected: each with a name of its own)");
    }
  }

  /** The same with so many times the rate. */
  public Scenario times(double factor) {
    return new Scenario(
        name, description, seconds, streams.stream().map(s -> s.times(factor)).toList());
  }

  /** The same over one API. */
  public Scenario over(Api api) {
    return new Scenario(
        name, description, seconds, streams.stream().map(s -> s.over(api)).toList());
  }

  /** The same in another time; streams begin and end at the same share of it. */
  public Scenario lasting(double otherSeconds) {
    double factor = otherSeconds / seconds;
    return new Scenario(
        name,
        description,
        otherSeconds,
        streams.stream()
            .map(
                s ->
                    new Stream(
                        s.name(),
                        s.tenant(),
                        s.api(),
                        s.adapter(),
                        s.workloadClass(),
                        s.arrivals(),
                        s.fromS() * factor,
                        s.untilS() * factor,
                        s.inputWords(),
                        s.sharedWords(),
                        s.outputTokens()))
            .toList());
  }

  /** Mean requests a second while all streams flow. */
  public double perSecond() {
    return streams.stream().mapToDouble(s -> s.arrivals().perSecond()).sum();
  }

  /** Times in seconds at which a stream begins or ends, 0 and the end among them, in order. */
  public List<Double> boundaries() {
    TreeSet<Double> all = new TreeSet<>(List.of(0.0, seconds));
    for (Stream stream : streams) {
      all.add(Math.min(seconds, stream.fromS()));
      all.add(Math.min(seconds, stream.untilS()));
    }
    return List.copyOf(all);
  }
}
