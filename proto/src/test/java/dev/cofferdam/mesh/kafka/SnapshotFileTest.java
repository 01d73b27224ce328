package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.proto.admin.v1.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {
  private static final Map<String, Pool> POOLS =
      Map.of(
          "shared", Pool.newBuilder().setId("shared").build(),
          "own", Pool.newBuilder().setId("own").setDedicatedTenant("harbor-books").build());

  @TempDir Path folder;

  @Test
  void aViewIsReadAsItWasWritten() throws IOException {
    Path file = folder.resolve("deep/pools");
    SnapshotFile.write(file, POOLS);
    SnapshotFile.write(file, POOLS);

    assertThat(SnapshotFile.read(file, Pool.parser())).contains(POOLS);
  }

  @Test
  void noFileIsNoView() throws IOException {
    assertThat(SnapshotFile.read(folder.resolve("pools"), Pool.parser())).isEmpty();
  }

  @Test
  void aFileCutAtAnyByteIsRefused() throws IOException {
    Path file = folder.resolve("pools");
    SnapshotFile.write(file, POOLS);
    byte[] whole = Files.readAllBytes(file);
    for (int cut = 0; cut < whole.length; cut++) {
      Files.write(file, java.util.Arrays.copyOf(whole, cut));
      assertThatThrownBy(() -> SnapshotFile.read(file, Pool.parser()))
          .isInstanceOf(IOException.class);
    }
  }
}
