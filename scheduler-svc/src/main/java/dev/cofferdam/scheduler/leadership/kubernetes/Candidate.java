package dev.cofferdam.scheduler.leadership.kubernetes;

import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import dev.cofferdam.scheduler.leadership.kubernetes.LeaseApi.Answer;
import io.vertx.core.Future;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process as one that holds a pool's lease, or would. It asks the API server for one thing at
 * a time. Thread-safe.
 */
final class Candidate {
  private static final Logger LOG = LoggerFactory.getLogger(Candidate.class);

  /** What goes for all pools; see {@link KubernetesLeases}. */
  record Rules(String holder, long lifeMs, LongSupplier clock, InstantSource wall) {
    Rules {
      if (lifeMs < 1_000 || lifeMs % 1_000 != 0) {
        throw new IllegalArgumentException(
            "cofferdam.lease.life-ms: "
                + lifeMs
                + " (expected: whole seconds, as a Lease of Kubernetes has)");
      }
    }

    /** For how long after a sign of life was sent its sender may lead. */
    private long heldMs() {
      return lifeMs * 2 / 3;
    }

    private long renewAfterMs() {
      return lifeMs / 4;
    }

    private long lookAfterMs() {
      return lifeMs / 8;
    }
  }

  private final LeaseApi api;
  private final String name;
  private final Rules rules;

  private boolean asking;
  private long askAtMs;

  /** The object as it was last seen; null where it is missing, or was never looked for. */
  private @Nullable LeaseObject seen;

  /** Since when it has been as it was last seen. */
  private long seenSinceMs;

  private boolean leads;

  /** When the sign of life was sent that the server took last. */
  private long renewedMs;

  /** The object that this process made, and until when somebody may lead by a former one. */
  private String made = "";

  private long formerUntilMs;

  private boolean lapseTold;
  private boolean releasing;

  Candidate(LeaseApi api, String name, Rules rules) {
    this.api = api;
    this.name = name;
    this.rules = rules;
    this.askAtMs = rules.clock().getAsLong();
  }

  CompletionStage<Claim> claim() {
    Future<Claim> asked;
    synchronized (this) {
      long now = rules.clock().getAsLong();
      if (asking || now < askAtMs) {
        return CompletableFuture.completedFuture(standing());
      }
      asking = true;
      askAtMs = now + (leads ? rules.renewAfterMs() : rules.lookAfterMs());
      asked = ask(now);
    }
    return asked.eventually(this::answered).toCompletionStage();
  }

  private Future<Claim> ask(long now) {
    try {
      return leads ? renew(now) : look();
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  /** Gives the lease back, after what the server is being asked. */
  synchronized void release() {
    releasing = true;
    if (!asking) {
      asking = true;
      var unused = answered();
    }
  }

  private synchronized Future<Void> answered() {
    LeaseObject mine = seen;
    // What is not led yet is left to end by itself: who comes next has to wait for the former, too.
    long now = rules.clock().getAsLong();
    if (!releasing || !leads || mine == null || waitsForFormer(mine, now)) {
      leads &= !releasing;
      asking = false;
      releasing = false;
      return Future.succeededFuture();
    }
    leads = false;
    return api.replace(name, mine.givenBack(rules.wall().instant()))
        .onFailure(
            e -> LOG.warn("{} is not given back, and ends by itself: {}", name, e.toString()))
        .transform(given -> answered());
  }

  /** What a claim comes to as far as is known now. */
  private synchronized Claim standing() {
    LeaseObject mine = seen;
    long now = rules.clock().getAsLong();
    if (!leads || mine == null || releasing || waitsForFormer(mine, now)) {
      return new Claim.Taken();
    }
    if (now - renewedMs >= rules.heldMs()) {
      // It stays this process's to renew where nobody else takes it, in the same term.
      return new Claim.Lapsed();
    }
    return new Claim.Held(mine.term());
  }

  private boolean waitsForFormer(LeaseObject mine, long now) {
    return mine.uid().equals(made) && now < formerUntilMs;
  }

  private synchronized Future<Claim> renew(long sentMs) {
    LeaseObject mine = seen;
    if (mine == null) {
      return look();
    }
    return write(api.replace(name, mine.renewed(holder(), rules.lifeMs(), wall())), sentMs)
        .recover(this::unanswered);
  }

  /** A call that failed matters to who leads only when its time is over. */
  private synchronized Future<Claim> unanswered(Throwable failure) {
    Claim now = standing();
    if (!(now instanceof Claim.Lapsed)) {
      askAtMs = rules.clock().getAsLong();
      return Future.failedFuture(failure);
    }
    if (!lapseTold) {
      lapseTold = true;
      LOG.warn("{} could not be renewed in time: {}", name, failure.toString());
    }
    return Future.succeededFuture(now);
  }

  private Future<Claim> write(Future<Answer> written, long sentMs) {
    return written.compose(
        answer ->
            switch (answer) {
              case Answer.Found found -> Future.succeededFuture(taken(found.lease(), sentMs));
              case Answer.Conflict conflict -> look();
              case Answer.Missing missing -> missing();
            });
  }

  private Future<Claim> look() {
    return api.read(name)
        .compose(
            answer ->
                switch (answer) {
                  case Answer.Found found -> found(found.lease());
                  case Answer.Missing missing -> missing();
                  case Answer.Conflict conflict ->
                      Future.failedFuture(new IllegalStateException("a conflict of a read"));
                });
  }

  private synchronized Claim taken(LeaseObject lease, long sentMs) {
    see(lease);
    leads = lease.holder().equals(holder());
    renewedMs = sentMs;
    if (lease.isFirst() && !lease.uid().equals(made)) {
      made = lease.uid();
      formerUntilMs = rules.clock().getAsLong() + rules.lifeMs();
    }
    lapseTold = false;
    return standing();
  }

  private synchronized Future<Claim> found(LeaseObject lease) {
    see(lease);
    long now = rules.clock().getAsLong();
    LeaseObject next;
    if (lease.holder().equals(holder())) {
      // A write of this process whose answer it did not get; or one that was too late, and nobody
      // has taken it since.
      next = lease.renewed(holder(), rules.lifeMs(), wall());
    } else {
      leads = false;
      boolean free = lease.holder().isEmpty() || now - seenSinceMs >= lease.lifeMs(rules.lifeMs());
      if (!free || releasing) {
        return Future.succeededFuture(standing());
      }
      next = lease.taken(holder(), rules.lifeMs(), wall());
    }
    return once(api.replace(name, next), now);
  }

  private synchronized Future<Claim> missing() {
    leads = false;
    seen = null;
    if (releasing) {
      return Future.succeededFuture(standing());
    }
    LeaseObject first = LeaseObject.first(name, holder(), rules.lifeMs(), wall());
    return once(api.create(first), rules.clock().getAsLong());
  }

  /** Who comes too late looks again with its next claim. */
  private Future<Claim> once(Future<Answer> written, long sentMs) {
    return written.map(
        answer -> answer instanceof Answer.Found found ? taken(found.lease(), sentMs) : standing());
  }

  private void see(LeaseObject lease) {
    LeaseObject before = seen;
    if (before == null || !before.sameAs(lease)) {
      seenSinceMs = rules.clock().getAsLong();
    }
    seen = lease;
  }

  private String holder() {
    return rules.holder();
  }

  private Instant wall() {
    return rules.wall().instant();
  }
}
