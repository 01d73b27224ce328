package dev.cofferdam.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.vocabulary.PublicPrefixSeal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignPrefixTest {
  private static final Path MODEL = Path.of("../models/support-desk");
  private static final String PROMPT = "You are the support desk of a small shop.";

  @TempDir Path folder;

  @Test
  void whatIsSignedIsWhatEveryConversationWithThePromptBeginsWith() throws Exception {
    KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Path file = folder.resolve("prefixes.json");
    int signed = SignPrefix.sign(MODEL, PROMPT, keys.getPrivate(), file);
    assertThat(SignPrefix.sign(MODEL, "Another one.", keys.getPrivate(), file)).isPositive();

    JsonNode entries = new ObjectMapper().readTree(Files.readAllBytes(file)).get("prefixes");
    assertThat(entries).hasSize(2);
    int[] tokens =
        StreamSupport.stream(entries.get(0).get("tokens").spliterator(), false)
            .mapToInt(JsonNode::intValue)
            .toArray();
    assertThat(tokens).hasSize(signed);
    byte[] signature = Base64.getDecoder().decode(entries.get(0).get("signature").asText());
    assertThat(PublicPrefixSeal.holds(keys.getPublic(), "support-desk", tokens, signature))
        .isTrue();

    PromptFormat format = FolderFormats.read(MODEL, Clock.systemUTC());
    int[] prompt =
        format.ofChat(
            List.of(
                new ChatMessage("system", PROMPT), new ChatMessage("user", "Where is my order?")));
    assertThat(prompt).startsWith(tokens);
    assertThat(format.ofText(PROMPT).length).isLessThan(signed);
  }
}
