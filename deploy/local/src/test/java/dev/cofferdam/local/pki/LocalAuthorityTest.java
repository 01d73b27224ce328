package dev.cofferdam.local.pki;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalAuthorityTest {
  private static final SpiffeId GATEWAY =
      new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.GATEWAY, "");
  private static final SpiffeId TENANT =
      new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.TENANT, "harbor-books");

  @TempDir Path folder;

  private static X509Certificate read(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static List<Object> names(X509Certificate certificate) throws Exception {
    return certificate.getSubjectAlternativeNames().stream().<Object>map(n -> n.get(1)).toList();
  }

  @Test
  void aServicesCertificateCarriesItsIdentityAndTheNamesOfTheLoopback() throws Exception {
    LocalAuthority authority = LocalAuthority.open(folder.resolve("pki"));
    X509Certificate leaf = read(authority.identity("gateway", GATEWAY).certificate());

    assertThat(names(leaf))
        .containsExactly(
            "spiffe://cofferdam.local/service/gateway", "localhost", "gateway", "127.0.0.1");
    leaf.verify(read(authority.trust()).getPublicKey());
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
  }

  @Test
  void aTenantsCertificateIsGoodForNoServer() throws Exception {
    LocalAuthority authority = LocalAuthority.open(folder.resolve("pki"));
    X509Certificate leaf = read(authority.identity("tenant", TENANT).certificate());

    assertThat(names(leaf)).containsExactly("spiffe://cofferdam.local/tenant/harbor-books");
  }

  @Test
  void aStoresCertificateIsNoPeersIdentity() throws Exception {
    LocalAuthority authority = LocalAuthority.open(folder.resolve("pki"));
    X509Certificate leaf = read(authority.server("kafka").certificate());

    assertThat(SpiffeId.parse(String.valueOf(names(leaf).get(0)))).isEmpty();
  }

  @Test
  void filesAreReadableByTheirOwnerOnly() throws IOException {
    LocalAuthority authority = LocalAuthority.open(folder.resolve("pki"));
    authority.identity("gateway", GATEWAY);

    try (Stream<Path> files = Files.list(folder.resolve("pki"))) {
      assertThat(files)
          .hasSize(4)
          .allSatisfy(
              file ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                      .isEqualTo("rw-------"));
    }
  }

  @Test
  void identitiesAreKeptBetweenStarts() throws IOException {
    TlsFiles first = LocalAuthority.open(folder.resolve("pki")).identity("gateway", GATEWAY);
    String before = Files.readString(first.certificate());
    TlsFiles second = LocalAuthority.open(folder.resolve("pki")).identity("gateway", GATEWAY);

    assertThat(Files.readString(second.certificate())).isEqualTo(before);
  }

  @Test
  void anIdentityOfAnotherAuthorityOrNameIsReplaced() throws Exception {
    LocalAuthority.open(folder.resolve("pki")).identity("gateway", GATEWAY);
    Files.delete(folder.resolve("pki/ca.key"));
    LocalAuthority renewed = LocalAuthority.open(folder.resolve("pki"));
    X509Certificate leaf = read(renewed.identity("gateway", GATEWAY).certificate());
    leaf.verify(read(renewed.trust()).getPublicKey());

    X509Certificate renamed = read(renewed.identity("gateway", TENANT).certificate());
    assertThat(names(renamed)).containsExactly("spiffe://cofferdam.local/tenant/harbor-books");
  }
}
