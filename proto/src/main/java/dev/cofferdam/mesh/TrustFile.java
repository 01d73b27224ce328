package dev.cofferdam.mesh;

import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.CertificateUtils;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The authorities that are trusted, read again within a second when the file changes; one without a
 * certificate changes nothing. gRPC's own reload looks once a minute at most.
 */
public final class TrustFile implements Closeable {
  private final ReloadedFiles watch;

  /**
   * Reads the file.
   *
   * @param trust told of the authorities
   * @param reloader where it is read again; stays the caller's
   * @throws GeneralSecurityException where it holds no certificate
   */
  public TrustFile(Path file, AdvancedTlsX509TrustManager trust, ScheduledExecutorService reloader)
      throws IOException, GeneralSecurityException {
    this.watch = new ReloadedFiles(List.of(file), () -> load(file, trust), reloader);
  }

  private static void load(Path file, AdvancedTlsX509TrustManager trust)
      throws IOException, GeneralSecurityException {
    try (InputStream in = Files.newInputStream(file)) {
      X509Certificate[] authorities = CertificateUtils.getX509Certificates(in);
      if (authorities.length == 0) {
        throw new GeneralSecurityException("no authority is named");
      }
      trust.updateTrustCredentials(authorities);
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}
