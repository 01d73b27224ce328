package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/**
 * The mesh's TLS 1.3 for HTTP servers and clients of the JDK, with an own certificate; files are
 * read again when they change.
 */
public final class JdkTls implements Closeable {
  private final MeshTls tls;
  private final SSLContext context;

  private JdkTls(TlsFiles files, Function<MeshTls, SSLContext> kind) {
    this.tls = new MeshTls(files);
    this.context = kind.apply(tls);
  }

  /**
   * For a server, which itself must demand a client's certificate.
   *
   * @throws IllegalStateException where the files hold no identity
   */
  public static JdkTls server(TlsFiles files) {
    return new JdkTls(files, tls -> tls.context(Set.of()));
  }

  /**
   * For a client of servers of the mesh, known by their SPIFFE-ID and not by the name of their
   * host.
   *
   * @param server what the server must be
   * @throws IllegalStateException where the files hold no identity
   */
  public static JdkTls client(TlsFiles files, SpiffeId.Role server) {
    return new JdkTls(files, tls -> tls.context(Set.of(server)));
  }

  /**
   * For a client of servers that are no service of the mesh, known by the name of their host.
   *
   * @throws IllegalStateException where the files hold no identity
   */
  public static JdkTls clientByHostName(TlsFiles files) {
    return new JdkTls(files, MeshTls::contextByHostName);
  }

  /** The context, for as long as this is open. */
  public SSLContext context() {
    return context;
  }

  @Override
  public void close() {
    try {
      tls.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
