package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.services.ServiceProcess;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Says what runs, where, and how much memory it holds. Exit status 1 where nothing runs. */
final class StatusCommand {
  private final StateFiles files;
  private final PrintStream out;

  StatusCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) {
    if (!Arguments.parse(line, Set.of(), Set.of()).words().isEmpty()) {
      throw new UsageException("status takes no arguments");
    }
    Optional<StateFiles.Running> running =
        files.running().filter(r -> r.launcher().find().isPresent());
    if (running.isEmpty()) {
      out.println("Nothing runs in " + files.folder() + "; ./cofferdam up starts it");
      return 1;
    }
    Map<String, Integer> ports = files.ports();
    out.printf("%-12s %8s %-10s %9s  %s%n", "process", "pid", "state", "RSS MiB", "address");
    out.printf(
        Locale.ROOT,
        "%-12s %8d %-10s %9.0f%n",
        "launcher",
        running.get().launcher().pid(),
        running.get().state(),
        running.get().launcher().find().map(StatusCommand::ownRssKib).orElse(0L) / 1024.0);
    new TreeMap<>(running.get().processes())
        .forEach(
            (name, identity) ->
                print(name, identity, state(name, identity, ports), address(name, ports)));
    files.endpoints().ifPresent(endpoints -> printEndpoints(endpoints, ports));
    return 0;
  }

  private void printEndpoints(Endpoints endpoints, Map<String, Integer> ports) {
    out.println();
    out.println("REST  " + endpoints.rest() + "   gRPC  " + endpoints.grpc());
    Integer bills = ports.get("metering-web");
    Integer proofs = ports.get("audit-web");
    Integer console = ports.get("console");
    if (bills != null && proofs != null && console != null) {
      out.printf(
          "Pages, with the operator's certificate:  https://127.0.0.1:%d (console)"
              + "   https://127.0.0.1:%d (bills)   https://127.0.0.1:%d (proofs)%n",
          console, bills, proofs);
    }
  }

  private void print(String name, StateFiles.Identity identity, String state, String address) {
    String rss =
        identity
            .find()
            .map(handle -> String.format(Locale.ROOT, "%.0f", rssKib(handle) / 1024.0))
            .orElse("-");
    out.printf("%-12s %8d %-10s %9s  %s%n", name, identity.pid(), state, rss, address);
  }

  private static String state(
      String name, StateFiles.Identity identity, Map<String, Integer> ports) {
    if (identity.find().isEmpty()) {
      return "gone";
    }
    Integer management = ports.get(name + "-http");
    if (management == null) {
      return "runs";
    }
    try {
      ServiceProcess.readiness(management).check();
      return "ready";
    } catch (Exception e) {
      return "not ready";
    }
  }

  private static String address(String name, Map<String, Integer> ports) {
    Integer port = ports.get(name.equals("gateway") ? "grpc" : name);
    return port == null ? "" : "127.0.0.1:" + port;
  }

  /** Resident memory of a process and of what it started. */
  private static long rssKib(ProcessHandle handle) {
    return Stream.concat(Stream.of(handle), handle.descendants())
        .mapToLong(StatusCommand::ownRssKib)
        .sum();
  }

  private static long ownRssKib(ProcessHandle handle) {
    try (Stream<String> lines =
        Files.lines(Path.of("/proc", String.valueOf(handle.pid()), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      return 0;
    }
  }
}
