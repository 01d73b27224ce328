package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDigestTest {
  @TempDir Path folder;
  private Path weights;

  @BeforeEach
  void write() throws IOException {
    TinyModel.llama().write(folder, new SplittableRandom(1));
    weights = folder.resolve("model.safetensors");
  }

  @Test
  void filesThatWereReadOnlyLookAsBefore() {
    var before = ModelDigest.stamps(folder);

    String digest = ModelDigest.of(folder);

    assertThat(ModelDigest.stamps(folder)).isEqualTo(before);
    assertThat(ModelDigest.of(folder)).isEqualTo(digest);
  }

  @Test
  void aFileThatWasExchangedLooksDifferentThoughItKeptSizeAndTime() throws IOException {
    var before = ModelDigest.stamps(folder);
    String digest = ModelDigest.of(folder);
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Path other = Files.write(folder.resolve("other"), bytes);
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(weights));

    Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);

    assertThat(ModelDigest.stamps(folder)).isNotEqualTo(before);
    assertThat(ModelDigest.of(folder)).isNotEqualTo(digest);
  }

  @Test
  void aFileThatWasWrittenInPlaceLooksDifferentThoughItsTimeWasSetBack() throws Exception {
    FileTime written = FileTime.fromMillis(1);
    Files.setLastModifiedTime(weights, written);
    Thread.sleep(20); // a few ticks of the file system's clock
    var before = ModelDigest.stamps(folder);
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;

    Files.write(weights, bytes);
    Files.setLastModifiedTime(weights, written);

    assertThat(ModelDigest.stamps(folder)).isNotEqualTo(before);
  }

  @Test
  void aFileThatWasCopiedLooksDifferentAndHasTheSameDigest() throws IOException {
    var before = ModelDigest.stamps(folder);
    String digest = ModelDigest.of(folder);
    Path copy = Files.copy(weights, folder.resolve("copy"));

    Files.move(copy, weights, StandardCopyOption.REPLACE_EXISTING);

    assertThat(ModelDigest.stamps(folder)).isNotEqualTo(before);
    assertThat(ModelDigest.of(folder)).isEqualTo(digest);
  }

  @Test
  void aFileMoreLooksDifferent() throws IOException {
    var before = ModelDigest.stamps(folder);

    Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");

    assertThat(ModelDigest.stamps(folder)).isNotEqualTo(before);
  }
}
