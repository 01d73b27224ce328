package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.security.auth.SslEngineFactory;
import org.jspecify.annotations.Nullable;

/**
 * Lets Kafka's clients and brokers show an identity of the mesh, TLS 1.3 with certificates on both
 * sides: a new connection shows what the files hold by then, and trusts whom they name by then.
 * Kafka's own engines keep what they read first, and encrypt the key in memory for each client,
 * which takes a good part of a client's start.
 *
 * <p>Made by Kafka, from {@link #properties}. Clients of a process that have the same files share
 * one context.
 */
public final class IdentityEngines implements SslEngineFactory {
  private static final String CERTIFICATE = "cofferdam.tls.certificate";
  private static final String KEY = "cofferdam.tls.key";
  private static final String TRUST = "cofferdam.tls.trust";
  private static final String[] PROTOCOLS = {"TLSv1.3"};

  /** Guarded by itself. */
  private static final Map<Context, Shared> OPEN = new HashMap<>();

  private final Set<Context> used = new HashSet<>();
  private @Nullable TlsFiles files;

  /**
   * @param byHostName whether the peer is known by its host's name; otherwise it is a client
   */
  private record Context(TlsFiles files, boolean byHostName) {}

  private static final class Shared {
    final JdkTls tls;
    int users;

    Shared(Context context) {
      tls =
          context.byHostName
              ? JdkTls.clientByHostName(context.files)
              : JdkTls.server(context.files);
    }
  }

  /** What a client, or a broker, of this identity sets beside its {@code security.protocol}. */
  public static Map<String, String> properties(TlsFiles files) {
    return Map.of(
        "ssl.engine.factory.class",
        IdentityEngines.class.getName(),
        CERTIFICATE,
        files.certificate().toString(),
        KEY,
        files.key().toString(),
        TRUST,
        files.trust().toString());
  }

  @Override
  public void configure(Map<String, ?> configs) {
    Function<String, Path> file =
        name -> {
          if (configs.get(name) instanceof String text) {
            return Path.of(text);
          }
          throw new ConfigException(name, null, "expected: a file");
        };
    files = new TlsFiles(file.apply(CERTIFICATE), file.apply(KEY), file.apply(TRUST));
  }

  @Override
  public SSLEngine createClientSslEngine(
      String peerHost, int peerPort, String endpointIdentification) {
    // A broker that tries out its own certificate names no host.
    SSLContext context = context(!endpointIdentification.isEmpty());
    SSLEngine engine = context.createSSLEngine(peerHost, peerPort);
    engine.setUseClientMode(true);
    engine.setEnabledProtocols(PROTOCOLS);
    return engine;
  }

  @Override
  public SSLEngine createServerSslEngine(String peerHost, int peerPort) {
    SSLEngine engine = context(false).createSSLEngine(peerHost, peerPort);
    engine.setUseClientMode(false);
    engine.setNeedClientAuth(true);
    engine.setEnabledProtocols(PROTOCOLS);
    return engine;
  }

  private SSLContext context(boolean byHostName) {
    TlsFiles from = files;
    if (from == null) {
      throw new IllegalStateException("not configured");
    }
    Context context = new Context(from, byHostName);
    synchronized (OPEN) {
      Shared shared = OPEN.computeIfAbsent(context, Shared::new);
      if (used.add(context)) {
        shared.users++;
      }
      return shared.tls.context();
    }
  }

  /** The files are looked at here: Kafka need not rebuild anything. */
  @Override
  public boolean shouldBeRebuilt(Map<String, Object> nextConfigs) {
    return false;
  }

  @Override
  public Set<String> reconfigurableConfigs() {
    return Set.of();
  }

  @Override
  public @Nullable KeyStore keystore() {
    return null;
  }

  @Override
  public @Nullable KeyStore truststore() {
    return null;
  }

  @Override
  public void close() {
    synchronized (OPEN) {
      for (Context context : used) {
        Shared shared = OPEN.get(context);
        if (shared != null && --shared.users == 0) {
          OPEN.remove(context);
          shared.tls.close();
        }
      }
      used.clear();
    }
  }
}
