package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A client's request at its gateway: placed, streamed from a worker, placed again with what it has
 * when the stream breaks, until it is complete, refused or given up. It ends exactly once.
 */
final class SimClient {
  private static final int ATTEMPTS_MAX = 12;
  private static final long RETRY_US = 100_000;

  private final World world;
  private final Node gateway;
  private final RequestId id;
  private final TenantId tenant;
  private final WorkloadClass workloadClass;
  private final String adapter;
  private final int promptTokens;
  private final int outputTokensMax;
  private final int outputTokens;
  private final Set<String> failed = new HashSet<>();
  private @Nullable Wire open;
  private int attempt = 1;
  private int received;
  private int routers;
  private End end = End.NONE;
  private final long bornUs;
  private long firstUs;
  private boolean cancelled;

  /** How it ended. */
  enum End {
    NONE,
    COMPLETE,
    REFUSED,
    GIVEN_UP
  }

  SimClient(World world, Node gateway, int number, TenantId tenant) {
    this.world = world;
    this.gateway = gateway;
    this.id = new RequestId(String.format("%032x", number));
    this.tenant = tenant;
    this.bornUs = world.time.nowUs();
    this.workloadClass = WorkloadClass.values()[world.random.nextInt(3)];
    this.adapter = world.random.nextInt(4) == 0 ? "voice" : "";
    this.promptTokens = 1 + world.random.nextInt(300);
    this.outputTokensMax = 1 + world.random.nextInt(80);
    this.outputTokens = 1 + world.random.nextInt(outputTokensMax);
    this.routers = world.random.nextInt(world.routers.size());
  }

  RequestId id() {
    return id;
  }

  int outputTokens() {
    return outputTokens;
  }

  End end() {
    return end;
  }

  TenantId tenant() {
    return tenant;
  }

  /** Whether its client went away. */
  boolean cancelled() {
    return cancelled;
  }

  /** From its beginning to its first token. */
  long ttftUs() {
    return firstUs - bornUs;
  }

  /** The client goes away. */
  void cancel() {
    if (end == End.NONE) {
      cancelled = true;
      end(End.GIVEN_UP);
    }
  }

  private void end(End how) {
    world.checks.that(end == End.NONE, "%s ended twice: %s after %s", id, how, end);
    end = how;
    Wire stream = open;
    if (stream != null) {
      stream.close(gateway);
    }
    world.trace("client", id + " " + how);
  }

  /** Asks a router for a worker. */
  void place() {
    if (end != End.NONE) {
      return;
    }
    SimRouter router = world.routers.get(routers++ % world.routers.size());
    Wire wire = world.network.connect(gateway, router);
    open = wire;
    wire.onEnd(gateway, () -> gateway.later(RETRY_US, this::place));
    Envelope envelope =
        new Envelope(
            id,
            attempt,
            Operation.GENERATE,
            tenant,
            Book.MODEL,
            adapter,
            workloadClass,
            promptTokens,
            received,
            outputTokensMax,
            List.of(),
            "",
            Long.MAX_VALUE,
            failed);
    wire.send(gateway, () -> router.place(wire, envelope, answer -> answered(wire, answer)));
  }

  private void answered(Wire wire, SimScheduler.Answer.Decision answer) {
    wire.close(gateway);
    if (end != End.NONE || open != wire) {
      return;
    }
    switch (answer) {
      case SimScheduler.Answer.Refused refused -> end(End.REFUSED);
      case SimScheduler.Answer.Granted granted -> generate(granted.grant());
    }
  }

  private void generate(SimGrant grant) {
    SimWorker worker = world.worker(grant.workerId());
    Wire wire = world.network.connect(gateway, worker);
    open = wire;
    wire.onEnd(gateway, () -> again(grant.workerId()));
    wire.send(gateway, () -> worker.generate(wire, grant, heard -> heard(wire, heard, grant)));
  }

  private void heard(Wire wire, SimWorker.Heard heard, SimGrant grant) {
    if (end != End.NONE || open != wire) {
      return;
    }
    switch (heard) {
      case SimWorker.Heard.Token t -> {
        world.checks.that(t.index() == received, "%s: token %s after %s", id, t.index(), received);
        world.checks.that(
            t.token() == world.tokenOf(grant.request().key(), received), "%s: another token", id);
        firstUs = received == 0 ? world.time.nowUs() : firstUs;
        received++;
      }
      case SimWorker.Heard.Finished f -> {
        world.checks.that(received == outputTokens, "%s has %s tokens", id, received);
        end(End.COMPLETE);
      }
      case SimWorker.Heard.Refused r -> {
        wire.close(gateway);
        again("");
      }
    }
  }

  /** The worker is lost, or did not honour the grant: the next attempt goes on from here. */
  private void again(String worker) {
    if (end != End.NONE) {
      return;
    }
    world.outcome.continued++;
    if (!worker.isEmpty()) {
      failed.add(worker);
      world.lost(worker, tenant);
    }
    if (attempt == ATTEMPTS_MAX) {
      end(End.GIVEN_UP);
      return;
    }
    attempt++;
    place();
  }
}
