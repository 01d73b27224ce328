package dev.cofferdam.scheduler.leadership.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.leadership.Leadership;
import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import dev.cofferdam.scheduler.leadership.kubernetes.ApiServerDouble.Fate;
import dev.cofferdam.scheduler.leadership.kubernetes.Cluster.Scheduler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three schedulers whose clocks differ by up to a tenth, an API server that loses calls and
 * answers, and somebody who deletes the lease: one leads at most, and terms rise. A failure names
 * its seed.
 */
class LeaseFaultsTest {
  private static final String POOL = "shared";
  private static final long TICK_MS = 250;

  @TempDir Path folder;

  /** A scheduler and what it thinks that it leads. */
  private record Peer(Scheduler scheduler, Leadership leadership) {
    private OptionalLong term() {
      return leadership.term(POOL);
    }

    private void claim() {
      try {
        Claim claim = scheduler.leases.claim(POOL).toCompletableFuture().join();
        leadership.answered(POOL, claim);
      } catch (CompletionException e) {
        // Nobody could be asked, which changes nothing.
      }
    }

    private void giveBack() {
      leadership.answered(POOL, new Claim.Taken());
      scheduler.leases.release(POOL);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void oneLeadsAtMostAndTermsRise(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Cluster cluster = new Cluster(folder)) {
      List<Peer> peers = new ArrayList<>();
      for (String name : List.of("a", "b", "c")) {
        double rate = 0.9 + random.nextDouble() * 0.2;
        Leadership leadership = new Leadership(1);
        leadership.named(POOL);
        peers.add(new Peer(cluster.scheduler(name, rate, cluster.authority(), 20_000), leadership));
      }
      long last = 0;
      int leaders = 0;
      for (int tick = 0; tick < 160; tick++) {
        cluster.pass(TICK_MS);
        disturb(cluster, peers, random);
        for (Peer peer : peers) {
          peer.claim();
          List<Peer> leading = peers.stream().filter(p -> p.term().isPresent()).toList();
          assertThat(leading).as("leaders, seed %d, tick %d", seed, tick).hasSizeLessThan(2);
          for (Peer leader : leading) {
            long term = leader.term().getAsLong();
            assertThat(term).as("term, seed %d", seed).isGreaterThanOrEqualTo(last);
            leaders += term > last ? 1 : 0;
            last = term;
          }
        }
      }
      assertThat(leaders).as("leaders that there were, seed %d", seed).isGreaterThan(1);
      peers.forEach(peer -> cluster.server.always(peer.scheduler().token, Fate.ANSWERED));
      int ticks = 0;
      while (peers.stream().noneMatch(peer -> peer.term().isPresent())) {
        assertThat(ticks++).as("ticks without a leader, seed %d", seed).isLessThan(60);
        cluster.pass(TICK_MS);
        peers.forEach(Peer::claim);
      }
    }
  }

  private static void disturb(Cluster cluster, List<Peer> peers, SplittableRandom random) {
    Peer peer = peers.get(random.nextInt(peers.size()));
    String token = peer.scheduler().token;
    switch (random.nextInt(40)) {
      case 0, 1 -> cluster.server.always(token, Fate.LOST);
      case 2, 3, 4, 5 -> cluster.server.always(token, Fate.ANSWERED);
      case 6, 7 -> cluster.server.next(token, Fate.UNANSWERED);
      case 8 -> cluster.server.next(token, Fate.BROKEN);
      case 9 -> cluster.server.delete(Cluster.PREFIX + POOL);
      case 10 -> peer.giveBack();
      default -> {}
    }
  }
}
