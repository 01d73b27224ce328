package dev.cofferdam.local.services;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A copy of a folder. Services run from copies of what was built, so that a build beside a running
 * mesh does not pull the classes from under it.
 */
final class Mirror {
  private Mirror() {}

  /** Makes {@code to} like {@code from}; only files of another size or age are copied. */
  static void make(Path from, Path to) {
    try {
      Files.createDirectories(to);
      for (Path source : walk(from)) {
        Path target = to.resolve(from.relativize(source));
        if (Files.isDirectory(source)) {
          Files.createDirectories(target);
        } else if (!isSame(source, target)) {
          Files.copy(
              source,
              target,
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
      List<Path> copies = walk(to).stream().sorted(Comparator.reverseOrder()).toList();
      for (Path copy : copies) {
        if (!Files.exists(from.resolve(to.relativize(copy)))) {
          Files.delete(copy);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot copy " + from + " to " + to, e);
    }
  }

  private static List<Path> walk(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.toList();
    }
  }

  /** Whether a copy has the size and age of its original. */
  static boolean isSame(Path source, Path target) throws IOException {
    return Files.isRegularFile(target)
        && Files.size(source) == Files.size(target)
        && Files.getLastModifiedTime(source).equals(Files.getLastModifiedTime(target));
  }
}
