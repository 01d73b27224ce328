package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.process.LogTail;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Prints the end of the logs, and what is added. */
final class LogsCommand {
  private static final int LINES = 40;
  private static final int CHUNK_BYTES_MAX = 1 << 20;

  private final StateFiles files;
  private final PrintStream out;

  LogsCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException, InterruptedException {
    Arguments arguments = Arguments.parse(line, Set.of("-f", "--follow"), Set.of());
    if (arguments.words().size() > 1) {
      throw new UsageException("logs takes one process");
    }
    List<Path> logs = logs(arguments.words());
    boolean several = logs.size() > 1;
    Map<Path, Long> seen = new HashMap<>();
    for (Path log : logs) {
      seen.put(log, Files.size(log));
      for (String text : LogTail.lines(log, several ? LINES / 4 : LINES)) {
        print(several, log, text);
      }
    }
    while (arguments.has("-f") || arguments.has("--follow")) {
      Thread.sleep(250);
      for (Path log : logs) {
        seen.put(log, follow(several, log, seen.getOrDefault(log, 0L)));
      }
    }
    return 0;
  }

  private List<Path> logs(List<String> words) throws IOException {
    Path folder = files.folder().resolve("logs");
    List<Path> all = List.of();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> list = Files.list(folder)) {
        all = list.filter(f -> f.toString().endsWith(".log")).sorted().toList();
      }
    }
    if (words.isEmpty()) {
      return all;
    }
    Path wanted = files.log(words.get(0));
    if (!all.contains(wanted)) {
      throw new UsageException(
          "no log of "
              + words.get(0)
              + "; there are: "
              + String.join(" ", all.stream().map(LogsCommand::name).toList()));
    }
    return List.of(wanted);
  }

  private long follow(boolean several, Path log, long from) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(log.toFile(), "r")) {
      long start = in.length() < from ? 0 : from;
      int length = (int) Math.min(CHUNK_BYTES_MAX, in.length() - start);
      byte[] bytes = new byte[length];
      in.seek(start);
      in.readFully(bytes);
      int end = lastLineEnd(bytes);
      new String(bytes, 0, end, StandardCharsets.UTF_8)
          .lines()
          .forEach(text -> print(several, log, text));
      return start + end;
    }
  }

  private static int lastLineEnd(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private void print(boolean several, Path log, String text) {
    out.println(several ? String.format("%-10s| %s", name(log), text) : text);
  }

  private static String name(Path log) {
    return log.getFileName().toString().replace(".log", "");
  }
}
