package dev.cofferdam.local.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a process is started.
 *
 * @param name of the component, for people
 * @param command program and arguments; no secrets, they are visible to every user of the machine
 * @param environment set in addition to the launcher's
 * @param workingFolder where it runs
 * @param log what it prints
 */
public record ProcessSpec(
    String name,
    List<String> command,
    Map<String, String> environment,
    Path workingFolder,
    Path log) {

  // Ends the program when the launcher's end of standard input is closed, however the launcher
  // ended, and ends itself when the program ends. $1 is the signal, the rest the program.
  private static final String GUARD =
      """
      sig=$1; shift
      exec 3<&0
      "$@" </dev/null 3<&- &
      child=$!
      ( while read -r _; do :; done <&3; kill -s "$sig" "$child" 2>/dev/null ) &
      watch=$!
      trap 'kill -s "$sig" "$child" 2>/dev/null' TERM INT HUP
      wait "$child"; rc=$?
      while kill -0 "$child" 2>/dev/null; do wait "$child"; rc=$?; done
      kill "$watch" 2>/dev/null
      exit "$rc"
      """;

  /**
   * Linux may share the processors out between sessions first (autogroups): a process that has a
   * session of its own then says there how nice it is.
   */
  private static final String YIELD =
      """
      if [ -w /proc/self/autogroup ]; then
        read -r _ _ _ _ _ session _ </proc/self/stat
        [ "$session" = $$ ] && echo 5 >/proc/self/autogroup
      fi
      exec nice -n 5 "$@"
      """;

  public ProcessSpec {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /**
   * This process under a small guard that ends it when the launcher is gone, for programs that do
   * not watch their parent themselves.
   *
   * @param signal what ends the program in good order: "TERM", "INT"
   */
  public ProcessSpec guarded(String signal) {
    List<String> guarded = new ArrayList<>(List.of("sh", "-c", GUARD, "guard-" + name, signal));
    guarded.addAll(command);
    return new ProcessSpec(name, guarded, environment, workingFolder, log);
  }

  /**
   * This process at a lower priority: it gets a third of what others get where they compete for the
   * processors, and everything while they do not.
   */
  public ProcessSpec yielding() {
    if (ManagedProcess.onPath("nice").isEmpty()) {
      return this;
    }
    List<String> yielding = new ArrayList<>(List.of("sh", "-c", YIELD, "yielding-" + name));
    yielding.addAll(command);
    return new ProcessSpec(name, yielding, environment, workingFolder, log);
  }
}
