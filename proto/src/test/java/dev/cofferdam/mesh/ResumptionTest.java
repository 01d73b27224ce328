package dev.cofferdam.mesh;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumptionTest {
  @TempDir Path folder;
  private Resumption resumption;

  @BeforeEach
  void prepare() throws IOException {
    resumption = new Resumption(folder);
  }

  @Test
  void aServerOfTheJdkResumesNothing() throws Exception {
    try (JdkTls tls = JdkTls.server(resumption.server());
        SSLServerSocket listener =
            (SSLServerSocket) tls.context().getServerSocketFactory().createServerSocket(0)) {
      listener.setNeedClientAuth(true);
      Thread.ofVirtual().start(() -> greet(listener));
      resumption.isRefusedBy(listener.getLocalPort());
    }
  }

  private static void greet(SSLServerSocket listener) {
    while (!listener.isClosed()) {
      try (SSLSocket socket = (SSLSocket) listener.accept()) {
        socket.getOutputStream().write(1);
      } catch (IOException e) {
        // Refused, or the end of the test.
      }
    }
  }

  @Test
  void aServerOfGrpcResumesNothing() throws Exception {
    try (MeshServer mesh =
        MeshServer.builder("test", resumption.server()).listen("127.0.0.1", 0).start()) {
      resumption.isRefusedBy(mesh.port());
    }
  }
}
