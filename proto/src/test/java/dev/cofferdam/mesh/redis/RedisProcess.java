package dev.cofferdam.mesh.redis;

import dev.cofferdam.mesh.containers.HostContainer;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis in a process of its own, ended with the test's; in a container where {@link
 * HostContainer} says so.
 */
public final class RedisProcess implements AutoCloseable {
  private static final long START_MS_MAX = 20_000;

  /** A node of a cluster listens 10,000 above its port, too. */
  private static final int PORT_MAX = 65_535 - 10_000;

  private static final String IMAGE = "redis:7.4";

  private final Path folder;
  private final int port;
  private final List<String> options;
  private @Nullable HostContainer container;
  private Process process;

  /**
   * Starts it.
   *
   * @param options further ones of the server's command line
   */
  public RedisProcess(String... options) {
    this.options = List.of(options);
    try {
      this.folder = Files.createTempDirectory("redis-test");
      this.port = freePort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start();
    Runtime.getRuntime().addShutdownHook(new Thread(this::close));
  }

  private static int freePort() throws IOException {
    while (true) {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        if (socket.getLocalPort() <= PORT_MAX) {
          return socket.getLocalPort();
        }
      }
    }
  }

  /** Its port on the loopback address. */
  public int port() {
    return port;
  }

  /** Where clients find it. */
  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Starts it again, empty, after {@link #stop}. */
  public void start() {
    if (HostContainer.wanted()) {
      startContainer();
      return;
    }
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  program(),
                  "--port",
                  Integer.toString(port),
                  "--bind",
                  "127.0.0.1",
                  "--save",
                  "",
                  "--appendonly",
                  "no",
                  "--dir",
                  folder.toString()));
      command.addAll(options);
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MS_MAX);
      while (!answers()) {
        if (System.nanoTime() > deadline || !process.isAlive()) {
          throw new IllegalStateException("redis does not start");
        }
        Thread.sleep(20);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void startContainer() {
    HostContainer present = container;
    if (present == null) {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "redis-server",
                  "--port",
                  Integer.toString(port),
                  "--bind",
                  "127.0.0.1",
                  "--save",
                  "",
                  "--appendonly",
                  "no"));
      command.addAll(options);
      present = new HostContainer(IMAGE, Map.of(), command, this::answers);
      container = present;
    }
    present.start();
  }

  /** As kill -9. */
  public void stop() {
    if (container != null) {
      container.kill();
      return;
    }
    process.destroyForcibly();
    process.onExit().join();
  }

  /** Makes it hang (STOP), or go on (CONT). */
  public void signal(String name) {
    if (container != null) {
      if (name.equals("STOP")) {
        container.pause();
      } else {
        container.resume();
      }
      return;
    }
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Ends it, and leaves nothing behind. */
  @Override
  public void close() {
    if (container != null) {
      container.close();
    } else {
      stop();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (NoSuchFileException e) {
      // Closed before.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(1_000);
      OutputStream out = socket.getOutputStream();
      out.write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().read() == '+';
    } catch (IOException e) {
      return false;
    }
  }

  private static String program() {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
      for (String name : new String[] {"redis-server", "valkey-server"}) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file)) {
          return file.toString();
        }
      }
    }
    try {
      return ExecutableProvider.newJarResourceProvider().get().getAbsolutePath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
