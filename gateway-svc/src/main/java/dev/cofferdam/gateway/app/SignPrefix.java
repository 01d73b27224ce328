package dev.cofferdam.gateway.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.jinja.UnsupportedTemplateException;
import dev.cofferdam.vocabulary.PublicPrefixSeal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Signs the beginning that a system prompt gives to every conversation as public, so that workers
 * share its KV among all tenants. What is signed are the tokens that two conversations with this
 * system prompt and different questions have in common.
 */
public final class SignPrefix {
  private SignPrefix() {}

  /**
   * Arguments: model (as it is named in the models folder), file with the system prompt, PEM file
   * of an Ed25519 private key, file of the public prefixes, which is made or added to.
   */
  public static void main(String[] arguments) throws IOException, GeneralSecurityException {
    if (arguments.length != 4) {
      System.err.println(
          "usage: sign-prefix MODEL_FOLDER SYSTEM_PROMPT.txt PRIVATE_KEY.pem PREFIXES.json");
      System.exit(2);
    }
    try {
      int tokens =
          sign(
              Path.of(arguments[0]),
              Files.readString(Path.of(arguments[1])).strip(),
              key(Path.of(arguments[2])),
              Path.of(arguments[3]));
      System.out.println(tokens + " tokens are signed as public in " + arguments[3]);
    } catch (UnsupportedModelException
        | UnsupportedTemplateException
        | IllegalArgumentException e) {
      System.err.println("sign-prefix: " + e.getMessage());
      System.exit(1);
    }
  }

  static int sign(Path model, String systemPrompt, PrivateKey key, Path file)
      throws IOException, GeneralSecurityException {
    int[] tokens = common(FolderFormats.read(model, Clock.systemUTC()), systemPrompt);
    String id = model.toAbsolutePath().normalize().getFileName().toString();
    byte[] signature = PublicPrefixSeal.sign(key, id, tokens);
    ObjectMapper json = new ObjectMapper();
    ObjectNode all =
        Files.exists(file)
            ? (ObjectNode) json.readTree(Files.readAllBytes(file))
            : json.createObjectNode();
    ArrayNode prefixes = all.withArray("prefixes");
    ObjectNode entry = prefixes.addObject();
    for (int token : tokens) {
      entry.withArray("tokens").add(token);
    }
    entry.put("signature", Base64.getEncoder().encodeToString(signature));
    Files.write(file, json.writeValueAsBytes(all));
    return tokens.length;
  }

  private static int[] common(PromptFormat format, String systemPrompt) {
    int[] one = conversation(format, systemPrompt, "a");
    int[] other = conversation(format, systemPrompt, "7");
    int common = Arrays.mismatch(one, other);
    if (common < 1) {
      throw new IllegalArgumentException(
          "conversations of this model begin with nothing in common");
    }
    return Arrays.copyOf(one, common);
  }

  private static int[] conversation(PromptFormat format, String systemPrompt, String question) {
    return format.ofChat(
        List.of(new ChatMessage("system", systemPrompt), new ChatMessage("user", question)));
  }

  private static PrivateKey key(Path file) throws IOException {
    try {
      String pem = Files.readString(file).replaceAll("-----[A-Z ]+-----", "");
      return KeyFactory.getInstance("Ed25519")
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(file + ": not an Ed25519 private key in PEM", e);
    }
  }
}
