package dev.cofferdam.local.services;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MirrorTest {
  @TempDir Path folder;

  @Test
  void aCopyFollowsItsSource() throws IOException {
    Path from = folder.resolve("from");
    Path to = folder.resolve("to");
    Files.createDirectories(from.resolve("lib/old"));
    Files.writeString(from.resolve("lib/a.jar"), "a");
    Files.writeString(from.resolve("lib/old/b.jar"), "b");
    Mirror.make(from, to);
    assertThat(Files.readString(to.resolve("lib/old/b.jar"))).isEqualTo("b");

    Files.writeString(from.resolve("lib/a.jar"), "A");
    Files.setLastModifiedTime(
        from.resolve("lib/a.jar"), FileTime.from(Instant.now().plusSeconds(5)));
    Files.delete(from.resolve("lib/old/b.jar"));
    Files.delete(from.resolve("lib/old"));
    Mirror.make(from, to);
    assertThat(Files.readString(to.resolve("lib/a.jar"))).isEqualTo("A");
    assertThat(to.resolve("lib/old")).doesNotExist();
  }
}
