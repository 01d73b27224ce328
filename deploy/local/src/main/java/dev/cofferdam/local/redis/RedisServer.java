package dev.cofferdam.local.redis;

import dev.cofferdam.local.process.ManagedProcess;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.StartFailedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Redis server on the loopback address with a password. It holds limits, never the record of
 * money: nothing of it is kept on disk.
 */
public final class RedisServer {
  private static final String BUNDLED = "redis-server-6.2.6-v5-linux-amd64";
  private static final Pattern VERSION = Pattern.compile("v=(\\d+)\\.");
  private static final int VERSION_MIN = 7;

  private final Path folder;
  private final int port;
  private final String password;
  private final Path program;
  private final String origin;

  /**
   * Chooses the program: the given one, else Redis or Valkey 7 or later of this machine, else the
   * one that comes along.
   *
   * @param binaries where the program that comes along is unpacked
   */
  public RedisServer(Path folder, Path binaries, int port, String password, Optional<Path> given) {
    this.folder = folder;
    this.port = port;
    this.password = password;
    Optional<Path> own =
        given.or(
            () ->
                List.of("redis-server", "valkey-server").stream()
                    .flatMap(name -> ManagedProcess.onPath(name).stream())
                    .filter(RedisServer::isRecent)
                    .findFirst());
    this.program = own.orElseGet(() -> unpack(binaries));
    this.origin = own.isPresent() ? program.toString() : "bundled 6.2";
  }

  /** Where the program came from, for people. */
  public String origin() {
    return origin;
  }

  private static boolean isRecent(Path program) {
    try {
      Process process = new ProcessBuilder(program.toString(), "--version").start();
      try (BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        Matcher m = VERSION.matcher(String.valueOf(reader.readLine()));
        return m.find() && Integer.parseInt(m.group(1)) >= VERSION_MIN;
      }
    } catch (IOException e) {
      return false;
    }
  }

  private static Path unpack(Path binaries) {
    Path program = binaries.resolve("redis").resolve("redis-server");
    if (Files.isExecutable(program)) {
      return program;
    }
    String architecture = System.getProperty("os.arch");
    if (!"amd64".equals(architecture)) {
      throw new StartFailedException(
          "no redis-server or valkey-server 7 or later on the PATH, and the one that comes along is"
              + " for amd64, this machine is "
              + architecture
              + "; install one or name it with --redis <path>");
    }
    try (InputStream in = RedisServer.class.getResourceAsStream("/" + BUNDLED)) {
      if (in == null) {
        throw new StartFailedException("the class path lacks " + BUNDLED);
      }
      Files.createDirectories(program.getParent());
      Path next = Files.createTempFile(program.getParent(), "redis", ".next");
      Files.copy(in, next, StandardCopyOption.REPLACE_EXISTING);
      Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rwx------"));
      Files.move(
          next, program, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return program;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack Redis into " + binaries, e);
    }
  }

  /** The address with the password, for clients. */
  public String url() {
    return url(port, password);
  }

  /** The address of a server that need not run yet. */
  public static String url(int port, String password) {
    return "redis://:" + password + "@127.0.0.1:" + port;
  }

  /** How its process is started; writes its settings. */
  public ProcessSpec process(Path log) {
    String settings =
        """
        bind 127.0.0.1
        port %d
        protected-mode yes
        requirepass %s
        save ""
        appendonly no
        dir %s
        maxmemory 256mb
        maxmemory-policy noeviction
        daemonize no
        tcp-backlog 128
        """
            .formatted(port, password, folder);
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve("redis.conf");
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, settings);
      return new ProcessSpec(
              "redis", List.of(program.toString(), file.toString()), Map.of(), folder, log)
          .guarded("TERM");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the settings of Redis", e);
    }
  }

  /** Serves when it answers PING. */
  public Readiness readiness() {
    return () -> {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
        socket.setSoTimeout(1_000);
        socket
            .getOutputStream()
            .write(("AUTH " + password + "\r\nPING\r\n").getBytes(StandardCharsets.US_ASCII));
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        String auth = reader.readLine();
        String pong = reader.readLine();
        if (!"+OK".equals(auth) || !"+PONG".equals(pong)) {
          throw new IOException("it answers " + pong);
        }
      }
    };
  }
}
