package dev.cofferdam.audit.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is said of a head that cannot be signed. */
class CheckpointLoopTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void aStoreThatIsAwayIsTroubleAndNoContradiction() throws Exception {
    assertThat(trouble(new StoreUnavailableException(new SQLException("closed"))))
        .contains("the store is not available");
    assertThat(refused()).isZero();
  }

  @Test
  void whatThePastContradictsIsCounted() throws Exception {
    assertThat(trouble(new IllegalStateException("a kept checkpoint is of another log")))
        .contains("of another log");
    assertThat(refused()).isPositive();
  }

  private double refused() {
    return registry.counter("cofferdam.audit.checkpoints.refused").count();
  }

  /** What the loop says where reading the log fails. */
  private String trouble(RuntimeException failure) throws Exception {
    LogReader log =
        (LogReader)
            Proxy.newProxyInstance(
                LogReader.class.getClassLoader(),
                new Class<?>[] {LogReader.class},
                (proxy, method, arguments) -> {
                  throw failure;
                });
    CheckpointIssuer issuer = new CheckpointIssuer("test.local/audit", signer(), log, List.of());
    try (CheckpointLoop loop = CheckpointLoop.start(issuer, new AuditMetrics(registry), 10)) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (loop.trouble().isEmpty() && System.nanoTime() < end) {
        Thread.sleep(5);
      }
      return loop.trouble().orElse("none");
    }
  }

  private static NoteSigner signer() throws GeneralSecurityException {
    return new NoteSigner(
        "test.local/audit", KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
  }
}
