package dev.cofferdam.local.postgres;

import dev.cofferdam.local.process.StartFailedException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** PostgreSQL's programs, unpacked from the class path once. */
final class PostgresPrograms {
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";

  private final Path home;

  private PostgresPrograms(Path home) {
    this.home = home;
  }

  /** The programs below a folder, unpacked where they are not there yet. */
  static PostgresPrograms unpack(Path binaries) {
    Path home = binaries.resolve("postgresql");
    if (Files.exists(home.resolve("complete"))) {
      return new PostgresPrograms(home);
    }
    String architecture = System.getProperty("os.arch");
    if (!"amd64".equals(architecture)) {
      throw new StartFailedException(
          "PostgreSQL's programs that come along are for amd64, this machine is " + architecture);
    }
    try (InputStream in = PostgresPrograms.class.getResourceAsStream(ARCHIVE)) {
      if (in == null) {
        throw new StartFailedException("the class path lacks " + ARCHIVE);
      }
      Files.createDirectories(binaries);
      Path next = Files.createTempDirectory(binaries, "postgresql");
      extract(in, next);
      Files.createFile(next.resolve("complete"));
      Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rwxr-xr-x"));
      delete(home);
      Files.move(next, home, StandardCopyOption.ATOMIC_MOVE);
      return new PostgresPrograms(home);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack PostgreSQL into " + binaries, e);
    }
  }

  private static void extract(InputStream archive, Path target) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new XZCompressorInputStream(new BufferedInputStream(archive, 1 << 16)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path file = target.resolve(entry.getName()).normalize();
        if (!file.startsWith(target)) {
          throw new IOException("the archive leaves its folder: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(file);
          continue;
        }
        Files.createDirectories(file.getParent());
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
        } else {
          Files.copy(tar, file);
          boolean executable = (entry.getMode() & 0100) != 0;
          Files.setPosixFilePermissions(
              file, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        }
      }
    }
  }

  /** Deletes a folder and all that is in it. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }

  /** A program. */
  String program(String name) {
    return home.resolve("bin").resolve(name).toString();
  }
}
