package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.trace.StoredSpan;
import dev.cofferdam.local.trace.TraceFiles;
import dev.cofferdam.local.trace.TraceTree;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Set;

/** Prints a request's spans. */
final class TraceCommand {
  private final StateFiles files;
  private final PrintStream out;

  TraceCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    List<String> words = Arguments.parse(line, Set.of(), Set.of()).words();
    if (words.size() != 1) {
      throw new UsageException("trace takes one request id (or trace id)");
    }
    List<StoredSpan> spans = new TraceFiles(files.traces()).ofRequest(words.get(0));
    if (spans.isEmpty()) {
      System.err.println("cofferdam: no span of " + words.get(0) + " is kept");
      return 1;
    }
    out.print(TraceTree.render(spans));
    return 0;
  }
}
