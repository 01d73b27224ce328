package dev.cofferdam.local.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** The last spans, one JSON object in each line of two files that take turns. Thread-safe. */
public final class TraceFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long BYTES_MAX = 16 << 20;

  private final Path current;
  private final Path previous;

  /**
   * @param folder where the files lie
   */
  public TraceFiles(Path folder) {
    this.current = folder.resolve("spans.jsonl");
    this.previous = folder.resolve("spans.1.jsonl");
  }

  /** Keeps spans; the oldest go when there are 32 MiB. */
  public synchronized void append(List<StoredSpan> spans) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (StoredSpan span : spans) {
      lines.append(JSON.writeValueAsString(span)).append('\n');
    }
    Files.createDirectories(current.getParent());
    if (Files.exists(current) && Files.size(current) > BYTES_MAX) {
      Files.move(current, previous, StandardCopyOption.REPLACE_EXISTING);
    }
    Files.writeString(
        current,
        lines,
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /**
   * All spans of the traces in which a request occurs, also those that do not name it; or of the
   * trace with that id.
   */
  public List<StoredSpan> ofRequest(String requestId) throws IOException {
    Set<String> traces = new HashSet<>();
    read(span ->
            requestId.equals(span.attribute("cofferdam.request.id"))
                || requestId.equals(span.trace()))
        .forEach(span -> traces.add(span.trace()));
    return traces.isEmpty() ? List.of() : read(span -> traces.contains(span.trace()));
  }

  private List<StoredSpan> read(Predicate<StoredSpan> wanted) throws IOException {
    List<StoredSpan> spans = new ArrayList<>();
    for (Path file : List.of(previous, current)) {
      if (!Files.exists(file)) {
        continue;
      }
      try (var lines = Files.lines(file, StandardCharsets.UTF_8)) {
        lines.flatMap(line -> parse(line).stream()).filter(wanted).forEach(spans::add);
      }
    }
    return spans;
  }

  /** A line that is being written is none yet. */
  private static List<StoredSpan> parse(String line) {
    try {
      return List.of(JSON.readValue(line, StoredSpan.class));
    } catch (JsonProcessingException e) {
      return List.of();
    }
  }
}
