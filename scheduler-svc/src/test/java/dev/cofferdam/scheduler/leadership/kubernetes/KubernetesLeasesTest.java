package dev.cofferdam.scheduler.leadership.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import dev.cofferdam.scheduler.leadership.PoolLeasesContract;
import dev.cofferdam.scheduler.leadership.kubernetes.ApiServerDouble.Fate;
import dev.cofferdam.scheduler.leadership.kubernetes.Cluster.Scheduler;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubernetesLeasesTest extends PoolLeasesContract {
  private static final String LEASE = Cluster.PREFIX + POOL;
  private static final long LIFE_MS = Cluster.LIFE_MS;

  /** Time that goes by before each claim: any holder renews with it. */
  private static final long CLAIM_MS = 1_000;

  @TempDir Path folder;
  private Cluster cluster;
  private Scheduler one;
  private Scheduler other;

  @BeforeEach
  void start() {
    cluster = new Cluster(folder);
    cluster.server.free(LEASE);
    one = cluster.scheduler("one");
    other = cluster.scheduler("other");
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Override
  protected PoolLeases one() {
    return one.leases;
  }

  @Override
  protected PoolLeases other() {
    return other.leases;
  }

  @Override
  protected Claim claim(PoolLeases leases) {
    cluster.pass(CLAIM_MS);
    return super.claim(leases);
  }

  private long held(PoolLeases leases) {
    Claim claim = claim(leases);
    assertThat(claim).isInstanceOf(Claim.Held.class);
    return ((Claim.Held) claim).term();
  }

  @Override
  protected void expire() {
    for (Scheduler scheduler : new Scheduler[] {one, other}) {
      if (!holder().equals(scheduler.name)) {
        claim(scheduler.leases); // and so sees the holder's last sign of life
      }
    }
    cluster.pass(LIFE_MS);
  }

  @Override
  protected void cutOff() {
    cluster.server.close();
  }

  @Override
  protected void release(PoolLeases leases) {
    leases.release(POOL);
    cluster.server.awaitHolderOtherThan(LEASE, leases == one() ? one.name : other.name);
  }

  private JsonObject spec() {
    return cluster.server.lease(LEASE).getJsonObject("spec");
  }

  private String holder() {
    return spec().getString("holderIdentity");
  }

  @Test
  void whatIsWrittenIsWhatEveryReaderOfLeasesKnows() {
    held(one());

    assertThat(spec().getString("holderIdentity")).isEqualTo("one");
    assertThat(spec().getInteger("leaseDurationSeconds")).isEqualTo(4);
    assertThat(spec().getInteger("leaseTransitions")).isEqualTo(4);
    assertThat(spec().getString("acquireTime")).isEqualTo("2030-03-03T03:03:04.000000Z");
    assertThat(spec().getString("renewTime")).isEqualTo("2030-03-03T03:03:04.000000Z");
    held(one());
    assertThat(spec().getInteger("leaseTransitions")).isEqualTo(4);
    assertThat(spec().getString("acquireTime")).isEqualTo("2030-03-03T03:03:04.000000Z");
    assertThat(spec().getString("renewTime")).isEqualTo("2030-03-03T03:03:05.000000Z");
  }

  @Test
  void aPoolsFirstLeaseIsLedByWhenItHasBeenHeldForALife() {
    cluster.server.delete(LEASE);

    for (long waited = 0; waited < LIFE_MS; waited += CLAIM_MS) {
      assertThat(claim(one())).isEqualTo(new Claim.Taken());
      assertThat(holder()).isEqualTo("one");
    }
    long term = held(one());

    assertThat(spec().getInteger("leaseTransitions")).isZero();
    assertThat(term).isPositive();
    assertThat(claim(other())).isEqualTo(new Claim.Taken());
  }

  @Test
  void aLeaseThatWasMadeAndIsNotLedByIsNotGivenBackToSomebodyWhoWouldNotWait() {
    cluster.server.delete(LEASE);
    claim(one());
    one().release(POOL);

    assertThat(claim(other())).isEqualTo(new Claim.Taken());
    assertThat(holder()).isEqualTo("one");
    cluster.pass(LIFE_MS);
    assertThat(claim(other())).isInstanceOf(Claim.Held.class);
  }

  @Test
  void whoMadeALeaseAndDidNotHearOfItWaitsAllTheSame() {
    cluster.server.delete(LEASE);
    cluster.server.next(one.token, Fate.ANSWERED);
    cluster.server.next(one.token, Fate.UNANSWERED);
    assertThatThrownBy(() -> claim(one())).hasMessageContaining("closed");
    assertThat(holder()).isEqualTo("one");

    assertThat(claim(one())).isEqualTo(new Claim.Taken());
    for (long waited = CLAIM_MS; waited < LIFE_MS; waited += CLAIM_MS) {
      assertThat(claim(one())).isEqualTo(new Claim.Taken());
    }
    assertThat(claim(one())).isInstanceOf(Claim.Held.class);
  }

  @Test
  void aLeaseThatIsDeletedUnderItsHolderIsNobodysForALifeAndThenHasALargerTerm() {
    long before = held(one());
    cluster.server.delete(LEASE);

    assertThat(claim(other())).isEqualTo(new Claim.Taken());
    assertThat(claim(one())).isEqualTo(new Claim.Taken());
    for (long waited = 2 * CLAIM_MS; waited < LIFE_MS; waited += CLAIM_MS) {
      assertThat(claim(other())).isEqualTo(new Claim.Taken());
    }
    assertThat(held(other())).isGreaterThan(before);
  }

  @Test
  void aHolderIsJudgedByTheObserversClockAndNotByWhatItWrote() {
    // Their wall clocks are an hour apart; what the later one reads was written in its past, or
    // future.
    for (Scheduler[] pair : new Scheduler[][] {{one, other}, {other, one}}) {
      held(pair[0].leases);
      for (long time = 0; time < 3 * LIFE_MS; time += 2 * CLAIM_MS) {
        assertThat(claim(pair[1].leases)).isEqualTo(new Claim.Taken());
        assertThat(claim(pair[0].leases)).isInstanceOf(Claim.Held.class);
      }
      release(pair[0].leases);
    }
  }

  @Test
  void theHoldersOwnLifeCountsForThoseWhoWait() {
    JsonObject foreign = cluster.server.lease(LEASE);
    foreign.getJsonObject("spec").put("holderIdentity", "third").put("leaseDurationSeconds", 60);
    cluster.server.put(LEASE, foreign);
    claim(one());

    cluster.pass(58_000);
    assertThat(claim(one())).isEqualTo(new Claim.Taken());
    assertThat(claim(one())).isInstanceOf(Claim.Held.class);
  }

  @Test
  void aChangeThatIsNoSignOfLifeKeepsNobodyWaitingAndIsKept() {
    held(one());
    assertThat(claim(other())).isEqualTo(new Claim.Taken());
    cluster.pass(LIFE_MS - 2 * CLAIM_MS);
    cluster.server.annotate(LEASE);
    assertThat(claim(other())).isEqualTo(new Claim.Taken());

    assertThat(claim(other())).isInstanceOf(Claim.Held.class);
    assertThat(cluster.server.lease(LEASE).encode()).contains("seen-by");
  }

  @Test
  void aHolderGoesOnBehindAChangeThatIsNotItsOwn() {
    long term = held(one());
    cluster.server.annotate(LEASE);

    assertThat(held(one())).isEqualTo(term);
    assertThat(claim(other())).isEqualTo(new Claim.Taken());
  }

  @Test
  void aHolderThatIsCutOffLeadsNoMoreBeforeAnotherDoes() {
    held(one());
    claim(other());
    cluster.server.always(one.token, Fate.LOST);
    boolean lapsed = false;
    Claim others = new Claim.Taken();

    for (int tick = 0; tick < 40 && !(others instanceof Claim.Held); tick++) {
      cluster.pass(250);
      try {
        lapsed |= super.claim(one()).equals(new Claim.Lapsed());
      } catch (java.util.concurrent.CompletionException e) {
        assertThat(lapsed).as("a claim that fails after it has lapsed").isFalse();
      }
      others = super.claim(other());
      if (others instanceof Claim.Held) {
        assertThat(lapsed).isTrue();
      }
    }

    assertThat(others).isInstanceOf(Claim.Held.class);
    cluster.server.always(one.token, Fate.ANSWERED);
    assertThat(claim(one())).isEqualTo(new Claim.Taken());
  }

  @Test
  void aHolderThatWasCutOffForTooLongIsAHolderAgainWhereNobodyCameMeanwhile() {
    long term = held(one());
    cluster.server.always(one.token, Fate.LOST);
    cluster.pass(LIFE_MS);
    assertThat(claim(one())).isEqualTo(new Claim.Lapsed());

    cluster.server.always(one.token, Fate.ANSWERED);
    assertThat(held(one())).isEqualTo(term);
  }

  @Test
  void aWriteWhoseAnswerIsLostCountsOnce() {
    cluster.server.next(one.token, Fate.ANSWERED);
    cluster.server.next(one.token, Fate.UNANSWERED);
    assertThatThrownBy(() -> claim(one())).hasMessageContaining("closed");
    assertThat(holder()).isEqualTo("one");

    long term = held(one());
    assertThat(spec().getInteger("leaseTransitions")).isEqualTo(4);
    cluster.server.next(one.token, Fate.UNANSWERED);
    assertThatThrownBy(() -> claim(one())).hasMessageContaining("closed");
    assertThat(held(one())).isEqualTo(term);
  }

  @Test
  void anAnswerThatDoesNotComeEndsTheCallAndThenTheLease() {
    Scheduler impatient = cluster.impatient("impatient");
    held(impatient.leases);
    cluster.server.always(impatient.token, Fate.SLOW);

    assertThatThrownBy(() -> claim(impatient.leases)).hasMessageContaining("imeout");
    cluster.pass(LIFE_MS);
    assertThat(claim(impatient.leases)).isEqualTo(new Claim.Lapsed());
  }

  @Test
  void aServerThatIsNotWellIsNoAnswer() {
    long term = held(one());
    cluster.server.next(one.token, Fate.BROKEN);

    assertThatThrownBy(() -> claim(one())).hasMessageContaining("500: etcdserver");
    assertThat(held(one())).isEqualTo(term);
  }

  @Test
  void whoIsNotKnownOrNotAllowedHoldsNothingUntilItsTokenIsReplaced() throws IOException {
    cluster.server.revoke(one.token);
    assertThatThrownBy(() -> claim(one())).hasMessageContaining("401: Unauthorized");
    assertThat(holder()).isEmpty();

    Files.writeString(one.account.resolve("token"), "next-token");
    cluster.server.account("next-token");
    assertThat(claim(one())).isInstanceOf(Claim.Held.class);
  }

  @Test
  void aServerOfAnotherAuthorityIsNotAskedUntilTheBundleNamesIt() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Scheduler deceived = cluster.scheduler("deceived", 1, new TestPki(elsewhere).trust(), 20_000);
    assertThatThrownBy(() -> claim(deceived.leases)).hasMessageContaining("SSL");
    assertThat(cluster.server.calls()).isZero();

    Path bundle = deceived.account.resolve("ca.crt");
    Files.copy(cluster.authority(), bundle, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Files.setLastModifiedTime(bundle, FileTime.from(Instant.parse("2031-01-01T00:00:00Z")));
    assertThat(claim(deceived.leases)).isInstanceOf(Claim.Held.class);
  }

  @Test
  void theServerIsNotAskedWithEachClaim() {
    held(one());
    super.claim(other());
    long before = cluster.server.calls();

    for (int claims = 0; claims < 10; claims++) {
      super.claim(one());
      super.claim(other());
    }
    assertThat(cluster.server.calls()).isEqualTo(before);
  }

  @Test
  void aLifeThatALeaseCannotSayIsRefused() {
    for (long lifeMs : new long[] {0, 500, 2_500}) {
      assertThatThrownBy(() -> new Candidate.Rules("one", lifeMs, () -> 0, () -> Instant.EPOCH))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("cofferdam.lease.life-ms");
    }
  }
}
