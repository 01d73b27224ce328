package dev.cofferdam.mesh;

import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.CertificateUtils;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * A certificate with its key, read again within a second when one of the files changes. Both are
 * taken over together, and only where they fit: while one file is new and the other is not yet, the
 * old pair stays. gRPC's own reload waits for both files to change, which a certificate that is
 * renewed for the same key never does.
 */
public final class IdentityFiles implements Closeable {
  private final TlsFiles files;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final ReloadedFiles watch;

  /**
   * Reads the files.
   *
   * @param reloader where they are read again; stays the caller's
   * @throws GeneralSecurityException where they hold no identity, or key and certificate do not fit
   */
  public IdentityFiles(TlsFiles files, ScheduledExecutorService reloader)
      throws IOException, GeneralSecurityException {
    this.files = files;
    this.watch = new ReloadedFiles(List.of(files.certificate(), files.key()), this::load, reloader);
  }

  /** Shows what was read last. */
  public X509ExtendedKeyManager keys() {
    return keys;
  }

  @Override
  public void close() {
    watch.close();
  }

  private void load() throws IOException, GeneralSecurityException {
    X509Certificate[] chain;
    PrivateKey key;
    try (InputStream in = Files.newInputStream(files.certificate())) {
      chain = CertificateUtils.getX509Certificates(in);
    }
    try (InputStream in = Files.newInputStream(files.key())) {
      key = CertificateUtils.getPrivateKey(in);
    }
    if (chain.length == 0 || !fit(chain[0], key)) {
      throw new GeneralSecurityException("the key is not that of the certificate");
    }
    keys.updateIdentityCredentials(chain, key);
  }

  private static boolean fit(X509Certificate certificate, PrivateKey key)
      throws GeneralSecurityException {
    Signature signature =
        Signature.getInstance(
            key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
    byte[] text = {1};
    signature.initSign(key);
    signature.update(text);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(text);
    return signature.verify(signed);
  }
}
