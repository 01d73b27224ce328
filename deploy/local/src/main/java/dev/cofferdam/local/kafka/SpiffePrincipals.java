package dev.cofferdam.local.kafka;

import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.kafka.TopicSetup;
import dev.cofferdam.vocabulary.SpiffeId;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.kafka.common.security.auth.AuthenticationContext;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SslAuthenticationContext;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;
import org.apache.kafka.common.utils.SecurityUtils;

/**
 * Whom the broker takes a client for: the role in its certificate's SPIFFE identity, such as {@code
 * User:worker}; for a tenant {@code User:tenant/<id>}, to whom nothing is allowed; for the broker
 * itself {@code User:broker}; for everybody else nobody. Made by the broker by name.
 */
public final class SpiffePrincipals extends DefaultKafkaPrincipalBuilder {
  static final KafkaPrincipal BROKER = user("broker");
  private static final String BROKER_URI = LocalAuthority.storeUri("kafka");

  public SpiffePrincipals() {
    super(null, null);
  }

  static KafkaPrincipal of(SpiffeId.Role role) {
    return SecurityUtils.parseKafkaPrincipal(TopicSetup.principal(role));
  }

  private static KafkaPrincipal user(String name) {
    return new KafkaPrincipal(KafkaPrincipal.USER_TYPE, name);
  }

  @Override
  public KafkaPrincipal build(AuthenticationContext context) {
    if (!(context instanceof SslAuthenticationContext ssl)) {
      return KafkaPrincipal.ANONYMOUS;
    }
    try {
      Certificate[] chain = ssl.session().getPeerCertificates();
      return principal((X509Certificate) chain[0]);
    } catch (SSLPeerUnverifiedException e) {
      return KafkaPrincipal.ANONYMOUS;
    }
  }

  private static KafkaPrincipal principal(X509Certificate certificate) {
    if (Caller.uriName(certificate).equals(Optional.of(BROKER_URI))) {
      return BROKER;
    }
    return Caller.spiffeId(certificate)
        .filter(id -> id.trustDomain().equals(LocalAuthority.TRUST_DOMAIN))
        .map(id -> id.role() == SpiffeId.Role.TENANT ? user("tenant/" + id.name()) : of(id.role()))
        .orElse(KafkaPrincipal.ANONYMOUS);
  }
}
