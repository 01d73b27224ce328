package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Grpc;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Who is on the other end of a connection, as its certificate proves; read once for each
 * connection.
 *
 * @param role what it is; {@code ANONYMOUS} without a certificate
 * @param id the certificate's SPIFFE-ID, empty without a certificate
 * @param address the peer's address, without its port
 */
public record Caller(SpiffeId.Role role, Optional<SpiffeId> id, String address) {
  static final Attributes.Key<Caller> ATTRIBUTE = Attributes.Key.create("cofferdam-caller");
  private static final Context.Key<Caller> CONTEXT = Context.key("cofferdam-caller");
  private static final int SAN_URI = 6;

  /**
   * The caller of the call that is being served.
   *
   * @throws IllegalStateException outside a call
   */
  public static Caller current() {
    Caller caller = CONTEXT.get();
    if (caller == null) {
      throw new IllegalStateException("no call is being served");
    }
    return caller;
  }

  static Context put(Context context, Caller caller) {
    return context.withValue(CONTEXT, caller);
  }

  /** The text of audit records: "spiffe:…", or "-" without a certificate. */
  public String actor() {
    return id.map(SpiffeId::uri).orElse("-");
  }

  /** The caller of a transport; empty where its certificate has no identity that the mesh knows. */
  static Optional<Caller> of(Attributes transport, String trustDomain) {
    SSLSession session = transport.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    return session == null
        ? Optional.empty()
        : of(session, transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR), trustDomain);
  }

  /** The peer of a TLS session; empty where its certificate has no identity of the mesh. */
  public static Optional<Caller> of(
      SSLSession session, @Nullable SocketAddress remote, String trustDomain) {
    String address = address(remote);
    Certificate[] chain;
    try {
      chain = session.getPeerCertificates();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.of(new Caller(SpiffeId.Role.ANONYMOUS, Optional.empty(), address));
    }
    return spiffeId((X509Certificate) chain[0])
        .filter(id -> id.trustDomain().equals(trustDomain))
        .map(id -> new Caller(id.role(), Optional.of(id), address));
  }

  /** The only URI name of a certificate, where it is an identity of the mesh. */
  public static Optional<SpiffeId> spiffeId(X509Certificate certificate) {
    return uriName(certificate).flatMap(SpiffeId::parse);
  }

  /** The URI name of a certificate that has exactly one. */
  public static Optional<String> uriName(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names == null) {
        return Optional.empty();
      }
      List<String> uris =
          names.stream().filter(n -> n.get(0).equals(SAN_URI)).map(n -> (String) n.get(1)).toList();
      return uris.size() == 1 ? Optional.of(uris.getFirst()) : Optional.empty();
    } catch (CertificateParsingException e) {
      return Optional.empty();
    }
  }

  private static String address(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress inet && inet.getAddress() != null
        ? inet.getAddress().getHostAddress()
        : "-";
  }
}
