package dev.cofferdam.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FolderRootTest {
  @TempDir Path folder;
  private Path root;
  private FolderRoot folders;

  @BeforeEach
  void makeFolders() throws IOException {
    root = Files.createDirectory(folder.resolve("root"));
    folders = new FolderRoot(root);
    write("root/m/config.json", "{}");
    write("root/m/model.safetensors", "weights");
    write("root/m/tokenizer.json", "tokens");
    write("root/m/README.md", "words");
    write("outside/config.json", "{}");
  }

  /** As {@code sha256sum config.json model.safetensors tokenizer.json | sha256sum} prints it. */
  @Test
  void aModelsDigestIsThatOfItsFilesSums() {
    assertThat(folders.modelDigest("m"))
        .contains("bee89374ab4be8ae988dda5d3aa1794e8bb326098c2566ddacdb4b12de430578");
  }

  /** As {@code sha256sum weights.gguf | sha256sum} prints it. */
  @Test
  void theDigestOfAModelInOneFileIsThatOfItsSum() throws IOException {
    write("root/g/weights.gguf", "GGUF");
    write("root/h.gguf", "GGUF");
    Optional<String> digest = folders.modelDigest("g");

    assertThat(digest).contains("7949fe156bca673506cdd23ffadfa54e49cdf3f96505ff1b27e98d737a3ab523");
    assertThat(folders.modelDigest("g/weights.gguf")).isEqualTo(digest);
    assertThat(folders.modelDigest("h")).isPresent().isNotEqualTo(digest);
    assertThat(folders.modelDigest("h.gguf")).isEqualTo(folders.modelDigest("h"));
  }

  @Test
  void aFolderOfTwoFilesInOneHasNoDigest() throws IOException {
    write("root/g/weights.gguf", "GGUF");
    write("root/g/others.gguf", "GGUF");

    assertThat(folders.modelDigest("g")).isEmpty();
  }

  @Test
  void aLinkToAFileOutsideOfTheRootHasNoDigest() throws IOException {
    write("outside/weights.gguf", "GGUF");
    Files.createSymbolicLink(folder.resolve("root/l.gguf"), folder.resolve("outside/weights.gguf"));

    assertThat(folders.modelDigest("l")).isEmpty();
  }

  @Test
  void anAdaptersDigestIsThatOfItsTwoFilesSums() throws IOException {
    write("root/a/b/adapter_config.json", "{}");
    write("root/a/b/adapter_model.safetensors", "weights");

    assertThat(folders.adapterDigest("a/b"))
        .contains("b67bf92f07566d661151ba460028eaff65e2f84746b31ea10f15282a292252ac");
  }

  @Test
  void filesThatDoNotCountDoNotChangeTheDigest() throws IOException {
    Optional<String> before = folders.modelDigest("m");
    write("root/m/notes.txt", "more");

    assertThat(folders.modelDigest("m")).isEqualTo(before);
  }

  @Test
  void eachFileThatCountsChangesTheDigest() throws IOException {
    Optional<String> before = folders.modelDigest("m");
    write("root/m/tokenizer.json", "other tokens");

    assertThat(folders.modelDigest("m")).isNotEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "../outside",
        "m/..",
        "m/../../outside",
        "/etc",
        "m//x",
        "m\0",
        "~"
      })
  void namesThatAreNotPlainHaveNoDigest(String name) {
    assertThat(FolderRoot.isPlain(name)).isFalse();
    assertThat(folders.modelDigest(name)).isEmpty();
  }

  @Test
  void linksDoNotLeadOutOfTheRoot() throws IOException {
    Files.createSymbolicLink(root.resolve("link"), folder.resolve("outside"));
    write("root/n/model.safetensors", "weights");
    Files.createSymbolicLink(
        root.resolve("n/config.json"), folder.resolve("outside").resolve("config.json"));

    assertThat(folders.modelDigest("link")).isEmpty();
    assertThat(folders.modelDigest("n")).isEmpty();
  }

  @Test
  void foldersThatAreMissingOrIncompleteHaveNoDigest() throws IOException {
    write("root/half/adapter_config.json", "{}");

    assertThat(folders.modelDigest("nothing")).isEmpty();
    assertThat(folders.adapterDigest("half")).isEmpty();
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
