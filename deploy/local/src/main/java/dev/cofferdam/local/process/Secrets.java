package dev.cofferdam.local.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Random secrets of one machine, made once, each in a file that only its owner reads. Thread-safe.
 */
public final class Secrets {
  private static final int BYTES = 32;

  private final Path folder;

  public Secrets(Path folder) {
    this.folder = folder;
  }

  /** The file of a secret of 32 random bytes. */
  public synchronized Path file(String name) {
    Path file = folder.resolve(name);
    if (Files.exists(file)) {
      return file;
    }
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(file, bytes);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot keep a secret in " + folder, e);
    }
  }

  /** A secret as 64 hexadecimal digits. */
  public String text(String name) {
    try {
      return HexFormat.of().formatHex(Files.readAllBytes(file(name)));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the secret " + name, e);
    }
  }
}
