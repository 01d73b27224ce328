package dev.cofferdam.local.pki;

import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * An authority whose certificates are good for one machine only: EC P-256, SPIFFE-ID, {@code
 * localhost}, {@code 127.0.0.1} and that of the process as names of servers. All files are readable
 * by their owner only. Thread-safe.
 */
public final class LocalAuthority {
  /** The trust domain of the local mesh. */
  public static final String TRUST_DOMAIN = "cofferdam.local";

  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3_650);
  private static final Duration LEAF_LIFE = Duration.ofDays(365);
  private static final Duration RENEW_BEFORE = Duration.ofDays(30);
  private static final String CA_NAME = "Cofferdam local authority";

  private final Path folder;
  private final PrivateKey key;
  private final X509Certificate certificate;

  private LocalAuthority(Path folder, PrivateKey key, X509Certificate certificate) {
    this.folder = folder;
    this.key = key;
    this.certificate = certificate;
  }

  /** The authority of a folder, made where there is none (or where it is about to end). */
  public static synchronized LocalAuthority open(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      Path keyFile = folder.resolve("ca.key");
      Path certificateFile = folder.resolve("ca.pem");
      if (Files.exists(keyFile) && holds(certificateFile)) {
        return new LocalAuthority(folder, readKey(keyFile), readCertificate(certificateFile));
      }
      KeyPair keys = keys();
      X509Certificate certificate = authority(keys);
      write(keyFile, pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
      write(certificateFile, pem("CERTIFICATE", certificate.getEncoded()));
      return new LocalAuthority(folder, keys.getPrivate(), certificate);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make certificates in " + folder, e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot make certificates: " + e.getMessage(), e);
    }
  }

  /** The authority's certificate, PEM. */
  public Path trust() {
    return folder.resolve("ca.pem");
  }

  /**
   * The files of an identity, made where they are missing, foreign, or about to end.
   *
   * @param name of the files
   * @param id what the certificate says
   */
  public TlsFiles identity(String name, SpiffeId id) {
    return issue(name, id.uri(), id.role().isService());
  }

  /**
   * The files of a server that is no service of the mesh, such as Kafka: no service takes its
   * certificate for a peer's.
   */
  public TlsFiles server(String name) {
    return issue(name, storeUri(name), true);
  }

  /** What the certificate of {@link #server} says. */
  public static String storeUri(String name) {
    return "spiffe://" + TRUST_DOMAIN + "/store/" + name;
  }

  private synchronized TlsFiles issue(String name, String uri, boolean server) {
    Path certificateFile = folder.resolve(name + ".pem");
    Path keyFile = folder.resolve(name + ".key");
    TlsFiles files = new TlsFiles(certificateFile, keyFile, trust());
    try {
      if (Files.exists(keyFile) && isOurs(certificateFile, uri)) {
        return files;
      }
      KeyPair keys = keys();
      X509Certificate leaf = leaf(name, uri, server, keys);
      write(keyFile, pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
      write(certificateFile, pem("CERTIFICATE", leaf.getEncoded()));
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make the certificate of " + name, e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot make the certificate of " + name, e);
    }
  }

  private static boolean holds(Path file) throws GeneralSecurityException {
    return Files.exists(file)
        && readCertificate(file)
            .getNotAfter()
            .toInstant()
            .isAfter(Instant.now().plus(RENEW_BEFORE));
  }

  private boolean isOurs(Path file, String uri) throws GeneralSecurityException {
    if (!holds(file)) {
      return false;
    }
    X509Certificate leaf = readCertificate(file);
    try {
      leaf.verify(certificate.getPublicKey());
    } catch (GeneralSecurityException e) {
      return false;
    }
    return leaf.getSubjectAlternativeNames().stream().anyMatch(name -> uri.equals(name.get(1)));
  }

  private static X509Certificate authority(KeyPair keys) throws GeneralSecurityException {
    try {
      JcaX509v3CertificateBuilder builder =
          builder(new X500Name("CN=" + CA_NAME), keys, AUTHORITY_LIFE);
      JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          utils.createSubjectKeyIdentifier(keys.getPublic()));
      return sign(builder, keys.getPrivate());
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private X509Certificate leaf(String name, String uri, boolean server, KeyPair keys)
      throws GeneralSecurityException {
    try {
      JcaX509v3CertificateBuilder builder = builder(new X500Name("CN=" + name), keys, LEAF_LIFE);
      JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          utils.createAuthorityKeyIdentifier(certificate.getPublicKey()));
      builder.addExtension(Extension.subjectAlternativeName, false, names(name, uri, server));
      return sign(builder, key);
    } catch (CertIOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static GeneralNames names(String name, String uri, boolean server) {
    List<GeneralName> names = new ArrayList<>();
    names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
    if (server) {
      names.add(new GeneralName(GeneralName.dNSName, "localhost"));
      names.add(new GeneralName(GeneralName.dNSName, name));
      names.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
    }
    return new GeneralNames(names.toArray(GeneralName[]::new));
  }

  private static JcaX509v3CertificateBuilder builder(
      X500Name subject, KeyPair keys, Duration life) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        new X500Name("CN=" + CA_NAME),
        new BigInteger(120, new SecureRandom()),
        Date.from(now.minus(Duration.ofMinutes(5))),
        Date.from(now.plus(life)),
        subject,
        keys.getPublic());
  }

  private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey signer)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static PrivateKey readKey(Path file) throws IOException, GeneralSecurityException {
    String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----", "");
    byte[] der = Base64.getMimeDecoder().decode(base64);
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static X509Certificate readCertificate(Path file) throws GeneralSecurityException {
    try (var in = Files.newInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    } catch (IOException e) {
      throw new GeneralSecurityException("cannot read " + file, e);
    }
  }

  private static String pem(String type, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
  }

  private static void write(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(next, text);
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
