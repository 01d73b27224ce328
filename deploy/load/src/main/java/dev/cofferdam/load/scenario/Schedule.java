package dev.cofferdam.load.scenario;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/** Every request of a scenario with its time, made before the first is sent. */
public final class Schedule {
  /** Most requests of a run. */
  public static final int REQUESTS_MAX = 200_000;

  private static final double SECOND_US = 1e6;

  private Schedule() {}

  /**
   * The requests in the order of their times. The same seed gives the same requests, and a stream's
   * do not depend on the other streams.
   *
   * @throws IllegalArgumentException where there are more than {@link #REQUESTS_MAX}
   */
  public static List<Planned> of(Scenario scenario, long seed) {
    List<Planned> all = new ArrayList<>();
    for (Stream stream : scenario.streams()) {
      SplittableRandom random = new SplittableRandom(seed * 31 + stream.name().hashCode());
      long endUs =
          (long) ((Math.min(stream.untilS(), scenario.seconds()) - stream.fromS()) * SECOND_US);
      long fromUs = (long) (stream.fromS() * SECOND_US);
      OptionalLong at = stream.arrivals().next(0, random);
      while (at.isPresent() && at.getAsLong() < endUs) {
        if (all.size() == REQUESTS_MAX) {
          throw new IllegalArgumentException(
              "the scenario has more than "
                  + REQUESTS_MAX
                  + " requests: lower its rates or its time");
        }
        all.add(
            new Planned(
                0,
                stream,
                fromUs + at.getAsLong(),
                draw(stream.inputWords(), random),
                draw(stream.outputTokens(), random),
                random.nextLong()));
        at = stream.arrivals().next(at.getAsLong(), random);
      }
    }
    all.sort(Comparator.comparingLong(Planned::atUs));
    List<Planned> numbered = new ArrayList<>(all.size());
    for (Planned p : all) {
      numbered.add(
          new Planned(
              numbered.size(), p.stream(), p.atUs(), p.inputWords(), p.outputTokens(), p.seed()));
    }
    return List.copyOf(numbered);
  }

  private static int draw(Stream.Range range, SplittableRandom random) {
    return random.nextInt(range.min(), range.max() + 1);
  }
}
