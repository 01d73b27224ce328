package dev.cofferdam.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityFilesTest {
  private static final String ID = "spiffe://test/service/gateway";

  @TempDir Path folder;
  private final ScheduledExecutorService reloader = Executors.newSingleThreadScheduledExecutor();

  @AfterEach
  void stop() {
    reloader.shutdownNow();
  }

  private static X509Certificate shown(IdentityFiles identity) {
    String alias = identity.keys().chooseServerAlias("EC", null, null);
    return identity.keys().getCertificateChain(alias)[0];
  }

  private static void eventually(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  @Test
  void aCertificateThatIsRenewedForTheSameKeyIsTakenOver() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gateway", ID);
    try (IdentityFiles identity = new IdentityFiles(files, reloader)) {
      X509Certificate first = shown(identity);

      pki.renew(files, ID);

      eventually(() -> !shown(identity).equals(first));
      assertThat(shown(identity).getPublicKey()).isEqualTo(first.getPublicKey());
    }
  }

  @Test
  void aCertificateThatIsRenewedWithinATickOfTheClockIsTakenOver() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gateway", ID);
    FileTime time = Files.getLastModifiedTime(files.certificate());
    try (IdentityFiles identity = new IdentityFiles(files, reloader)) {
      X509Certificate first = shown(identity);

      pki.renew(files, ID);
      Files.setLastModifiedTime(files.certificate(), time);

      eventually(() -> !shown(identity).equals(first));
    }
  }

  @Test
  void aCertificateWaitsForItsKey() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gateway", ID);
    TlsFiles other = pki.identity("other", ID);
    try (IdentityFiles identity = new IdentityFiles(files, reloader)) {
      X509Certificate first = shown(identity);

      Files.copy(other.certificate(), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
      Thread.sleep(2_500);
      assertThat(shown(identity)).isEqualTo(first);

      Files.copy(other.key(), files.key(), StandardCopyOption.REPLACE_EXISTING);
      eventually(() -> !shown(identity).equals(first));
    }
  }

  @Test
  void aKeyOfAnotherCertificateIsNoIdentity() {
    TestPki pki = new TestPki(folder);
    TlsFiles one = pki.identity("one", ID);
    TlsFiles two = pki.identity("two", ID);
    TlsFiles mixed = new TlsFiles(one.certificate(), two.key(), one.trust());

    assertThatThrownBy(() -> new IdentityFiles(mixed, reloader))
        .isInstanceOf(GeneralSecurityException.class)
        .hasMessageContaining("not that of the certificate");
  }
}
