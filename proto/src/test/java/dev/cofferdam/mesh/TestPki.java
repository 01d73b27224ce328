package dev.cofferdam.mesh;

import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An authority for tests, and identities that it signs, as PEM files in a folder. */
public final class TestPki {
  private final Path folder;
  private final KeyPair authorityKeys;
  private final X509Certificate authority;

  /** Makes a new authority whose files lie in the folder. */
  public TestPki(Path folder) {
    this.folder = folder;
    this.authorityKeys = keys();
    this.authority = sign("test authority", null, authorityKeys.getPublic());
    write(folder.resolve("ca.pem"), pem("CERTIFICATE", encoded(authority)));
  }

  /** The authority's certificate. */
  public Path trust() {
    return folder.resolve("ca.pem");
  }

  /**
   * Files of a new identity; a second call with the same name replaces them (key and certificate)
   * one after the other.
   */
  public TlsFiles identity(String name, String spiffeId) {
    KeyPair keys = keys();
    X509Certificate certificate = sign(name, spiffeId, keys.getPublic());
    Path cert = folder.resolve(name + ".pem");
    Path key = folder.resolve(name + ".key");
    write(key, pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    write(cert, pem("CERTIFICATE", encoded(certificate)));
    return new TlsFiles(cert, key, trust());
  }

  /** Another certificate for the key of an identity that was made before. */
  public void renew(TlsFiles identity, String spiffeId) {
    try (InputStream in = Files.newInputStream(identity.certificate())) {
      PublicKey key = CertificateUtils.getX509Certificates(in)[0].getPublicKey();
      X509Certificate next = sign("renewed", spiffeId, key);
      write(identity.certificate(), pem("CERTIFICATE", encoded(next)));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The serial number of the certificate that a server of this authority shows now. */
  public BigInteger shownBy(int port) {
    try (InputStream in = Files.newInputStream(trust())) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("authority", CertificateUtils.getX509Certificates(in)[0]);
      TrustManagerFactory trusted =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trusted.init(store);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(null, trusted.getTrustManagers(), null);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
        socket.startHandshake();
        return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
      }
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private X509Certificate sign(
      String name, @org.jspecify.annotations.Nullable String spiffeId, PublicKey key) {
    try {
      X500Name issuer = new X500Name("CN=test authority");
      Instant now = Instant.now();
      var builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(120, new SecureRandom()),
              Date.from(now.minus(Duration.ofHours(1))),
              Date.from(now.plus(Duration.ofHours(24))),
              spiffeId == null ? issuer : new X500Name("CN=" + name),
              key);
      builder.addExtension(
          Extension.basicConstraints, true, new BasicConstraints(spiffeId == null));
      if (spiffeId != null) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                new GeneralName[] {
                  new GeneralName(GeneralName.uniformResourceIdentifier, spiffeId),
                  new GeneralName(GeneralName.dNSName, "localhost"),
                  new GeneralName(GeneralName.iPAddress, "127.0.0.1")
                }));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA")
                      .build(authorityKeys.getPrivate())));
    } catch (CertIOException | OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN "
        + type
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + type
        + "-----\n";
  }

  private static void write(Path file, String text) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.writeString(next, text);
      Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
