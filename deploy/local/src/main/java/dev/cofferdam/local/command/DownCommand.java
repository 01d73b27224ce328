package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ends the launcher, which ends everything else. */
final class DownCommand {
  private static final long WAIT_S = 40;

  private final StateFiles files;
  private final PrintStream out;

  DownCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws Exception {
    if (!Arguments.parse(line, Set.of(), Set.of()).words().isEmpty()) {
      throw new UsageException("down takes no arguments");
    }
    Optional<StateFiles.Running> running = files.running();
    Optional<ProcessHandle> launcher = running.flatMap(r -> r.launcher().find());
    if (launcher.isEmpty()) {
      out.println("Nothing runs in " + files.folder());
      running.ifPresent(this::endLeft);
      files.forgetRunning();
      return 0;
    }
    long began = System.nanoTime();
    launcher.get().destroy();
    try {
      launcher.get().onExit().get(WAIT_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      out.println("It does not end by itself; killing it");
      launcher.get().destroyForcibly();
      running.ifPresent(this::endLeft);
    }
    files.forgetRunning();
    out.printf(Locale.ROOT, "Down after %.1f s%n", (System.nanoTime() - began) / 1e9);
    return 0;
  }

  /** Processes whose launcher was killed end by themselves; this is for those that cannot. */
  private void endLeft(StateFiles.Running running) {
    running
        .processes()
        .forEach(
            (name, identity) ->
                identity
                    .find()
                    .ifPresent(
                        handle -> {
                          out.println("Ending " + name + ", which was left (" + handle.pid() + ")");
                          handle.descendants().forEach(ProcessHandle::destroy);
                          handle.destroy();
                        }));
  }
}
