package dev.cofferdam.worker.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cofferdam.vocabulary.PublicPrefixSeal;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicPrefixFileTest {
  private static final int[] TOKENS = {4, 8, 15, 16, 23, 42, 7};

  @TempDir Path folder;
  private KeyPair keys;

  @BeforeEach
  void makeKeys() throws Exception {
    keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
  }

  private String entry(String model, int[] signed, int[] written) throws Exception {
    byte[] signature = PublicPrefixSeal.sign(keys.getPrivate(), model, signed);
    return "{\"tokens\":%s,\"signature\":\"%s\"}"
        .formatted(Arrays.toString(written), Base64.getEncoder().encodeToString(signature));
  }

  private List<PublicPrefix> read(String entries) throws Exception {
    Path file = folder.resolve("prefixes.json");
    Files.writeString(file, "{\"prefixes\":[" + entries + "]}");
    return PublicPrefixFile.read(file, keys.getPublic(), "m", "digest", 4);
  }

  @Test
  void aSignedPrefixIsTaken() throws Exception {
    List<PublicPrefix> prefixes = read(entry("m", TOKENS, TOKENS));
    assertThat(prefixes).hasSize(1);
    assertThat(prefixes.getFirst().digests()).hasSize(1);
    assertThat(prefixes.getFirst().begins(TOKENS, 7)).isTrue();
    assertThat(prefixes.getFirst().begins(TOKENS, 6)).isFalse();
    assertThat(prefixes.getFirst().begins(new int[] {4, 8, 15, 16, 23, 42, 8}, 7)).isFalse();
  }

  @Test
  void otherTokensAnotherModelOrAnotherKeyVoidTheFile() throws Exception {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(entry("m", TOKENS, new int[] {4, 8, 15, 16, 23, 42})))
        .withMessageContaining("signature of prefix 0");
    assertThatIllegalArgumentException().isThrownBy(() -> read(entry("n", TOKENS, TOKENS)));
    String foreign = entry("m", TOKENS, TOKENS);
    makeKeys();
    assertThatIllegalArgumentException().isThrownBy(() -> read(foreign));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(entry("m", TOKENS, TOKENS) + "," + foreign))
        .withMessageContaining("signature of prefix 1");
  }

  @Test
  void whatIsNoListOfTokensIsRefused() {
    for (String entry : List.of("{}", "{\"tokens\":[]}", "{\"tokens\":[1.5]}", "7")) {
      assertThatIllegalArgumentException().isThrownBy(() -> read(entry));
    }
  }
}
