package dev.cofferdam.worker.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.vocabulary.PublicPrefixSeal;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The signed public prefixes of a model: {@code {"prefixes": [{"tokens": [1, 2, …], "signature":
 * base64}]}}, as {@code ./cofferdam sign-prefix} writes it. One bad entry voids the file.
 */
final class PublicPrefixFile {
  private static final long BYTES_MAX = 4 << 20;
  private static final int PREFIXES_MAX = 64;

  private PublicPrefixFile() {}

  /**
   * The prefixes of a worker's settings; none where no file is named.
   *
   * @throws IllegalArgumentException naming what does not hold
   */
  static List<PublicPrefix> of(WorkerConfig.Worker worker, String model, String modelDigest) {
    if (worker.publicPrefixes().isEmpty()) {
      return List.of();
    }
    Path key =
        worker
            .publicPrefixKey()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "public-prefixes needs public-prefix-key, the key that they are signed"
                            + " with"));
    return read(
        worker.publicPrefixes().get(), publicKey(key), model, modelDigest, worker.blockTokens());
  }

  private static PublicKey publicKey(Path file) {
    try {
      String pem = Files.readString(file).replaceAll("-----[A-Z ]+-----", "");
      return KeyFactory.getInstance("Ed25519")
          .generatePublic(new X509EncodedKeySpec(Base64.getMimeDecoder().decode(pem)));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "public prefix key " + file + ": not an Ed25519 public key in PEM", e);
    }
  }

  /**
   * Reads a file.
   *
   * @param model model id, part of what is signed
   * @throws IllegalArgumentException naming what does not hold
   */
  static List<PublicPrefix> read(
      Path file, PublicKey key, String model, String modelDigest, int blockTokens) {
    try {
      if (Files.size(file) > BYTES_MAX) {
        throw new IllegalArgumentException("more than " + BYTES_MAX + " bytes");
      }
      JsonNode entries = new ObjectMapper().readTree(Files.readAllBytes(file)).path("prefixes");
      if (!entries.isArray() || entries.size() > PREFIXES_MAX) {
        throw new IllegalArgumentException("prefixes: not a list of at most " + PREFIXES_MAX);
      }
      List<PublicPrefix> prefixes = new ArrayList<>();
      for (JsonNode entry : entries) {
        int[] tokens = tokens(entry.path("tokens"));
        byte[] signature = Base64.getDecoder().decode(entry.path("signature").asText());
        if (!PublicPrefixSeal.holds(key, model, tokens, signature)) {
          throw new IllegalArgumentException(
              "the signature of prefix " + prefixes.size() + " does not hold for model " + model);
        }
        prefixes.add(new PublicPrefix(tokens, modelDigest, blockTokens));
      }
      return prefixes;
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException("public prefixes " + file + ": " + e.getMessage(), e);
    }
  }

  private static int[] tokens(JsonNode list) {
    if (!list.isArray() || list.isEmpty()) {
      throw new IllegalArgumentException("tokens: not a list with at least one");
    }
    int[] tokens = new int[list.size()];
    for (int i = 0; i < tokens.length; i++) {
      if (!list.get(i).isInt() || list.get(i).intValue() < 0) {
        throw new IllegalArgumentException("tokens: not a list of token ids");
      }
      tokens[i] = list.get(i).intValue();
    }
    return tokens;
  }
}
