package dev.cofferdam.images;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** A Java runtime of the modules that services need, made by jlink of the JDK that runs this. */
public final class JavaRuntime {
  /**
   * What services and their libraries use: all of Java SE but the desktop, the Vector API, TLS and
   * names, memory without bounds checks, and what an operator looks into a process with.
   */
  static final List<String> MODULES =
      List.of(
          "java.compiler",
          "java.desktop",
          "java.instrument",
          "java.logging",
          "java.management",
          "java.management.rmi",
          "java.naming",
          "java.net.http",
          "java.security.jgss",
          "java.security.sasl",
          "java.sql",
          "java.transaction.xa",
          "java.xml.crypto",
          "jdk.crypto.cryptoki",
          "jdk.httpserver",
          "jdk.incubator.vector",
          "jdk.jcmd",
          "jdk.jfr",
          "jdk.management",
          "jdk.management.agent",
          "jdk.management.jfr",
          "jdk.naming.dns",
          "jdk.net",
          "jdk.security.auth",
          "jdk.unsupported",
          "jdk.zipfs");

  private JavaRuntime() {}

  /**
   * Makes the runtime anew.
   *
   * @param folder where; what is there goes
   * @throws IllegalStateException with jlink's words where it fails
   */
  public static void make(Path folder) {
    ToolProvider jlink =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() -> new IllegalStateException("this Java has no jlink; run on a JDK"));
    delete(folder);
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    int status =
        jlink.run(
            out,
            out,
            "--add-modules",
            String.join(",", MODULES),
            "--strip-java-debug-attributes",
            "--no-header-files",
            "--no-man-pages",
            // Its classes list modules in an order that differs from run to run.
            "--disable-plugin",
            "system-modules",
            // jlink runs it before or after the one that strips debug attributes, as their places
            // in memory have it (a HashMap of plugins in its TaskHelper), and so its classes name
            // their source file or do not. Without it a start takes some 10 ms more.
            "--disable-plugin",
            "generate-jli-classes",
            "--output",
            folder.toString());
    if (status != 0) {
      throw new IllegalStateException("jlink: " + said.toString().strip());
    }
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + folder, e);
    }
  }
}
