package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.mesh.TlsFiles;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A reverse proxy that others have, in front of the bare proxy's upstream: TLS 1.3 towards its
 * clients, connections to the upstream kept, no access log, one process with one worker, so that
 * the CPU of that process is what it costs.
 */
enum StockProxy {
  /** nginx, with answers passed on as they come. */
  NGINX("nginx") {
    @Override
    List<String> command(Path program, Path folder, int port, int upstream, TlsFiles tls)
        throws IOException {
      Path config = folder.resolve("nginx.conf");
      Files.writeString(
          config,
          """
          daemon off;
          master_process off;
          error_log stderr error;
          pid nginx.pid;
          events { worker_connections 4096; }
          http {
            access_log off;
            client_body_temp_path body; proxy_temp_path proxied; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            keepalive_requests 1000000000;
            upstream mock { server 127.0.0.1:%d; keepalive 256; keepalive_requests 1000000000; }
            server {
              listen 127.0.0.1:%d ssl;
              ssl_certificate %s;
              ssl_certificate_key %s;
              ssl_protocols TLSv1.3;
              location / {
                proxy_pass http://mock;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_buffering off;
              }
            }
          }
          """
              .formatted(upstream, port, tls.certificate(), tls.key()));
      return List.of(
          program.toString(), "-e", "stderr", "-p", folder.toString(), "-c", config.toString());
    }
  },
  /** HAProxy. */
  HAPROXY("haproxy") {
    @Override
    List<String> command(Path program, Path folder, int port, int upstream, TlsFiles tls)
        throws IOException {
      Path both = folder.resolve("haproxy.pem");
      Files.writeString(
          both, Files.readString(tls.certificate()) + "\n" + Files.readString(tls.key()));
      Path config = folder.resolve("haproxy.cfg");
      Files.writeString(
          config,
          """
          global
            nbthread 1
            maxconn 4096
          defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
            http-reuse always
          frontend clients
            bind 127.0.0.1:%d ssl crt %s ssl-min-ver TLSv1.3 alpn http/1.1
            default_backend mock
          backend mock
            server mock 127.0.0.1:%d
          """
              .formatted(port, both, upstream));
      return List.of(program.toString(), "-q", "-db", "-f", config.toString());
    }
  };

  private final String program;

  StockProxy(String program) {
    this.program = program;
  }

  /** Its name in figures. */
  String label() {
    return program;
  }

  /** One that runs. */
  record Running(StockProxy kind, int port, Process process) implements Closeable {
    @Override
    public void close() {
      process.destroy();
    }
  }

  /**
   * Starts it; empty where its program is not on the PATH.
   *
   * @param folder of its own, for what it writes
   * @param port on which it listens
   * @param upstream port to which it passes requests on
   * @param tls what it shows to its clients
   */
  Optional<Running> start(Path folder, int port, int upstream, TlsFiles tls) throws IOException {
    Optional<Path> found = onPath();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Files.createDirectories(folder);
    Process process =
        new ProcessBuilder(command(found.get(), folder, port, upstream, tls)).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
    return Optional.of(new Running(this, port, process));
  }

  abstract List<String> command(Path program, Path folder, int port, int upstream, TlsFiles tls)
      throws IOException;

  private Optional<Path> onPath() {
    return List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).stream()
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
